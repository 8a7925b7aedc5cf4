"""Whatever is sent, the registry answers, signs its answer, and never falls over: messages spoilt at random."""

import copy
import json
from string import printable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.contract.decoding import encode
from tests.acceptance.asking import CHECKED, CONTACT, GRANTS, SEARCHES, settle
from tests.acceptance.door import is_signed, read, send, signed
from tests.acceptance.papers import change, kichiro, line, person, removed_record, report
from tests.acceptance.seen import rows
from tests.house import MISSION, PENSION, TOWN
from tests.planted import NUMBER

pytestmark = pytest.mark.anyio

quick = settings(
    max_examples=100,
    deadline=None,
    # One registry for all examples of a test: each is a further request to it, as in life.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

FULL = person(
    individual_number=NUMBER,
    number_check=CHECKED,
    resident_record_code="12345678938",
    passport_number="TK7654321",
    last_address={"municipality": TOWN, "text": "鍛冶町七丁目"},
)
MESSAGES = {
    "/v1/submissions": (
        MISSION,
        [
            report(FULL, kichiro(born_abroad=True), contact=CONTACT, planned_end="2027-03-00"),
            change(FULL, address_abroad={"country": "US", "subdivision": "New York"}, replaces="report-1"),
        ],
    ),
    "/v1/submissions/batch": (
        MISSION,
        [{"items": [{"idempotency_key": "report-1", "report": encode(report()).decode(), "evidence": "e30..AAAA"}]}],
    ),
    "/v1/removed-records": (
        TOWN,
        [
            {
                "extract_id": "extract-1",
                "part": 1,
                "records": [removed_record(line(1, "転居"), line(2, resident_record_code="12345678938"))],
            }
        ],
    ),
    "/v1/inquiries": (
        PENSION,
        [
            {
                "affair": GRANTS[PENSION].affair,
                "basis": GRANTS[PENSION].bases[0],
                "handled_by": "clerk-7",
                "search": search,
                "fields": ["name", "individual_number"],
                "valid_from": "2024-01-01",
                "valid_to": "2025-01-01",
                "known_at": "2024-12-31T12:00:00+09:00",
            }
            for search in SEARCHES.values()
        ],
    ),
}

DATES = (
    "0000-00-00",
    "1873-01-01",
    "2199-12-31",
    "2024-02-30",
    "明治1年1月1日",
    "昭和64年2月30日",
    "年月日不詳",
    "推定2024年頃",
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(printable, max_size=40),
    st.sampled_from((*DATES, "\x00", "\ud83d", "\uffff", "x" * 5000, "JP-CG-NEW-YORK", "131016", NUMBER)),
    st.dates().map(str),
)
NUMBERS = st.one_of(
    st.integers(), st.sampled_from([2**63, -(2**63) - 1, 10**400, 0]), st.floats(allow_nan=False, allow_infinity=False)
)
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def places(tree, at=()):
    """Every place of a message, from the outside in."""
    yield at
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in items:
        yield from places(value, (*at, name))


def holder(tree, at):
    """What holds the value at a place."""
    for name in at[:-1]:
        tree = tree[name]
    return tree


@st.composite
def spoilt(draw, message):
    """A good message in which up to three places were replaced, taken out or added to."""
    tree = json.loads(encode(message))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from([place for place in places(tree) if place]))
        how = draw(st.sampled_from(["replace", "delete", "add", "repeat"]))
        if how == "delete":
            del holder(tree, at)[at[-1]]
        elif how == "replace":
            holder(tree, at)[at[-1]] = draw(JUNK)
        else:
            _put_beside(holder(tree, at), at, draw(TEXTS), draw(JUNK) if how == "add" else None)
        if not tree:
            break
    return json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def _put_beside(where, at, name, junk):
    """Put something new, or the same once more, beside the value at a place."""
    new = copy.deepcopy(where[at[-1]]) if junk is None else junk
    if isinstance(where, list):
        where.append(new)
    else:
        where[name] = new


@st.composite
def broken(draw, message):
    """The bytes of a good message, cut off, changed, nested, or with a member twice."""
    good = encode(message)
    at = draw(st.integers(0, len(good)))
    return draw(
        st.one_of(
            st.just(good[:at]),
            st.just(good[at:]),
            st.binary(min_size=1, max_size=4).map(lambda junk: good[:at] + junk + good[at + len(junk) :]),
            st.binary(max_size=4).map(lambda junk: good[:at] + junk + good[at:]),
            st.integers(1, 5000).map(lambda depth: b'{"kind":' * depth + good + b"}" * depth),
            st.integers(1, 5000).map(lambda digits: good[:-1] + b',"zz":' + b"9" * digits + b"}"),
            st.just(good[:-1] + b"," + good[1:]),
        )
    )


async def answered(registry, database, path, body, sent):
    """Send a spoilt message; it is answered and signed, and where it is refused nothing of it was stored."""
    before = await rows(database, "SELECT count(*) FROM submission")
    request = signed(registry, sent, body=body, path=path)
    answer = await send(registry, request)
    assert answer.status < 500
    assert is_signed(registry, request, answer)
    if answer.status >= 400:
        read(answer)
        assert await rows(database, "SELECT count(*) FROM submission") == before


def each(spoil):
    """A message of any kind, spoilt: where it goes, from whom, the bytes."""
    good = [(path, body, message) for path, (body, messages) in MESSAGES.items() for message in messages]
    return st.sampled_from(good).flatmap(lambda one: st.tuples(st.just(one[0]), st.just(one[1]), spoil(one[2])))


@given(each(spoilt))
@quick
async def test_a_message_with_junk_in_it_is_answered(registry, database, sent):
    await answered(registry, database, *sent)


@given(each(broken))
@quick
async def test_a_message_that_is_no_json_any_more_is_answered(registry, database, sent):
    await answered(registry, database, *sent)


@given(evidence=st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=200))
@quick
async def test_any_evidence_is_answered(registry, evidence):
    message = encode(report())
    request = signed(registry, message, registry_evidence=evidence.strip())
    answer = await send(registry, request)
    assert (answer.status, str(read(answer).code)) == (422, "evidence-invalid")


async def test_the_messages_that_are_spoilt_are_good_ones(registry):
    await settle(registry)
    statuses = [
        (await send(registry, signed(registry, encode(message), body=body, path=path))).status
        for path, (body, messages) in MESSAGES.items()
        for message in messages
    ]
    assert statuses == [201, 422, 200, 200, 200, 403, 403, 200]
