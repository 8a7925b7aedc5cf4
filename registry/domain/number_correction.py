"""個人番号の訂正 — a slip in the number is mended wherever it stands in a record; two people decide it.

A number that was given wrongly, by whomever, was never the person's (番号法2条5項, 7条): each fact that states it is
corrected in its place, so that the record reads as if it had been stated rightly (住基法8条; 訂正, not 変更). Who had
been told the wrong one stands in the log.
"""

from collections.abc import Iterable

import msgspec

from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement, MovementKind
from registry.domain.numbers import IndividualNumber
from registry.domain.timeline import fold


def movements(
    known: Iterable[Movement], wrong: IndividualNumber, right: IndividualNumber, submission_id: str
) -> tuple[Movement, ...]:
    """Return the movements that correct every living one of a record that states ``wrong``.

    Raises InvalidInput where none does, or where both numbers are the same.
    """
    given = tuple(known)
    superseded = fold(given).superseded
    stating = [
        one
        for one in given
        if one.movement_id not in superseded
        and one.kind is not MovementKind.ANNULLED
        and one.statement.individual_number == wrong
    ]
    faults = Faults()
    if not stating:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/wrong", "the number that stands in the record")
    if right == wrong:
        faults.add(FaultCode.DUPLICATE, "/right", "another number than the wrong one")
    faults.refuse_if_any()
    return tuple(
        msgspec.structs.replace(
            one,
            movement_id=f"{submission_id}/0.{place}",
            submission_id=submission_id,
            statement=msgspec.structs.replace(one.statement, individual_number=right),
            replaces=one.movement_id,
        )
        for place, one in enumerate(stating)
    )
