"""The log of disclosures: does its sequencer work, is its key the one that signed it, does anybody watch it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from registry.doctor.finding import Code, Finding, wrong
from registry.doctor.visit import Visit
from registry.services.disclosure_log import WATCHED_WITHIN, watched_at
from registry.services.resources import OwnLog
from registry.store import disclosure_log, health
from registry.transparency.checkpoint import open_checkpoint
from registry.transparency.refusals import LogRefused
from registry.transparency.witness import may_disclose
from registry.vault.keys import KeysRefused
from registry.wiring import own_log

STALE_AFTER: Final = timedelta(minutes=5)
"""A sequencer at work signs the head of the log every minute."""


async def sequencer(visit: Visit) -> AsyncIterator[Finding]:
    """Find that entries wait and nobody gives them their place."""
    waiting, head = await health.unplaced(visit.work), await disclosure_log.head(visit.work)
    if waiting and (head is None or abs(visit.now - head.signed_at) > STALE_AFTER):
        yield wrong(
            Code.LOG_STANDS,
            (
                f"the log of disclosures stands still: {waiting:,} entries wait for their place",
                f"情報提供等の記録の編成が止まっています。{waiting:,} 件が待っています",
            ),
            (
                "start a `registry sequencer`, or a `registry serve` that is one too, and see its log",
                "`registry sequencer`(または編成を兼ねる `registry serve`)を起動し、その記録を見てください",
            ),
            "registry sequencer",
        )


async def key(visit: Visit) -> AsyncIterator[Finding]:
    """Find that the log was signed with another key, or bears another name."""
    log, head = _own_log(visit), await disclosure_log.head(visit.work)
    if log is None or head is None:
        return
    try:
        open_checkpoint(head.note, (log.key,), ())
    except LogRefused:
        yield wrong(
            Code.LOG_KEY_UNFIT,
            (
                f"REGISTRY_LOG_KEY is not the key that signed this log, or its name is not {log.key.name}",
                f"REGISTRY_LOG_KEY がこの記録に署名した鍵と違うか、名称が {log.key.name} ではありません",
            ),
            (
                "put back the key and the REGISTRY_PUBLIC_URL of this log: no witness follows another",
                "この記録の鍵と REGISTRY_PUBLIC_URL に戻してください。別の鍵や名称では監視が続きません",
            ),
        )


async def witnesses(visit: Visit) -> AsyncIterator[Finding]:
    """Find that no witness has cosigned the log for so long that nothing is disclosed any more."""
    log, head = _own_log(visit), await disclosure_log.head(visit.work)
    if log is None or not log.witnesses:
        return
    limit = int(WATCHED_WITHIN.total_seconds())
    if not may_disclose(watched_at(log, head), int(visit.now.timestamp()), limit):
        yield wrong(
            Code.LOG_NOT_WATCHED,
            (
                "no witness has cosigned the log for an hour: every inquiry is refused",
                "1時間以内に記録を確認した立会者がなく、照会は全て拒否されます",
            ),
            (
                "bring a witness of REGISTRY_WITNESSES back, or the line to it",
                "REGISTRY_WITNESSES の立会者またはその回線を回復させてください",
            ),
        )


CHECKS: Final = (sequencer, key, witnesses)


def _own_log(visit: Visit) -> OwnLog | None:
    """Return the log as the settings make it; None where the checks of key files say why not."""
    if not visit.patient.has("REGISTRY_LOG_KEY"):
        return None
    try:
        return own_log(visit.patient.settings)
    except KeysRefused:
        return None
