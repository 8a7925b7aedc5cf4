"""Whatever the bytes are: the counts add up, nothing breaks, nothing of the file is repeated."""

import io
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embassy_gateway.batch.form import OWN_FORM, form_of
from embassy_gateway.batch.map_file import read_map
from embassy_gateway.batch.taking_in import Batch
from registry.domain.errors import InvalidInput
from tests.embassy_gateway.batch.tables import EXPORTED, HEADING_OF, MAP, child, export, form, head, spouse
from tests.embassy_gateway.mission import mission_in

FORMS = {"own": OWN_FORM, "export": form_of(read_map(MAP.encode()))}
SEED = {
    "own": form(head(1), child(1), spouse(1), head(2), encoding="utf-8"),
    "export": export({}, {"relation": "妻"}),
}
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with mission_in(tmp_path_factory.mktemp("fuzz"), up=False) as mission:
        yield mission.gateway


def check(gateway, data, form):
    outcome = Batch(gateway, form, check_only=True).take_in(io.BytesIO(data))
    if not outcome.unreadable:
        assert outcome.good + outcome.faulty == outcome.households
        assert outcome.needs_staff == any(kind.severity == "error" for kind in outcome.faults)
    return outcome


@few
@given(data=st.binary(max_size=300), name=st.sampled_from(sorted(FORMS)))
def test_any_bytes(gateway, data, name):
    check(gateway, data, FORMS[name])


@few
@given(data=st.data(), name=st.sampled_from(sorted(FORMS)))
def test_a_good_file_with_bytes_changed(gateway, data, name):
    seed = bytearray(SEED[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(seed) - 1))
        seed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    check(gateway, bytes(seed), FORMS[name])


cell = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["=A1", "#REF!", "-1", "+1", "令和6年4月1日", "2024-02-30", "\u3000", '"', "JP", "在留届", "#1", "0"]
    ),
)


@few
@given(rows=st.lists(st.dictionaries(st.sampled_from(sorted(HEADING_OF)), cell), max_size=4))
def test_any_cells(gateway, rows):
    check(gateway, form(*(head(1) | row for row in rows), encoding="utf-8").replace(b"\0", b""), OWN_FORM)


@few
@given(row=st.dictionaries(st.sampled_from(sorted(EXPORTED)), cell))
def test_a_secret_is_never_repeated(gateway, row):
    secret = "Featherstonehaugh"
    data = export({name: secret + text for name, text in row.items()}, encoding="utf-8")
    assert secret not in repr(check(gateway, data, FORMS["export"]))


@few
@given(toml=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), at=st.integers(0, len(MAP)))
def test_any_map(toml, at):
    seed = MAP.encode()
    for one in (toml, seed[:at] + toml + seed[at:]):
        with suppress(InvalidInput):
            read_map(one)
