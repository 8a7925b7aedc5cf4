"""A leaf binds to one disclosure and one place in one person's chain, and tells an outsider neither."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.entry import (
    LEAF_BYTES,
    Disclosure,
    Link,
    OpenedEntry,
    check_chain,
    commitment,
    content_of,
    leaf,
    link_bytes,
    read_content,
)
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import leaf_hash

PERSON, ANOTHER = "BCUUXJQ56JAG4NQ3AFCJ6WOKBTFKZA5T", "A" * 32
DISCLOSURE = Disclosure(
    asked_at=datetime(2026, 11, 23, 5, 38, tzinfo=UTC),
    provided_at=datetime(2026, 11, 23, 5, 38, 0, 250_000, tzinfo=UTC),
    body="pension-office",
    key_id="pension-1",
    provider="registry",
    operation="inquiry",
    outcome="answered",
    correlation_id="0190a7e2-0000-7000-8000-000000000001",
    affair="国民年金",
    basis="番号法19条8号",
    search="individual-number",
    items=frozenset({"name", "address-abroad"}),
    number_accessed=True,
)
CONTENT = (
    '{"asked_at":"2026-11-23T05:38:00Z","provided_at":"2026-11-23T05:38:00.250000Z","body":"pension-office",'
    '"key_id":"pension-1","provider":"registry","operation":"inquiry","outcome":"answered",'
    '"correlation_id":"0190a7e2-0000-7000-8000-000000000001","handled_by":"","contractor":"",'
    '"affair":"国民年金","basis":"番号法19条8号","search":"individual-number","items":["address-abroad","name"],'
    '"codes":[],"number_accessed":true,"not_to_be_disclosed":false}'
).encode()
LINK = Link(subject=PERSON, number=1, previous=None)
SALT, OTHER_SALT = bytes(range(32)), bytes(range(1, 33))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=8)
MOMENTS = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
DISCLOSURES = st.builds(
    Disclosure,
    asked_at=MOMENTS,
    provided_at=st.none() | MOMENTS,
    body=TEXTS,
    affair=TEXTS,
    items=st.frozensets(TEXTS, max_size=4),
    codes=st.frozensets(TEXTS, max_size=4),
    number_accessed=st.booleans(),
    not_to_be_disclosed=st.booleans(),
    key_id=TEXTS,
    provider=TEXTS,
    operation=TEXTS,
    outcome=TEXTS,
    correlation_id=TEXTS,
)


def entry(link, content=CONTENT, salt=SALT):
    return OpenedEntry(content=content, content_salt=salt, link=link, link_salt=salt)


def chain(length, subject=PERSON):
    """The first entries of one person."""
    link, entries = Link(subject=subject, number=1, previous=None), []
    for _ in range(length):
        entries.append(entry(link))
        link = link.next(entries[-1].leaf)
    return entries


def refused(function, *arguments):
    with pytest.raises(LogRefused) as caught:
        function(*arguments)
    return caught.value


# ---------------------------------------------------------------- content
def test_a_disclosure_has_one_spelling():
    assert content_of(DISCLOSURE) == CONTENT
    assert read_content(CONTENT) == DISCLOSURE


@given(DISCLOSURES)
def test_a_disclosure_comes_back_from_its_bytes(disclosure):
    assert read_content(content_of(disclosure)) == disclosure


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(CONTENT + b" ", id="a space behind it"),
        pytest.param(CONTENT.replace(b":", b": ", 1), id="a space in it"),
        pytest.param(CONTENT.replace(b'["address-abroad","name"]', b'["name","address-abroad"]'), id="another order"),
        pytest.param(CONTENT.replace(b'"name"]', b'"name","name"]'), id="an item twice"),
        pytest.param(CONTENT.replace(b'"codes":[],', b""), id="a member left out"),
        pytest.param(CONTENT.replace(b'"codes":[]', b'"codes":[],"name":"A"'), id="a member too many"),
        pytest.param(CONTENT.replace(b"00Z", b"00+00:00", 1), id="UTC in another spelling"),
        pytest.param(CONTENT.replace(b"05:38:00Z", b"14:38:00+09:00"), id="another zone"),
        pytest.param(CONTENT.replace(b"05:38:00Z", b"05:38:00"), id="no zone"),
    ],
)
def test_any_other_bytes_are_no_disclosure(content):
    assert content != CONTENT
    assert refused(read_content, content).code == LogFault.ENTRY_MALFORMED


@pytest.mark.parametrize("field", ["asked_at", "provided_at"])
def test_the_log_tells_time_in_utc_only(field):
    in_japan = datetime(2026, 11, 23, 14, 38, tzinfo=timezone(timedelta(hours=9)))
    with pytest.raises(ValueError, match="UTC"):
        msgspec.structs.replace(DISCLOSURE, **{field: in_japan})


# ---------------------------------------------------------------- leaf
def test_a_leaf_is_version_and_two_commitments():
    link = b'{"subject":"BCUUXJQ56JAG4NQ3AFCJ6WOKBTFKZA5T","number":1,"previous":null}'
    assert link_bytes(LINK) == link
    expected = b"\x01" + sha256(OTHER_SALT + link).digest() + sha256(SALT + CONTENT).digest()
    opened = OpenedEntry(content=CONTENT, content_salt=SALT, link=LINK, link_salt=OTHER_SALT)
    assert opened.leaf == expected
    assert len(expected) == LEAF_BYTES


def test_an_entry_about_nobody_looks_like_any_other():
    assert link_bytes(None) == b"null"
    assert len(entry(None).leaf) == LEAF_BYTES


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"content": CONTENT.replace(b"true", b"false")}, id="content"),
        pytest.param({"content_salt": OTHER_SALT}, id="salt of the content"),
        pytest.param({"link": Link(subject=ANOTHER, number=1, previous=None)}, id="person"),
        pytest.param({"link": None}, id="nobody"),
        pytest.param({"link": Link(subject=PERSON, number=2, previous="0" * 64)}, id="number"),
        pytest.param({"link_salt": OTHER_SALT}, id="salt of the link"),
    ],
)
def test_whatever_is_changed_the_leaf_is_another(change):
    assert msgspec.structs.replace(entry(LINK), **change).leaf != entry(LINK).leaf


@given(st.binary(max_size=64).filter(lambda salt: len(salt) != 32))
def test_a_salt_of_another_length_binds_to_nothing(salt):
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(salt, CONTENT)


@pytest.mark.parametrize(("link", "content"), [(bytes(31), bytes(33)), (bytes(32), b""), (b"", bytes(32))])
def test_a_leaf_is_made_of_commitments_only(link, content):
    with pytest.raises(ValueError, match="32 bytes"):
        leaf(link, content)


def test_an_opened_entry_shows_nothing_of_itself():
    assert repr(entry(LINK)) == "OpenedEntry(hidden)"


# ---------------------------------------------------------------- chain
@pytest.mark.parametrize(
    ("number", "previous"),
    [
        pytest.param(1, "0" * 64, id="the first with one before it"),
        pytest.param(2, None, id="the second with none"),
        pytest.param(0, "0" * 64, id="a number before the first"),
        pytest.param(2, "0" * 63, id="a short hash"),
        pytest.param(2, "A" * 64, id="another spelling"),
    ],
)
def test_a_link_that_no_chain_has_is_not_made(number, previous):
    with pytest.raises(ValueError, match="entr"):
        Link(subject=PERSON, number=number, previous=previous)


@pytest.mark.parametrize("subject", ["", "外務 花子", "123456789018", PERSON.lower(), PERSON + "A", PERSON + "\n"])
def test_a_person_stands_in_the_log_by_pseudonym_only_and_is_not_named_in_the_refusal(subject):
    with pytest.raises(ValueError, match="pseudonym") as refusal:
        Link(subject=subject, number=1, previous=None)
    assert str(refusal.value) == "the log knows a person by a pseudonym and by nothing else"


def test_each_link_holds_the_leaf_hash_of_the_entry_before():
    for before, after in pairwise(chain(4)):
        assert (after.link.number, after.link.previous) == (before.link.number + 1, leaf_hash(before.leaf).hex())


@given(st.integers(0, 8), st.integers(0, 8))
def test_entries_without_a_gap_are_a_chain_wherever_they_begin(length, first):
    check_chain(chain(length)[first:])


ENTRIES = chain(6)
BROKEN = {
    "one is missing in the middle": ([*ENTRIES[:2], *ENTRIES[3:]], "entry 3"),
    "two are swapped": ([*ENTRIES[:2], ENTRIES[3], ENTRIES[2], *ENTRIES[4:]], "entry 3"),
    "one stands twice": ([*ENTRIES[:3], *ENTRIES[2:]], "entry 4"),
    "one was altered": (
        [*ENTRIES[:2], entry(ENTRIES[2].link, CONTENT.replace(b"true", b"false")), *ENTRIES[3:]],
        "entry 4",
    ),
    "one is somebody else's": ([*ENTRIES[:2], chain(3, ANOTHER)[2], *ENTRIES[3:]], "entry 3"),
    "one is about nobody": ([*ENTRIES[:2], entry(None), *ENTRIES[3:]], ""),
    "the only one is about nobody": ([entry(None)], ""),
}


@pytest.mark.parametrize(("entries", "where"), BROKEN.values(), ids=BROKEN)
def test_a_chain_is_broken_where(entries, where):
    refusal = refused(check_chain, entries)
    assert (refusal.code, refusal.where) == (LogFault.CHAIN_BROKEN, where)
