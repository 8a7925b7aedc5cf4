"""照会 — what the registry asks of others about one record: of whom, since when, until when, and what came of it.

Two records are asked for: the 戸籍の附票 (``supplementary_record``) and the 除票 (``inquiry_list``). A question names
nobody; who it is about is made again from the record whenever it is handed over. It has one owner at any time: whoever
has to do the next thing.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

J_LIS: Final = "j-lis"
"""What 機構 is called where a municipality would stand by its code."""

TIME_OF_J_LIS: Final = timedelta(days=7)
TIME_OF_A_MUNICIPALITY: Final = timedelta(days=30)
"""How long an answer may take before somebody asks after it (both unverified)."""

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)
_DOUBLINGS: Final = 10


class Wanted(StrEnum):
    """Which record is asked for."""

    SUPPLEMENTARY_RECORD = "supplementary-record"
    REMOVED_RECORD = "removed-record"


class Finding(StrEnum):
    """What came of a question. The last three are the registry's own words, those before the other side's."""

    NO_ANSWER_YET = "no-answer-yet"
    FOUND = "found"
    NOT_IN_SUPPLEMENTARY_RECORD = "not-in-supplementary-record"
    NOT_HELD = "not-held"
    """Nobody of that name and date of birth is among the 除票 of the municipality."""
    NOT_MOVED_ABROAD = "not-moved-abroad"
    """In a ledger of Japan: the 国外転出届 was never filed, or the person is back."""
    AMBIGUOUS = "ambiguous"
    WITHHELD = "withheld"
    """Who fits may not be handed over: the ledger does not say that they are Japanese (番号法20条)."""
    IMPLAUSIBLE = "implausible"
    """The answer breaks a rule; people have to ask what is meant."""
    SOMEBODY_ELSE = "somebody-else"
    """The answer is about another person than the one asked about; people decide."""
    OVERTAKEN = "overtaken"
    """The 除票 came by itself, or the record says something else of the person now: the question is withdrawn."""


class Owner(StrEnum):
    """Who has a question now, and so has to do the next thing."""

    REGISTRY = "registry"
    J_LIS = "j-lis"
    HONSEKI_MUNICIPALITY = "honseki-municipality"
    LAST_MUNICIPALITY = "last-municipality"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about one record; it names nobody.

    ``asked_of`` is :data:`J_LIS` or the code of a municipality: of the 本籍 for a 附票, of the last residence for a
    除票. ``about`` is a keyed digest of who was asked about: the same person is not asked about twice. ``asked_at`` is
    when the other side has it; ``due`` when it should have answered; ``next_at`` when the registry asks (again);
    ``attempts`` how often it did.
    """

    question_id: str
    person_id: str
    wanted: Wanted
    asked_of: str
    about: bytes
    opened_at: datetime
    next_at: datetime
    attempts: int = 0
    asked_at: datetime | None = None
    due: datetime | None = None
    answered_at: datetime | None = None
    finding: Finding = Finding.NO_ANSWER_YET

    @property
    def is_open(self) -> bool:
        """Whether an answer is still to come."""
        return self.finding is Finding.NO_ANSWER_YET

    @property
    def owner(self) -> Owner:
        """Who has it now: whoever was asked, from when they have it until they answer; else the registry."""
        if not self.is_open or self.asked_at is None:
            return Owner.REGISTRY
        if self.wanted is Wanted.REMOVED_RECORD:
            return Owner.LAST_MUNICIPALITY
        return Owner.J_LIS if self.asked_of == J_LIS else Owner.HONSEKI_MUNICIPALITY

    def is_overdue(self, now: datetime) -> bool:
        """Whether the other side has had it for longer than it should."""
        return self.is_open and self.due is not None and self.due < now

    def handed_over(self, now: datetime) -> "Question":
        """Return the question as it stands once the other side has it; its clock starts the first time."""
        if self.asked_at is not None:
            return self
        return msgspec.structs.replace(self, asked_at=now, due=now + time_to_answer(self.asked_of))


def time_to_answer(asked_of: str) -> timedelta:
    """Return how long whoever is asked may take."""
    return TIME_OF_J_LIS if asked_of == J_LIS else TIME_OF_A_MUNICIPALITY


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait before asking again after so many attempts: twice as long each time, up to a limit."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(max(attempts - 1, 0), _DOUBLINGS)))
