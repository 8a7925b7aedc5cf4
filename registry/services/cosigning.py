"""連署を得る: the newest head of the log is brought to every witness, and what they cosign is kept.

Only then does the head count for the stop rule, and receipts are made under it. Where a witness knows another history
than the log has now, somebody has written the log anew: it is said loudly, and the witness's word does not come.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from registry.services import log_proofs
from registry.services.resources import Resources
from registry.store import disclosure_log as stored
from registry.store.disclosure_log import LogHead
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.checkpoint import open_checkpoint
from registry.transparency.note import Note, Signature
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.witness import MOST_AHEAD, Offer
from registry.watching.witness_line import WitnessAway, WitnessLine, WitnessRefused

COSIGN_AGAIN_AFTER: Final = timedelta(minutes=1)
"""Where nothing happens, the same head is cosigned again so often; the stop rule waits sixty times as long."""

COSIGNS: Final = "cosigns"
ALARMS: Final = frozenset({str(LogFault.ROLLBACK), str(LogFault.FORK), "refused-422"})
"""The witness has seen another history than the log now has."""

log = structlog.get_logger("registry.cosigning")


class Cosigning:
    """Brings heads to the witnesses of one log, round by round."""

    def __init__(self, resources: Resources, lines: Sequence[WitnessLine]) -> None:
        self._resources = resources
        self._lines = tuple(lines)
        self._sizes: dict[str, int] = {}  # how far each witness has said that it cosigned
        self._standing: dict[str, str] = {}

    async def round(self) -> int | None:
        """Have the newest head cosigned, unless it was just now; return when it was (seconds since 1970), or None.

        One process of several does it at a time, and the others do nothing.
        """
        if not self._lines:
            return None
        async with self._resources.work() as work:
            if not await stored.lead_cosigning(work):
                return None
            head = await stored.head(work)
            if head is None or self._is_fresh(head):
                return None
            cosigned_at = await self._keep(work, head, await self._signatures(work, head))
            await work.commit()
        return cosigned_at

    def _is_fresh(self, head: LogHead) -> bool:
        age = self._resources.wall_clock().timestamp() - (head.cosigned_at or 0)
        return head.cosigned_size == head.size and 0 <= age < COSIGN_AGAIN_AFTER.total_seconds()

    async def _signatures(self, work: UnitOfWork, head: LogHead) -> list[Signature]:
        """Return what the witnesses put under a head, all asked together; who stands elsewhere is asked once more."""
        signatures: list[Signature] = []
        lines = self._lines
        for _ in range(2):
            offers = [await self._offer(work, line, head) for line in lines]
            answers = await asyncio.gather(*map(self._ask, lines, offers))
            signatures += [one for one in answers if isinstance(one, Signature)]
            known = zip(lines, offers, answers, strict=True)
            lines = tuple(line for line, offer, size in known if self._can_begin_at(line, offer, head, size))
        return signatures

    async def _offer(self, work: UnitOfWork, line: WitnessLine, head: LogHead) -> Offer:
        """Offer a head from where the witness is believed to stand."""
        begins = min(self._sizes.get(line.witness.key.name, 0), head.size)
        proof = await log_proofs.consistency(work, begins, head.size) if 0 < begins < head.size else ()
        return Offer(old_size=begins, proof=proof, note=head.note)

    async def _ask(self, line: WitnessLine, offer: Offer) -> Signature | int | None:
        """Return what a witness put under a head, or where it stands instead, or None; whatever it is, is logged."""
        try:
            answer = await line.add_checkpoint(offer, (self._resources.log.key,))
        except WitnessAway:
            self._stands(line, "away")
        except WitnessRefused as refused:
            self._stands(line, f"refused-{refused.status}")
        except LogRefused as refused:
            self._stands(line, f"answers-{refused.code}")
        else:
            if isinstance(answer, int):
                return answer
            if self._is_of_now(line, answer):
                self._stands(line, COSIGNS)
                return answer.signatures[-1]
            self._stands(line, "clock")
        return None

    def _is_of_now(self, line: WitnessLine, cosigned: Note) -> bool:
        """Tell whether a witness signed with the time that it is; kept, another time would hide all later ones."""
        key = line.witness.key
        opened = open_checkpoint(cosigned.encode(), (self._resources.log.key,), (key,))
        return abs(opened.cosigned_at[key.name] - self._resources.wall_clock().timestamp()) <= MOST_AHEAD

    def _can_begin_at(self, line: WitnessLine, offer: Offer, head: LogHead, answer: Signature | int | None) -> bool:
        """Take in where a witness stands; tell whether the head can be offered from there."""
        if not isinstance(answer, int):
            if answer is not None:
                self._sizes[line.witness.key.name] = head.size
            return False
        self._sizes[line.witness.key.name] = answer
        if answer > head.size:
            self._stands(line, str(LogFault.ROLLBACK))
        elif answer == offer.old_size:
            self._stands(line, str(LogFault.FORK))
        return answer <= head.size and answer != offer.old_size

    async def _keep(self, work: UnitOfWork, head: LogHead, signatures: Sequence[Signature]) -> int | None:
        """Keep the head with all that was put under it."""
        if not signatures:
            return None
        note = Note.parse(head.note)
        for signature in signatures:
            note = note.signed(signature)
        keys = [line.witness.key for line in self._lines]
        opened = open_checkpoint(note.encode(), (self._resources.log.key,), keys)
        cosigned_at = max(opened.cosigned_at.values())
        await stored.keep_cosigned(work, note.encode(), head.size, cosigned_at)
        return cosigned_at

    def _stands(self, line: WitnessLine, how: str) -> None:
        """Log how a witness stands, when that is not as before; a history that it contradicts is an alarm."""
        if self._standing.get(line.witness.key.name) == how:
            return
        self._standing[line.witness.key.name] = how
        say = log.info if how == COSIGNS else log.error if how in ALARMS else log.warning
        say("witness", code=how, address=line.witness.url)
