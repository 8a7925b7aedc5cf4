"""情報提供等の記録の開示: a person's own entries of the log, each with the proof that it stands there (番号法23条).

The person gets them as a file that proves itself (``registry.transparency.receipt``). What is not to be disclosed
(23条2項) lies in another chain and is not in it; what is older than the years of keeping nobody can open. That the
record was read is an entry itself, committed before the file leaves.
"""

from typing import Final

import msgspec

from registry.domain.errors import Fault, FaultCode, NotFound
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.services import disclosure_log, log_proofs
from registry.services.resources import Resources
from registry.store import disclosure_log as stored
from registry.store import sight
from registry.store.disclosure_log import LogHead, StoredEntry
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.transparency import receipt
from registry.transparency.entry import Disclosure, OpenedEntry
from registry.transparency.receipt import AccessRecord

OPERATION: Final = "access-record"
BASIS: Final = "個人情報保護法76条"
"""The person's right to be shown what is held about them; 番号法31条 applies it to these records."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Who hands out the record of whom: the record's id, and the official or desk by name or number."""

    person_id: str
    handled_by: str


async def access_record(resources: Resources, request: Request) -> AccessRecord:
    """Return the record of a person up to the newest checkpoint that a witness cosigned, or else the newest of all.

    Raises NotFound where the log has nothing about such a person, LogRefused where it is not in order.
    """
    async with resources.work() as work:
        record = await _record(resources, work, request.person_id)
        await _log(resources, work, request, is_found=record is not None)
        await work.commit()
    if record is None:
        raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, expected="the id of a record of which the log has entries"))
    return record


async def _record(resources: Resources, work: UnitOfWork, person_id: str) -> AccessRecord | None:
    head = await stored.head(work)
    if head is None:
        return None
    note, size = _newest(head)
    subject = disclosure_log.subject_of(resources, person_id)
    await sight.see_subjects(work, [subject])
    entries = await stored.entries_of(work, [subject])
    opened = [(one.index, await _opened(resources, work, one)) for one in entries if one.index < size]
    kept = [(index, entry) for index, entry in opened if entry is not None]
    if not kept:
        return None
    tiles = await log_proofs.tile_reader(work, receipt.tiles_for((index for index, _ in kept), size))
    return receipt.make(note, size, kept, tiles)


def _newest(head: LogHead) -> tuple[bytes, int]:
    if head.cosigned is None or head.cosigned_size is None:
        return head.note, head.size
    return head.cosigned, head.cosigned_size


async def _opened(resources: Resources, work: UnitOfWork, entry: StoredEntry) -> OpenedEntry | None:
    """Return an entry opened, None where its years of keeping are over; raises SealBroken where it was altered."""
    try:
        return await disclosure_log.opened(resources, work, entry)
    except Shredded:
        return None


async def _log(resources: Resources, work: UnitOfWork, request: Request, *, is_found: bool) -> None:
    now = resources.clock()
    disclosure = Disclosure(
        asked_at=now,
        provided_at=now if is_found else None,
        body=str(VIRTUAL_MUNICIPALITY.code),
        key_id=resources.signing_key.key_id,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        operation=OPERATION,
        outcome="found" if is_found else "not-found",
        correlation_id=resources.new_id(),
        handled_by=request.handled_by,
        basis=BASIS,
    )
    await disclosure_log.record(resources, work, disclosure, (request.person_id,) if is_found else ())
