"""Sending what may be sent: in parts, each exactly once, whatever the line does.

(1) The extract is read once without sending anything. That gives each part's digest, and from these the extract's id:
    the same people with the same lines always travel under the same id, and another reading of the same file (a mended
    layout, a mended rule) never under an old one.
(2) A part that was acknowledged before is passed over. The others are sent under ``<extract id>:<part>``; who sends
    the same again under the same key gets the stored answer, so dying between answer and note does no harm.
(3) While the line is down, the same part is tried again after longer and longer pauses, until patience ends. Running
    the same command later goes on where this run broke off.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Final

import msgspec

from municipality_sync.agent.collect import Collectable, Rules, collectable
from municipality_sync.agent.extract import Extract, changed_meanwhile
from municipality_sync.agent.findings import FaultKind, FaultList, Findings, LineFault
from municipality_sync.agent.layout import Layout
from municipality_sync.agent.line import PushRefused, Waiting, decoded, patiently, post
from municipality_sync.agent.origin import THE_FILE_ITSELF
from municipality_sync.agent.state import PartOutcome, PushState
from registry.contract.client import Answer, AnswerNotTrusted, SignedClient
from registry.contract.decoding import encode
from registry.contract.messages import LARGEST_BATCH, Delivery, DeliveryAnswer, RecordState
from registry.contract.problems import FaultEntry, Problem, ProblemCode
from registry.domain.errors import Fault

PATH: Final = "/v1/removed-records"
LARGEST_PART: Final = 1 << 19
"""Bytes of 除票 in one part, unless a single one is larger: half of what a single message may have."""

_DIGEST_DIGITS: Final = 40


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What will be sent: the extract's id and the digest of each part. Of who stays not even the count leaves."""

    extract_id: str
    parts: tuple[bytes, ...]


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an extract. ``parts_sent`` in this run; ``counts`` of all its 除票 by state.

    ``kinds`` are all faults that the registry found, ``faults`` the first of each kind.
    """

    extract_id: str
    parts: int
    parts_sent: int
    counts: dict[str, int]
    faults: tuple[LineFault, ...]
    kinds: tuple[FaultKind, ...]


Part = tuple[Collectable, ...]


def plan(extract: Extract, findings: Findings, rules: Rules) -> Plan:
    """Read the extract once without sending anything; ``findings`` take up all there is to say about it."""
    parts = tuple(_digest(part) for part in _parts(collectable(extract, findings, rules)))
    digest = sha256(b"".join(parts)).hexdigest()
    return Plan(extract_id=f"{extract.layout.municipality}-{digest[:_DIGEST_DIGITS]}", parts=parts)


class Push:
    """Sends one extract as planned, by one client, with what was acknowledged before."""

    def __init__(self, extract: Extract, plan: Plan, rules: Rules) -> None:
        self._extract = extract
        self._plan = plan
        self._rules = rules
        self._counts: dict[str, int] = {}
        self._found = FaultList()
        self._sent = 0

    async def run(
        self, client: SignedClient, state: PushState, waiting: Waiting, on_part: Callable[[], None]
    ) -> Pushed:
        """Send what is not acknowledged yet; call ``on_part`` after each part.

        Raises :class:`BrokenOff` when the line stays down, :class:`PushRefused` when the registry takes nothing, and
        AnswerNotTrusted when somebody else answers; nothing acknowledged is ever lost or sent again.
        """
        for number, part in enumerate(self._planned_parts(), start=1):
            outcome = state.outcome(self._plan.extract_id, number)
            if outcome is None:
                if not self._sent:
                    await patiently(client.synchronise, waiting)
                outcome = await self._send(number, part, client, state, waiting)
            self._count(outcome)
            on_part()
        return Pushed(
            extract_id=self._plan.extract_id,
            parts=len(self._plan.parts),
            parts_sent=self._sent,
            counts=self._counts,
            faults=self._found.faults,
            kinds=self._found.kinds,
        )

    def _planned_parts(self) -> Iterator[Part]:
        """Read the extract again, and see that it still says what was planned."""
        parts = _parts(collectable(self._extract, Findings(), self._rules))
        for digest in self._plan.parts:
            part = next(parts, ())
            if _digest(part) != digest:
                raise changed_meanwhile(THE_FILE_ITSELF)
            yield part

    async def _send(
        self, number: int, part: Part, client: SignedClient, state: PushState, waiting: Waiting
    ) -> PartOutcome:
        delivery = Delivery(
            extract_id=self._plan.extract_id,
            part=number,
            records=tuple(one.record for one in part),
        )
        body, key = encode(delivery), f"{delivery.extract_id}:{number}"
        answer = await patiently(lambda: post(client, PATH, body, key), waiting)
        self._sent += 1
        if answer.is_problem:
            return _refused_part(answer, part, self._extract.layout)
        outcome = outcome_of(answer, delivery, part, self._extract.layout)
        state.acknowledge(delivery.extract_id, number, outcome)
        return outcome

    def _count(self, outcome: PartOutcome) -> None:
        self._found.add_all(outcome.faults)
        for record_state, count in outcome.counts.items():
            self._counts[record_state] = self._counts.get(record_state, 0) + count


def _parts(found: Iterable[Collectable]) -> Iterator[Part]:
    """Cut into parts of at most ``LARGEST_BATCH`` 除票 and ``LARGEST_PART`` bytes, always in the same way."""
    part: list[Collectable] = []
    size = 0
    for one in found:
        if part and (len(part) == LARGEST_BATCH or size + one.size > LARGEST_PART):
            yield tuple(part)
            part, size = [], 0
        part.append(one)
        size += one.size
    if part:
        yield tuple(part)


def _digest(part: Part) -> bytes:
    return sha256(encode(tuple(one.record for one in part))).digest()


# ---------------------------------------------------------------- the answer
def outcome_of(answer: Answer, delivery: Delivery, part: Part, layout: Layout) -> PartOutcome:
    """Read the outcomes of a part; an answer that is not about this part is none."""
    found = decoded(answer, DeliveryAnswer)
    indexes = [record.index for record in found.records]
    if (found.extract_id, found.part, indexes) != (delivery.extract_id, delivery.part, list(range(len(part)))):
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT)
    counts: dict[str, int] = {}
    for record in found.records:
        counts[record.state] = counts.get(record.state, 0) + 1
    faults = (_placed(fault, part, layout, record.index) for record in found.records for fault in record.faults)
    return PartOutcome(counts=counts, faults=tuple(faults))


def _refused_part(answer: Answer, part: Part, layout: Layout) -> PartOutcome:
    """Read why a part as a whole was refused. Only faults of its content leave hope for the next part."""
    problem = decoded(answer, Problem)
    if problem.code is not ProblemCode.INVALID_INPUT:
        raise PushRefused(problem)
    faults = tuple(_placed(fault, part, layout) for fault in problem.faults)
    return PartOutcome(counts={RecordState.REFUSED: len(part)}, faults=faults)


def _placed(entry: FaultEntry, part: Part, layout: Layout, index: int | None = None) -> LineFault:
    """Return a fault of the registry as one of the file. Its pointer leads into the record or into the delivery."""
    pointer = entry.pointer
    steps = pointer.split("/")[1:]
    if steps[:1] == ["records"] and len(steps) > 1 and steps[1].isdecimal():
        index, pointer = int(steps[1]), "".join(f"/{step}" for step in steps[2:])
    fault = Fault(code=entry.code, pointer=pointer, expected=entry.expected, severity=entry.severity)
    if index is None or index >= len(part):
        return LineFault(line=THE_FILE_ITSELF, code=fault.code, expected=fault.expected, severity=fault.severity)
    return part[index].place(fault, layout)
