"""Whatever bytes come: lines or faults, one known exception, a harmless report, and nothing about anyone in it."""

import csv
import io
from contextlib import suppress
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from municipality_sync.agent import guess
from municipality_sync.agent.collect import collectable
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import ExtractUnreadable, Findings
from municipality_sync.agent.interview import Interview, shapes, written
from municipality_sync.agent.layout import read_layout
from municipality_sync.agent.origin import Origin
from municipality_sync.agent.sample import read_sample
from municipality_sync.agent.vendor_report import write_report
from registry.code_tables.files import load_municipalities
from registry.domain.errors import InvalidInput
from tests.municipality_sync.agent.extracts import HEADINGS, RULES, TODAY, addressee, layout, number, row, text

PLANTED = ("植込", "ｳｴｺﾐ", "PLANTED", *(of(person) for of in (addressee, number) for person in range(1, 5)))
ROWS = [
    row(person, history, 氏名="植込　太郎", カナ="ｳｴｺﾐ ﾀﾛｳ", 住所="植込町１番", 転出先="PLANTED", 団体コード="131016")
    for person in range(1, 5)
    for history in (1, 2)
]
WIDER = (*HEADINGS, "団体コード", "基準日")
LAYOUTS = [
    layout(encoding=None),
    layout(encoding=None, unknown_part=None, eras='{ 3 = "昭和" }'),
    layout(encoding=None, columns={"birth_date_as_written": "備考", "municipality": "団体コード", "as_of": "基準日"}),
]
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "〓", "=1+1", "&#x20BB7;", "99999999", "3600307", "昭和60年2月30日", '"', "\x00", "131024", "47"]
    ),
)


@st.composite
def spoilt(draw):
    """An extract in some encoding, with cells exchanged and then bytes changed."""
    rows = [dict(one, 基準日="20250331") for one in ROWS]
    for at, heading, cell in draw(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(WIDER), CELLS), max_size=5)):
        rows[at][heading] = cell
    written_out = text(*rows, headings=WIDER)
    delimiter = draw(st.sampled_from([",", "\t"]))
    encoding = draw(st.sampled_from(["cp932", "utf-8", "utf-8-sig", "euc_jp"]))
    data = bytearray(written_out.replace(",", delimiter).encode(encoding, "replace"))
    changes = st.tuples(st.integers(0, len(data)), st.binary(max_size=6), st.integers(0, 4))
    for at, put, gone in draw(st.lists(changes, max_size=4)):
        data[at : at + gone] = put
    return bytes(data)


BYTES = st.one_of(st.binary(max_size=300), spoilt())


@settings(max_examples=150)
@given(data=BYTES, like=st.sampled_from(LAYOUTS))
def test_any_file_gives_people_or_faults_and_a_harmless_report(tmp_path_factory, data, like):
    findings = Findings()
    try:
        origin = Origin(like, today=TODAY)
        people = sum(1 for _ in collectable(Extract(io.BytesIO(data), like, origin), findings, RULES))
        assert people == findings.to_send
    except ExtractUnreadable as unreadable:
        findings.add_all(unreadable.faults)
    file = tmp_path_factory.getbasetemp() / "report.csv"
    write_report(file, findings, findings.unknown_codes)
    said = file.read_text(encoding="utf-8-sig")
    assert not [planted for planted in PLANTED if planted in said + repr(findings.kinds)]
    cells = [cell for line in csv.reader(io.StringIO(said, newline="")) for cell in line]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t"))]


@settings(max_examples=100)
@given(data=BYTES)
def test_any_sample_gives_a_layout_or_says_why_not_and_shows_nobody(data):
    said = []
    with suppress(ExtractUnreadable, InvalidInput):
        sample = read_sample(io.BytesIO(data), guess.known_words)
        draft = Interview(sample, LAYOUTS[0], lambda _, proposed: proposed, said.append).draft(
            "131016", date(2025, 4, 1)
        )
        said += [shapes(sample, name) for name in draft.columns.values()]
        assert str(read_layout(written(draft).encode(), load_municipalities()).municipality) == "131016"
    assert not [planted for planted in PLANTED if planted in "".join(said)]
