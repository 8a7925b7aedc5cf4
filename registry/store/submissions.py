"""What was submitted: the exact bytes with their evidence, how it stands, whom it was linked to, what it opened."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec
from sqlalchemy import Update, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.domain.reconciliation import LinkMethod
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import Place, SealingKey, open_sealed, seal


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


class StoredLink(msgspec.Struct, frozen=True, kw_only=True):
    """Why one person of a submission is this record."""

    submission_id: str
    person_index: int
    person_id: str
    method: LinkMethod
    confirmed: bool


_FIELDS: Final = Submission.__struct_fields__


async def add(work: UnitOfWork, key: SealingKey, submission: Submission, content: Content) -> None:
    """Store an accepted submission and put it in line for its stamp of known time."""
    sealed = seal(key, _place(submission.submission_id), msgspec.msgpack.encode(content))
    row = msgspec.structs.asdict(submission) | {"sealed": sealed}
    await work.run(insert(t.submission).values(row))
    await work.run(insert(t.pending_stamp).values(submission_id=submission.submission_id))


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


async def content_of(work: UnitOfWork, key: SealingKey, submission_id: str) -> Content | None:
    """Return what is sealed with a submission, or None when there is none of that id."""
    row = await _row(work, submission_id)
    if row is None:
        return None
    return msgspec.msgpack.decode(open_sealed(key, _place(submission_id), row["sealed"]), type=Content)


async def _row(work: UnitOfWork, submission_id: str) -> RowMapping | None:
    return await work.one(select(t.submission).where(t.submission.c.submission_id == submission_id))


async def set_state(work: UnitOfWork, submission_id: str, state: str) -> None:
    """Change how a submission stands (IN_REVIEW → ACCEPTED, ACCEPTED → ANNULLED)."""
    await work.run(update(t.submission).where(t.submission.c.submission_id == submission_id).values(state=state))


def _place(submission_id: str) -> Place:
    return Place(table="submission", row_id=submission_id, column="sealed", version=0)


# ------------------------------------------------------------------------------------------------ links


async def add_link(work: UnitOfWork, link: StoredLink) -> None:
    """Write down why a submission's person is this record."""
    await work.run(insert(t.link).values(msgspec.structs.asdict(link)))


async def links_of(work: UnitOfWork, submission_id: str) -> tuple[StoredLink, ...]:
    """Return the links of a submission in the order of its people."""
    query = select(t.link).where(t.link.c.submission_id == submission_id).order_by(t.link.c.person_index)
    return tuple(_link(row) for row in await work.rows(query))


async def is_confirmed(work: UnitOfWork, person_id: str, *, up_to: int | None = None) -> bool:
    """Whether every link of a record (stamped by ``up_to``, if given) is confirmed, so that its number may leave."""
    waiting = (t.link.c.person_id == person_id) & ~t.link.c.confirmed
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


async def open_cases(work: UnitOfWork, cases: Iterable[Case], at: datetime) -> None:
    """Open a case for each thing that people have to decide."""
    rows = [msgspec.structs.asdict(case) | {"rivals": list(case.rivals), "opened_at": at} for case in cases]
    if rows:
        await work.run(insert(t.review_case), rows)


RIVALS: Final = "rivals"
HELD_BY_ANOTHER: Final = "number-held-by-another"
ABOUT_IDENTITY: Final = (RIVALS, "competence-uncertain", HELD_BY_ANOTHER)
"""Kinds of cases that leave open whose record it is; others only mark a field as disputed."""

ABOUT_SUBMISSION: Final = (RIVALS, "competence-uncertain")
"""Kinds that stand and fall with the submission that opened them; the others follow from the record as a whole."""


async def settle_cases(
    work: UnitOfWork, person_id: str, submission_id: str, disputes: Iterable[tuple[str, str]], at: datetime
) -> None:
    """Let exactly these disputes of a record be open, each by kind and field: close the others, open what is new."""
    wanted = set(disputes)
    mine = t.review_case.c.person_id == person_id
    still_open = t.review_case.c.closed_at.is_(None), t.review_case.c.kind.not_in(ABOUT_SUBMISSION)
    rows = await work.rows(select(t.review_case).where(mine, *still_open))
    over = [row["case_id"] for row in rows if (row["kind"], row["field"]) not in wanted]
    if over:
        await work.run(update(t.review_case).where(t.review_case.c.case_id.in_(over)).values(closed_at=at))
    new = sorted(wanted - {(row["kind"], row["field"]) for row in rows})
    cases = (Case(person_id=person_id, submission_id=submission_id, kind=kind, field=field) for kind, field in new)
    await open_cases(work, cases, at)


async def close_cases(work: UnitOfWork, submission_id: str, at: datetime) -> None:
    """Close what stands and falls with a submission: its sender has mended it or taken it back."""
    await work.run(_of_submission(submission_id).where(t.review_case.c.closed_at.is_(None)).values(closed_at=at))


async def reopen_cases(work: UnitOfWork, submission_id: str) -> None:
    """Open again what stands and falls with a submission that holds again."""
    await work.run(_of_submission(submission_id).values(closed_at=None))


def _of_submission(submission_id: str) -> Update:
    cases = update(t.review_case).where(t.review_case.c.submission_id == submission_id)
    return cases.where(t.review_case.c.kind.in_(ABOUT_SUBMISSION))


async def is_in_review(work: UnitOfWork, person_id: str) -> bool:
    """Whether people still have to decide whose record this is."""
    query = select(t.review_case.c.case_id).where(
        t.review_case.c.person_id == person_id,
        t.review_case.c.closed_at.is_(None),
        t.review_case.c.kind.in_(ABOUT_IDENTITY),
    )
    return bool((await work.run(select(exists(query)))).scalar_one())


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a record; ``recipients`` are body codes. No personal data."""

    person_id: str
    submission_id: str
    kind: str
    recipients: tuple[str, ...]


async def add_events(work: UnitOfWork, events: Iterable[Event], at: datetime) -> None:
    """Put events into the outbox of this transaction."""
    rows = [msgspec.structs.asdict(one) | {"recipients": list(one.recipients), "at": at} for one in events]
    if rows:
        await work.run(insert(t.event), rows)


class HeldRemovedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry last heard of one 宛名番号: whose record it is, by which submission, and its digest."""

    person_id: str
    submission_id: str
    content_key: bytes


async def removed_record(work: UnitOfWork, municipality: str, addressee_key: bytes) -> HeldRemovedRecord | None:
    """Return what was last heard of a municipality's 宛名番号, or None."""
    row = await work.one(
        select(t.removed_record).where(
            t.removed_record.c.municipality == municipality, t.removed_record.c.addressee_key == addressee_key
        )
    )
    if row is None:
        return None
    return HeldRemovedRecord(**{field: row[field] for field in HeldRemovedRecord.__struct_fields__})


async def hold_removed_record(
    work: UnitOfWork, municipality: str, addressee_key: bytes, held: HeldRemovedRecord
) -> None:
    """Note what a municipality now says of a 宛名番号."""
    values = msgspec.structs.asdict(held)
    statement = upsert(t.removed_record).values(
        municipality=municipality, addressee_key=addressee_key, first_submission_id=held.submission_id, **values
    )
    await work.run(statement.on_conflict_do_update(constraint=t.removed_record.primary_key, set_=values))


async def people_of_addressees(work: UnitOfWork, municipality: str, keys: Iterable[bytes]) -> frozenset[str]:
    """Return the records that a municipality knows under any of these 宛名番号 now."""
    query = select(t.removed_record.c.person_id).where(
        t.removed_record.c.municipality == municipality, t.removed_record.c.addressee_key.in_(list(keys))
    )
    return frozenset(row["person_id"] for row in await work.rows(query))


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
