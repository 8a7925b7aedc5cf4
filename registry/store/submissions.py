"""What was submitted: the exact bytes with their evidence, how it stands, whom it was linked to, what it opened."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    LargeBinary,
    Select,
    Text,
    Update,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    select,
    update,
)
from sqlalchemy.engine import RowMapping

from registry.domain.reconciliation import LinkMethod
from registry.store import tables as t
from registry.store.at_hand import StoredLink
from registry.store.keyring import KEY_COLUMNS, WITH_KEK, Keyring, Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Prepared, Row
from registry.vault.sealing import Place, SealingKey, open_sealed, seal
from registry.vault.search_keys import SearchKey


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A submission without its content. ``kind`` is "report" or "removed-record"; ``sender`` the body's code.

    ``sender_key`` is the key under which the sender knows it: the Idempotency-Key of a report.
    """

    submission_id: str
    kind: str
    sender: str
    sender_key: str
    state: str
    received_at: datetime
    received_on: date
    replaces: str | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed with a submission: the bytes as received, the evidence over them and the receipt given."""

    body: bytes
    evidence: str
    receipt: bytes


_FIELDS: Final = Submission.__struct_fields__


def add(work: UnitOfWork, key: SealingKey, submission: Submission, content: Content) -> None:
    """Store an accepted submission and put it in line for its stamp of known time."""
    sealed = seal(key, _place(submission.submission_id), msgspec.msgpack.encode(content))
    work.later(_SUBMISSION, msgspec.structs.asdict(submission) | {"sealed": sealed})
    work.later(_PENDING_STAMP, {"submission_id": submission.submission_id})


_SUBMISSION: Final = Insertion(t.submission)
_PENDING_STAMP: Final = Insertion(t.pending_stamp)


async def get(work: UnitOfWork, submission_id: str) -> Submission | None:
    """Return a submission without its content, or None."""
    row = await _row(work, submission_id)
    return None if row is None else Submission(**{field: row[field] for field in _FIELDS})


async def followers(work: UnitOfWork, submission_id: str) -> tuple[Submission, ...]:
    """Return the submissions that correct this one or take it back."""
    rows = await work.rows(select(t.submission).where(t.submission.c.replaces == submission_id))
    return tuple(Submission(**{field: row[field] for field in _FIELDS}) for row in rows)


async def get_by_sender_key(work: UnitOfWork, sender: str, sender_key: str) -> Submission | None:
    """Return the submission that a sender knows under its own key, or None."""
    query = select(t.submission).where(t.submission.c.sender == sender, t.submission.c.sender_key == sender_key)
    row = await work.one(query)
    return None if row is None else Submission(**{field: row[field] for field in _FIELDS})


async def content_of(work: UnitOfWork, keyring: Keyring, submission_id: str) -> Content:
    """Return what is sealed with a submission; raises Shredded where its key was destroyed or there is none."""
    with_key = WITH_KEK.join(t.submission, t.submission.c.submission_id == t.data_key.c.owner)
    query = select(*KEY_COLUMNS, t.submission.c.sealed).select_from(with_key)
    row = await work.one(query.where(t.submission.c.submission_id == submission_id))
    if row is None:
        raise Shredded
    opened = open_sealed(keyring.key_in(row), _place(submission_id), row["sealed"])
    return msgspec.msgpack.decode(opened, type=Content)


async def _row(work: UnitOfWork, submission_id: str) -> RowMapping | None:
    return await work.one(select(t.submission).where(t.submission.c.submission_id == submission_id))


async def set_state(work: UnitOfWork, submission_id: str, state: str) -> None:
    """Change how a submission stands (IN_REVIEW → ACCEPTED, ACCEPTED → ANNULLED)."""
    await work.run(update(t.submission).where(t.submission.c.submission_id == submission_id).values(state=state))


def _place(submission_id: str) -> Place:
    return Place(table="submission", row_id=submission_id, column="sealed", version=0)


# ------------------------------------------------------------------------------------------------ links


def add_link(work: UnitOfWork, link: StoredLink) -> None:
    """Write down why a submission's person is this record."""
    work.later(_LINK, msgspec.structs.asdict(link))


_LINK: Final = Insertion(t.link)


async def links_of(work: UnitOfWork, submission_id: str) -> tuple[StoredLink, ...]:
    """Return the links of a submission in the order of its people."""
    query = select(t.link).where(t.link.c.submission_id == submission_id).order_by(t.link.c.person_index)
    return tuple(_link(row) for row in await work.rows(query))


async def is_confirmed(
    work: UnitOfWork, person_id: str, *, up_to: int | None = None, among: Collection[str] | None = None
) -> bool:
    """Whether every link of a record (stamped by ``up_to``, if given) is confirmed, so that its number may leave.

    With ``among`` only the links of these submissions count.
    """
    waiting = (t.link.c.person_id == person_id) & ~t.link.c.confirmed
    if among is not None:
        waiting &= t.link.c.submission_id.in_(among)
    query = select(t.link.c.submission_id).where(waiting)
    if up_to is not None:
        query = query.join(t.stamp, t.stamp.c.submission_id == t.link.c.submission_id).where(t.stamp.c.seq <= up_to)
    return not (await work.run(select(exists(query)))).scalar_one()


def _link(row: RowMapping) -> StoredLink:
    return StoredLink(
        submission_id=row["submission_id"],
        person_index=row["person_index"],
        person_id=row["person_id"],
        method=LinkMethod(row["method"]),
        confirmed=row["confirmed"],
    )


# -------------------------------------------------------------------------- cases, events, removed records


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people have to decide about a record; ``rivals`` are ids of records that fit as well."""

    person_id: str
    submission_id: str
    kind: str
    field: str = ""
    rivals: tuple[str, ...] = ()


def open_cases(work: UnitOfWork, cases: Iterable[Case], at: datetime) -> None:
    """Open a case for each thing that people have to decide."""
    for case in cases:
        work.later(_CASE, msgspec.structs.asdict(case) | {"rivals": list(case.rivals), "opened_at": at})
        work.at_hand.cases.setdefault(case.person_id, set()).add(case.kind)


_CASE: Final = Insertion(t.review_case)


RIVALS: Final = "rivals"
HELD_BY_ANOTHER: Final = "number-held-by-another"
ABOUT_IDENTITY: Final = (RIVALS, "competence-uncertain", HELD_BY_ANOTHER)
"""Kinds of cases that leave open whose record it is; others only mark a field as disputed."""

ABOUT_SUBMISSION: Final = (RIVALS, "competence-uncertain")
"""Kinds that stand and fall with the submission that opened them; the others follow from the record as a whole."""


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that waits for people."""

    case_id: int
    kind: str
    field: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """How a record stood before a change: whether each of its links is confirmed, and what waits for people."""

    confirmed: bool
    open_cases: tuple[OpenCase, ...]

    @property
    def in_review(self) -> bool:
        """Whether people still have to decide whose record this is."""
        return any(one.kind in ABOUT_IDENTITY for one in self.open_cases)


NEVER_HEARD_OF: Final = Known(confirmed=True, open_cases=())


async def how_known(work: UnitOfWork, person_ids: Iterable[str]) -> dict[str, Known]:
    """Return how records stand that are in the database."""
    wanted = list(person_ids)
    if not wanted:
        return {}
    rows = await work.run_prepared(_HOW_KNOWN, {"people": wanted})
    return {person_id: _known(tuple(of_person)) for person_id, of_person in groupby(rows, lambda row: row["person_id"])}


def _known(rows: tuple[Row, ...]) -> Known:
    cases = (OpenCase(case_id=row["case_id"], kind=row["kind"], field=row["field"]) for row in rows if row["case_id"])
    return Known(confirmed=not rows[0]["is_unconfirmed"], open_cases=tuple(cases))


def _how_known() -> Select[Any]:
    is_open = and_(t.review_case.c.person_id == t.person.c.person_id, t.review_case.c.closed_at.is_(None))
    unconfirmed = exists().where(t.link.c.person_id == t.person.c.person_id, ~t.link.c.confirmed)
    columns = (t.review_case.c.case_id, t.review_case.c.kind, t.review_case.c.field)
    query = select(cast(t.person.c.person_id, Text).label("person_id"), unconfirmed.label("is_unconfirmed"), *columns)
    wanted = t.person.c.person_id == any_(cast(bindparam("people"), ARRAY(Uuid)))
    return query.select_from(t.person.outerjoin(t.review_case, is_open)).where(wanted).order_by(t.person.c.person_id)


_HOW_KNOWN: Final = Prepared(_how_known())


def settled(known: Known, disputes: Iterable[tuple[str, str]]) -> tuple[list[OpenCase], list[tuple[str, str]]]:
    """Return the cases that are over and the disputes that are new, each by kind and field.

    Of what follows from the record as a whole, exactly its disputes are open; the rest stands and falls with the
    submission that opened it.
    """
    wanted = set(disputes)
    follows = [one for one in known.open_cases if one.kind not in ABOUT_SUBMISSION]
    over = [one for one in follows if (one.kind, one.field) not in wanted]
    return over, sorted(wanted - {(one.kind, one.field) for one in follows})


async def close(work: UnitOfWork, cases: Iterable[OpenCase], at: datetime) -> None:
    """Close cases that are over."""
    over = [one.case_id for one in cases]
    if over:
        await work.run(update(t.review_case).where(t.review_case.c.case_id.in_(over)).values(closed_at=at))


async def close_cases(work: UnitOfWork, submission_id: str, at: datetime) -> None:
    """Close what stands and falls with a submission: its sender has mended it or taken it back."""
    await work.run(_of_submission(submission_id).where(t.review_case.c.closed_at.is_(None)).values(closed_at=at))


async def reopen_cases(work: UnitOfWork, submission_id: str) -> None:
    """Open again what stands and falls with a submission that holds again."""
    await work.run(_of_submission(submission_id).values(closed_at=None))


def _of_submission(submission_id: str) -> Update:
    cases = update(t.review_case).where(t.review_case.c.submission_id == submission_id)
    return cases.where(t.review_case.c.kind.in_(ABOUT_SUBMISSION))


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a record; ``recipients`` are body codes. No personal data."""

    person_id: str
    submission_id: str
    kind: str
    recipients: tuple[str, ...]


def add_events(work: UnitOfWork, events: Iterable[Event], at: datetime) -> None:
    """Put events into the outbox of this transaction."""
    for one in events:
        work.later(_EVENT, msgspec.structs.asdict(one) | {"recipients": list(one.recipients), "at": at})


_EVENT: Final = Insertion(t.event)


class HeldRemovedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry last heard of one 宛名番号: whose record it is, by which submission, and its digest."""

    person_id: str
    submission_id: str
    content_key: bytes


async def removed_records(
    work: UnitOfWork, municipality: str, addressee_keys: Iterable[bytes]
) -> dict[bytes, HeldRemovedRecord]:
    """Return what was last heard of a municipality's 宛名番号, by their keys, of those that it spoke of."""
    mine = t.removed_record.c.municipality == municipality
    wanted = t.removed_record.c.addressee_key == any_(cast(list(addressee_keys), ARRAY(LargeBinary)))
    rows = await work.rows(select(t.removed_record).where(mine, wanted))
    fields = HeldRemovedRecord.__struct_fields__
    return {row["addressee_key"]: HeldRemovedRecord(**{field: row[field] for field in fields}) for row in rows}


def hold_removed_record(work: UnitOfWork, municipality: str, addressee: SearchKey, held: HeldRemovedRecord) -> None:
    """Note what a municipality now says of a 宛名番号."""
    key = {"municipality": municipality, "addressee_key": addressee.key, "generation": addressee.generation}
    work.later(_REMOVED_RECORD, key | {"first_submission_id": held.submission_id} | msgspec.structs.asdict(held))


_REMOVED_RECORD: Final = Insertion(
    t.removed_record, by=("municipality", "addressee_key"), replacing=("person_id", "submission_id", "content_key")
)


async def person_of_addressee(work: UnitOfWork, municipality: str, addressee_key: bytes, *, up_to: int) -> str | None:
    """Return the record that a municipality knew under this 宛名番号 by sequence number ``up_to``, or None."""
    query = (
        select(t.removed_record.c.person_id)
        .join(t.stamp, t.stamp.c.submission_id == t.removed_record.c.first_submission_id)
        .where(
            t.removed_record.c.municipality == municipality,
            t.removed_record.c.addressee_key == addressee_key,
            t.stamp.c.seq <= up_to,
        )
    )
    row = await work.one(query)
    return None if row is None else str(row["person_id"])
