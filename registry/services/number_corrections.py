"""個人番号の訂正: what two people of a municipality decided about the number of a former resident."""

from typing import Final

from registry.contract.decoding import encode
from registry.contract.messages import SubmissionState
from registry.domain import number_correction
from registry.domain.account import Account, Unit
from registry.domain.errors import Conflict, Fault, FaultCode, NotFound
from registry.domain.four_eyes import Hand
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.proposal import CorrectNumber
from registry.domain.reconciliation import Identity, Link, LinkMethod
from registry.domain.timeline import fold
from registry.services import disclosure_log, records
from registry.services.resources import Resources, japan_date
from registry.store import submissions
from registry.store.at_hand import Found
from registry.store.keyring import Shredded
from registry.store.submissions import Content, Submission
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure

KIND: Final = "number-correction"
"""The kind of submission that a correction is, and the operation under which the log has it."""
BASIS: Final = "番号法7条"


async def check(resources: Resources, work: UnitOfWork, person_id: str, act: CorrectNumber, account: Account) -> None:
    """Refuse a correction that could not be made now.

    Raises NotFound for who is no former resident of the proposer's municipality, InvalidInput where the wrong number
    stands nowhere, Conflict where the right one is another record's.
    """
    body = "" if account.unit is None else account.unit.body
    found = await _open(resources, work, person_id, act, body)
    number_correction.movements(found.movements, act.wrong, act.right, resources.new_id())


async def correct(
    resources: Resources, work: UnitOfWork, person_id: str, act: CorrectNumber, hands: tuple[Hand, Hand]
) -> None:
    """Correct the number of a record wherever it stands; raises as :func:`check`."""
    proposed_at = Unit.parse(hands[0].unit)
    found = await _open(resources, work, person_id, act, "" if proposed_at is None else proposed_at.body)
    submission_id, now = resources.new_id(), resources.clock()
    plan = records.plan(found, number_correction.movements(found.movements, act.wrong, act.right, submission_id))
    submission = Submission(
        submission_id=submission_id,
        kind=KIND,
        sender=str(VIRTUAL_MUNICIPALITY.code),
        sender_key=submission_id,
        state=SubmissionState.ACCEPTED,
        received_at=now,
        received_on=japan_date(now),
    )
    key = await resources.keyring.make(work, submission_id, now)
    submissions.add(work, key, submission, Content(body=encode(act), evidence="", receipt=b""))
    await records.write(resources, work, plan, records.stored_link(plan, submission_id, 0), now)
    disclosure = Disclosure(
        asked_at=now,
        provided_at=None,
        body=hands[0].unit.partition("/")[0],
        key_id=resources.signing_key.key_id,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        handled_by=", ".join(one.account for one in hands),
        operation=KIND,
        basis=BASIS,
        outcome="recorded",
        correlation_id=submission_id,
        number_accessed=True,
    )
    await disclosure_log.record(resources, work, disclosure, (person_id,))


async def _open(resources: Resources, work: UnitOfWork, person_id: str, act: CorrectNumber, body: str) -> Found:
    """Lock the record and the right number; raises NotFound and Conflict as :func:`check`."""
    right = Identity(individual_number=act.right)
    await records.lock_identities(resources, work, [right], also=[person_id])
    known = Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
    try:
        found = await records.reopen(resources, work, person_id, known)
    except Shredded:
        raise _not_found() from None
    if body not in _last_municipalities(resources, found):
        raise _not_found()
    other = await records.decide(resources, work, right, besides=person_id)
    if other.person_id is not None:
        expected = "a number that no other record has; two records of one person are another matter (二重登録)"
        raise Conflict(Fault(code=FaultCode.DUPLICATE, pointer="/right", expected=expected))
    return found


def _last_municipalities(resources: Resources, found: Found) -> frozenset[str]:
    """Return the codes of the municipality of last residence and of its heirs today."""
    last = fold(found.movements).last
    address = None if last is None else last.state.last_address
    if last is None or address is None:
        return frozenset()
    today = japan_date(resources.clock())
    left = last.possible.first or today
    heirs = resources.municipalities.successors(address.municipality, since=left, on=today)
    return frozenset({str(address.municipality), *map(str, heirs)})


def _not_found() -> NotFound:
    return NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer="/person", expected="a former resident of yours"))
