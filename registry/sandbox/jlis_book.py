"""What the sandbox's 機構 (J-LIS) knows: 附票 of people who do not exist, numbers given out, changes to tell."""

from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from registry.contract.decoding import MAX_BYTES, decode
from registry.contract.jlis import (
    MOST_FACTS,
    ChangeFacts,
    NumberAnswer,
    NumberRequest,
    SupplementaryAnswer,
    SupplementaryQuestion,
)
from registry.domain.basic_four import Confidential, Difference, compare_birth_dates, compare_honseki, compare_names
from registry.domain.change_fact import ChangeFact, NumberChanged
from registry.domain.errors import Conflict, Fault, FaultCode
from registry.domain.numbers import IndividualNumber, NumberReason, individual_number_check_digit
from registry.domain.question import Finding
from registry.domain.supplementary_record import Subject, SupplementaryRecord

LARGEST_BOOK: Final = 64 * MAX_BYTES
_BASES: Final = 10**11
_ALIKE: Final = (Difference.SAME, Difference.VARIANT)


class Entry(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person's 附票. ``lives_in_japan``: there is no 国外転出者である旨, whatever the record says."""

    record: SupplementaryRecord
    lives_in_japan: bool = False


class BookFile(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The seed: people, changes to tell, and how often an answer is still to come before it is there."""

    entries: tuple[Entry, ...] = ()
    change_facts: tuple[ChangeFact, ...] = ()
    answers_after: int = 0
    seed: int = 1


class Book:
    """The other side's register, in memory: what it has answered or given out, it answers and gives again."""

    def __init__(self, file: BookFile) -> None:
        self._file = file
        self._asked: dict[str, SupplementaryQuestion] = {}
        self._times_asked: dict[str, int] = {}
        known = (entry.record.individual_number for entry in file.entries)
        changed = (number for fact in file.change_facts for number in _numbers_in(fact))
        self._given_out = {number for number in (*known, *changed) if number is not None}
        self._generated: dict[str, tuple[NumberRequest, NumberAnswer]] = {}

    @classmethod
    def read(cls, path: Path) -> "Book":
        """Read the seed; raises InvalidInput with every fault of the file."""
        return cls(decode(path.read_bytes(), BookFile, max_bytes=LARGEST_BOOK))

    def ask(self, question: SupplementaryQuestion) -> SupplementaryAnswer:
        """Take a question in; raises Conflict for another one under the same id."""
        known = self._asked.setdefault(question.question_id, question)
        if known != question:
            raise Conflict(Fault(code=FaultCode.DUPLICATE, pointer="/question_id", expected="an id of its own"))
        answer = self.answer_to(question.question_id)
        return answer or SupplementaryAnswer(question_id=question.question_id, finding=Finding.NO_ANSWER_YET)

    def answer_to(self, question_id: str) -> SupplementaryAnswer | None:
        """Say what became of a question; None where it never came in."""
        question = self._asked.get(question_id)
        if question is None:
            return None
        times = self._times_asked[question_id] = self._times_asked.get(question_id, 0) + 1
        if times <= self._file.answers_after:
            return SupplementaryAnswer(question_id=question_id, finding=Finding.NO_ANSWER_YET)
        finding, record = self._find(question.subject)
        return SupplementaryAnswer(question_id=question_id, finding=finding, record=record)

    def _find(self, subject: Subject) -> tuple[Finding, SupplementaryRecord | None]:
        fitting = [entry for entry in self._file.entries if _is_by_number(subject, entry.record)]
        fitting = fitting or [entry for entry in self._file.entries if _is_by_name(subject, entry.record)]
        if len(fitting) > 1:
            fitting = [entry for entry in fitting if _is_of_honseki(subject, entry.record)] or fitting
        if not fitting:
            return Finding.NOT_IN_SUPPLEMENTARY_RECORD, None
        if len(fitting) > 1:
            return Finding.AMBIGUOUS, None
        (entry,) = fitting
        return (Finding.NOT_MOVED_ABROAD, None) if entry.lives_in_japan else (Finding.FOUND, entry.record)

    def generate(self, request: NumberRequest, today: date) -> NumberAnswer:
        """Generate a number unlike every one before (番号法8条2項); the same request again gives the same.

        Raises Conflict for another request under the same id, and for a first number where the code has one.
        """
        known = self._generated.get(request.request_id)
        if known is not None and known[0] != request:
            raise Conflict(Fault(code=FaultCode.DUPLICATE, pointer="/request_id", expected="an id of its own"))
        if known is None:
            if request.reason is NumberReason.INITIAL and self._has_number(request):
                expected = "a code without a number, or the reason for another one"
                raise Conflict(Fault(code=FaultCode.DUPLICATE, pointer="/resident_record_code", expected=expected))
            number = self._unused(request)
            answer = NumberAnswer(request_id=request.request_id, individual_number=number, generated_on=today)
            known = self._generated[request.request_id] = (request, answer)
        return known[1]

    def _has_number(self, request: NumberRequest) -> bool:
        code = request.resident_record_code
        given = (one.resident_record_code for one, _ in self._generated.values())
        held = (one.record.resident_record_code for one in self._file.entries if one.record.individual_number)
        return code in (*given, *held)

    def _unused(self, request: NumberRequest) -> IndividualNumber:
        # Numbers of people who do not exist: the same seed gives the same, which the real side must never do.
        chance = Random(f"{self._file.seed}/{request.request_id}")  # noqa: S311 - see above
        while True:
            base = f"{chance.randrange(_BASES):011}"
            number = IndividualNumber.parse(f"{base}{individual_number_check_digit(base)}")
            if number not in self._given_out:
                self._given_out.add(number)
                return number

    def changes_after(self, sequence: int) -> ChangeFacts:
        """Return the next changes after that one."""
        later = sorted((fact for fact in self._file.change_facts if fact.sequence > sequence), key=_sequence)
        return ChangeFacts(facts=tuple(later[:MOST_FACTS]))


def _sequence(fact: ChangeFact) -> int:
    return fact.sequence


def _numbers_in(fact: ChangeFact) -> tuple[IndividualNumber, ...]:
    return (fact.former, fact.individual_number) if isinstance(fact, NumberChanged) else ()


def _is_by_number(subject: Subject, record: SupplementaryRecord) -> bool:
    pairs = (
        (subject.individual_number, record.individual_number),
        (subject.resident_record_code, record.resident_record_code),
    )
    return any(asked is not None and asked == held for asked, held in pairs)


def _is_by_name(subject: Subject, record: SupplementaryRecord) -> bool:
    """Name and date of birth alike: a coarse search, so that the registry has something to check."""
    return compare_names(subject.name, record.name) in _ALIKE and (
        compare_birth_dates(subject.birth_date, record.birth_date) is Difference.SAME
    )


def _is_of_honseki(subject: Subject, record: SupplementaryRecord) -> bool:
    return subject.honseki is not None and compare_honseki(subject.honseki, record.honseki) in _ALIKE
