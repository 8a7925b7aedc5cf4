"""情報提供等の記録: what a request leaves in the log of disclosures, how that gets its place, how it is opened again.

The log calls a person by a pseudonym of its own and nothing else. Entries that the person is not shown (不開示情報,
番号法23条2項) lie in a second chain under another pseudonym, so that no gap in the person's own tells of them.
"""

import os
from datetime import timedelta
from typing import Final

import msgspec

from registry.domain import log_keeping
from registry.services.resources import OwnLog, Resources, japan_date
from registry.store import disclosure_log as stored
from registry.store.disclosure_log import LogHead, Pending, StoredEntry
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from registry.transparency.entry import SALT_BYTES, Disclosure, OpenedEntry, commitment, content_of
from registry.transparency.growth import grown
from registry.transparency.refusals import LogRefused
from registry.transparency.tiles import partial_tiles
from registry.transparency.tree import Frontier
from registry.transparency.witness import may_disclose
from registry.vault.log_keys import LogYear
from registry.vault.pseudonyms import log_subject
from registry.vault.sealing import Place, open_sealed, seal

LARGEST_BATCH: Final = 2_000
"""Entries that get their place together; while it is worked out, the requests of this process wait."""

SIGN_AGAIN_AFTER: Final = timedelta(minutes=1)
"""Where nothing happens, the head is signed anew so often: a sign of life for the stop rule and the doctor."""

WATCHED_WITHIN: Final = timedelta(hours=1)
"""The stop rule: nothing is disclosed when the newest cosignature of the log is older."""


# ------------------------------------------------------------------------------------------ the request's part


def subject_of(resources: Resources, person_id: str) -> str:
    """Return what the log calls a person in the entries that the person is shown."""
    return log_subject(resources.provider, "log", person_id)


def withheld_subject_of(resources: Resources, person_id: str) -> str:
    """Return what the log calls a person in the entries that the person is not shown (番号法23条2項)."""
    return log_subject(resources.provider, "log/withheld", person_id)


async def record(resources: Resources, work: UnitOfWork, disclosure: Disclosure, people: tuple[str, ...] = ()) -> None:
    """Write the entries of a request: one for each record concerned, one about nobody where there is none."""
    year = await resources.keyring.log_year(work, disclosure.asked_at)
    named = withheld_subject_of if disclosure.not_to_be_disclosed else subject_of
    content = content_of(disclosure)
    for person_id in people or (None,):
        subject = None if person_id is None else named(resources, person_id)
        stored.add(work, _pending(resources.new_id(), subject, year, content))


def _pending(entry_id: str, subject: str | None, year: LogYear, content: bytes) -> Pending:
    salt = os.urandom(SALT_BYTES)
    sealed = seal(year.key_of(subject), _place(entry_id, year.year), msgspec.msgpack.encode((content, salt)))
    return Pending(
        entry_id=entry_id,
        subject=subject,
        year=year.year,
        content_commitment=commitment(salt, content),
        sealed=sealed,
    )


def _place(entry_id: str, year: int) -> Place:
    """Return where an entry is sealed for: it has one id for ever, also when it moves from waiting to its place."""
    return Place(table="log_entry", row_id=entry_id, column="sealed", version=year)


# --------------------------------------------------------------------------------------- the sequencer's part


async def sequence(resources: Resources) -> int:
    """Give the entries that wait their place, sign the new head, and return how many they were.

    One transaction: whoever dies in it has done nothing. Does nothing unless it can lead.
    """
    async with resources.work() as work:
        if not await stored.lead(work):
            return 0
        waiting = await stored.waiting(work, LARGEST_BATCH)
        head = await stored.head(work)
        signed_at = resources.wall_clock()
        if not waiting and head is not None and abs(signed_at - head.signed_at) < SIGN_AGAIN_AFTER:
            return 0
        frontier = Frontier() if head is None else Frontier(size=head.size, roots=head.roots)
        ends = await stored.chain_ends(work, {one.subject for one in waiting.values() if one.subject is not None})
        kept = await stored.tiles(work, partial_tiles(frontier.size))
        made = grown(frontier, ends, tuple(waiting.values()), _salts(len(waiting)), kept.__getitem__)
        checkpoint = Checkpoint(origin=resources.log.key.name, head=made.frontier.head)
        note = sign_checkpoint(checkpoint, resources.log.key, resources.log.sign).encode()
        await stored.append(work, tuple(waiting), made, note, signed_at)
        await work.commit()
    return len(waiting)


def _salts(count: int) -> tuple[bytes, ...]:
    drawn = os.urandom(count * SALT_BYTES)
    return tuple(drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES))


async def destroy_years_over(resources: Resources) -> tuple[int, ...]:
    """Destroy the keys of the years that need not be kept any more, and return which years (番号法施行令29条).

    Their leaves stay in the tree; nobody can say any more what they stood for.
    """
    async with resources.work() as work:
        destroyed = await stored.destroy_years(work, log_keeping.last_year_over(japan_date(resources.clock())))
        await work.commit()
    return destroyed


# ------------------------------------------------------------------------------------------ everybody's part


async def opened(resources: Resources, work: UnitOfWork, entry: StoredEntry) -> OpenedEntry:
    """Return an entry as it was committed to.

    Raises Shredded where the keys of its year were destroyed, SealBroken where it was altered.
    """
    year = await resources.keyring.find_log_year(work, entry.year)
    content, salt = msgspec.msgpack.decode(
        open_sealed(year.key_of(entry.subject), _place(entry.entry_id, entry.year), entry.sealed),
        type=tuple[bytes, bytes],
    )
    return OpenedEntry(content=content, content_salt=salt, link=entry.link, link_salt=entry.link_salt)


def watched_at(log: OwnLog, head: LogHead | None) -> int | None:
    """Return when the log was last vouched for (seconds since 1970): by a witness, unless its own head is older.

    The cosignature itself says so, and not the row in which it lies. Where there are no witnesses the log's own
    signature counts alone; where the sequencer stands still, it is what ends disclosures though the witness is there.
    None where nobody ever vouched for it.
    """
    if head is None:
        return None
    signed_at = int(head.signed_at.timestamp())
    if not log.witnesses:
        return signed_at
    if head.cosigned is None:
        return None
    try:
        checkpoint = open_checkpoint(head.cosigned, (log.key,), [one.key for one in log.witnesses])
    except LogRefused:
        return None
    return min(signed_at, max(checkpoint.cosigned_at.values())) if checkpoint.cosigned_at else None


def is_watched(resources: Resources, at: int | None) -> bool:
    """Tell whether anything may be disclosed now that the log was last vouched for at ``at`` (:func:`watched_at`).

    The time of the world outside counts, by which witnesses sign.
    """
    return may_disclose(at, int(resources.wall_clock().timestamp()), int(WATCHED_WITHIN.total_seconds()))
