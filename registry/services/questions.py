"""照会 in general: what asking for a 附票 and asking for a 除票 have in common.

Municipalities accept no connections, so what they are asked waits here until they fetch it. Nobody learns that a
question is put to somebody else.
"""

from datetime import datetime

import msgspec

from registry.domain.errors import Fault, FaultCode, NotFound
from registry.domain.question import Finding, Question, Wanted
from registry.services.attendance import Caller
from registry.services.receipts import is_id
from registry.store import questions
from registry.store.unit_of_work import UnitOfWork


async def lock_put_to(
    work: UnitOfWork, caller: Caller, question_id: str, wanted: Wanted, *, pointer: str = "/question_id"
) -> Question:
    """Return a question put to the calling municipality, for this transaction alone.

    Raises NotFound at ``pointer`` for a question that is put to another one just as for one that never was.
    """
    question = await questions.lock(work, question_id) if is_id(question_id) else None
    if question is None or question.asked_of != caller.body or question.wanted is not wanted:
        expected = "the id of a question put to this municipality"
        raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer=pointer, expected=expected))
    return question


async def close(work: UnitOfWork, question: Question, finding: Finding, now: datetime) -> Finding:
    """Close a question with what came of it."""
    closed = msgspec.structs.replace(question, finding=finding, answered_at=now)
    await questions.save(work, closed)
    return finding
