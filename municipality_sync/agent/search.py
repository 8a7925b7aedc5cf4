"""The inquiry list held against an extract: who of it the registry asks for, and what may be answered.

The file is read once, whatever the number of questions; of whom nobody asks nothing is kept. An answer is given only
where it is certain:

(1) exactly one person fits whose departure stands, and who may be handed over: the 除票;
(2) several do: that they are several, and nothing of them;
(3) nobody fits: that none is held, if the clerk says that the file holds everybody who ever left, and if no line of it
    is so broken, no name so full of 〓, that it could be theirs. Extracts are often those of one month; then the
    question stays open.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from municipality_sync.agent.characters import is_written_out
from municipality_sync.agent.collect import Collectable, History, Rules, history_of
from municipality_sync.agent.extract import Extract, PersonLines
from municipality_sync.agent.findings import Findings
from registry.contract.inquiry_list import RemovedRecordQuestion
from registry.domain import inquiry_list
from registry.domain.basic_four import (
    Difference,
    PersonName,
    compare_birth_dates,
    compare_names,
    compare_sexes,
)
from registry.domain.inquiry_list import Sought
from registry.domain.question import Finding
from registry.domain.removed_record import Collection, HistoryLine, RemovedRecord


class Open(StrEnum):
    """Why a question stays open."""

    NOT_IN_THIS_FILE = "not-in-this-file"
    HELD_BACK = "held-back"
    """Who fits, or might, is held back by a fault of the file."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an extract says to one question: the 除票 (FOUND), why there is none, or why nothing can be said yet."""

    question_id: str
    says: Finding | Open
    found: Collectable | None = None


class _Fitting:
    """Who fits one question; of several only that they are several is kept."""

    def __init__(self) -> None:
        self.found: Collectable | None = None
        self.several = False
        self.is_doubtful = False
        self.others: set[Finding] = set()

    def add(self, found: Collectable) -> None:
        self.several = self.found is not None
        self.found = found


class _Wanted:
    """The questions, to be looked up by 宛名番号 and by name."""

    def __init__(self, questions: tuple[RemovedRecordQuestion, ...]) -> None:
        self._by_number: dict[str, list[RemovedRecordQuestion]] = defaultdict(list)
        self._by_name: dict[str, list[RemovedRecordQuestion]] = defaultdict(list)
        self._named = [one for one in questions if one.sought.addressee_number is None]
        for one in questions:
            if one.sought.addressee_number is not None:
                self._by_number[one.sought.addressee_number].append(one)
            elif one.sought.name is not None:
                for key in _keys(one.sought.name):
                    self._by_name[key].append(one)

    def perhaps_unreadable(self, record: RemovedRecord) -> Iterator[str]:
        """Yield the ids of questions that may be about whoever has signs in the place of characters in their name."""
        for line in record.lines:
            if not is_written_out(line.name.surname + line.name.given):
                unread = PersonName(surname_kana=line.name.surname_kana, given_kana=line.name.given_kana)
                yield from (one.question_id for one in self._named if _may_be(one.sought, line, unread))

    def perhaps(self, addressee_number: str, names: Iterable[PersonName]) -> dict[str, RemovedRecordQuestion]:
        """Return the questions that may be about whoever has this number or one of these names, by their ids."""
        found = list(self._by_number.get(addressee_number, ()))
        found += [one for name in names for key in _keys(name) for one in self._by_name.get(key, ())]
        return {one.question_id: one for one in found}


def _may_be(sought: Sought, line: HistoryLine, name: PersonName) -> bool:
    """Whether nothing contradicts that a line is of the person sought, by as much of its name as can be read."""
    if sought.name is None or sought.birth_date is None:
        return False
    reading = PersonName(surname_kana=sought.name.surname_kana, given_kana=sought.name.given_kana)
    differ = compare_names(reading, name), compare_birth_dates(sought.birth_date, line.birth_date)
    return Difference.DIFFERENT not in differ and compare_sexes(sought.sex, line.sex) is not Difference.DIFFERENT


def _keys(name: PersonName) -> frozenset[str]:
    return frozenset({name.kanji_key, name.kana_key}) - {""}


def search(
    extract: Extract,
    questions: tuple[RemovedRecordQuestion, ...],
    findings: Findings,
    rules: Rules,
    *,
    is_complete: bool,
) -> tuple[Answer, ...]:
    """Return what an extract says to each question, in their order.

    ``is_complete``: whoever is not in the file is held nowhere in the municipality. Raises ExtractUnreadable as the
    extract.
    """
    wanted, fitting = _Wanted(questions), {one.question_id: _Fitting() for one in questions}
    is_whole = True
    for person in extract.people(findings):
        history = history_of(person, extract.layout, findings)
        if history is None:
            is_whole = is_whole and bool(person.lines)
            for question_id in wanted.perhaps(person.addressee_number, _raw_names(person)):
                fitting[question_id].is_doubtful = True
            continue
        record = history.found.record
        perhaps = wanted.perhaps(person.addressee_number, (line.name for line in record.lines))
        theirs = {question_id for question_id, one in perhaps.items() if inquiry_list.fits(one.sought, record)}
        for question_id in theirs:
            _note(fitting[question_id], history, extract, findings, rules)
        for question_id in wanted.perhaps_unreadable(record):
            fitting[question_id].is_doubtful |= question_id not in theirs
    is_certain = is_complete and is_whole and not findings.unassigned_lines
    return tuple(
        _answer(one.question_id, fitting[one.question_id], is_certain=is_certain and _can_be_told(one.sought, extract))
        for one in questions
    )


def _can_be_told(sought: Sought, extract: Extract) -> bool:
    """Whether who is sought would be found if they stood there: a reading alone finds nobody in a file without any."""
    has_kanji = sought.name is not None and bool(sought.name.kanji_key)
    return sought.addressee_number is not None or has_kanji or extract.layout.columns.kana is not None


def _raw_names(person: PersonLines) -> Iterator[PersonName]:
    """Yield the names in the lines of somebody whose history cannot be read as a whole."""
    for line in person.lines:
        yield PersonName(surname=line.cells.get("name", ""), surname_kana=line.cells.get("kana", ""))


def _note(fitting: _Fitting, history: History, extract: Extract, findings: Findings, rules: Rules) -> None:
    """Note one who fits: as the one to be sent, or why not."""
    if history.may_be_handed_over() is not Collection.COLLECT:
        fitting.others.add(Finding.WITHHELD)
    elif history.found.record.departure(asked_for=True) is None:
        fitting.others.add(Finding.NOT_MOVED_ABROAD)
    elif history.note_faults(extract.layout, findings, rules):
        fitting.is_doubtful = True
    else:
        fitting.add(history.found)


def _answer(question_id: str, fitting: _Fitting, *, is_certain: bool) -> Answer:
    says: Finding | Open
    if fitting.is_doubtful:
        says = Open.HELD_BACK
    elif fitting.several:
        says = Finding.AMBIGUOUS
    elif fitting.found is not None:
        return Answer(question_id=question_id, says=Finding.FOUND, found=fitting.found)
    elif fitting.others:
        says = Finding.WITHHELD if Finding.WITHHELD in fitting.others else Finding.NOT_MOVED_ABROAD
    else:
        says = Finding.NOT_HELD if is_certain else Open.NOT_IN_THIS_FILE
    return Answer(question_id=question_id, says=says)
