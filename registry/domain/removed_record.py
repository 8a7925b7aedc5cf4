"""除票 — what the last municipality keeps of a person who left: reasons, retention, proof, who may be collected.

When a resident moves abroad the municipality strikes the 住民票 off on the planned day of departure (住基法8条・24条);
what remains is the 除票 (住基法15条の2). Municipal systems key each line of its history by 宛名番号 and 履歴番号.

**Who may be collected.** Japanese nationals whose 消除事由 is 国外転出, while they are abroad and once more when that
ends (decision 0016), and lines that the registry has asked for. Domestic movers and foreign nationals are none of the
registry's business (番号法19条・20条): the agent counts them and leaves them in the town hall.

**Retention.** Five years until 2019-06-19, 150 years from 2019-06-20 on (住基法施行令34条); what was removed before
2014-06-20 was as a rule already destroyed. 「除票なし」 is a normal answer, not an error.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from registry.domain.basic_four import AddressInJapan, Confidential, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate, is_before, months_after
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind
from registry.domain.municipality import CodeStatus, MunicipalityCode, MunicipalityTable
from registry.domain.numbers import IndividualNumber, ResidentRecordCode

LONG_RETENTION_FROM: Final = date(2019, 6, 20)
SHORT_RETENTION_MONTHS: Final = 12 * 5
LONG_RETENTION_MONTHS: Final = 12 * 150

NUMBERS_BEGAN: Final = date(2015, 10, 5)
"""From this day on a 住民票 bears a 個人番号 (番号法附則1条4号)."""

LONGEST_HISTORY: Final = 500
"""Lines of one person in one extract; more is a fault of the file."""


class Reason(StrEnum):
    """異動事由 as the standard specification labels them (標準仕様書 1.2.2); the codes are each system's own."""

    # 消除
    MOVED_WITHIN_JAPAN = "国内転出"
    MOVED_ABROAD = "国外転出"
    DIED = "死亡"
    REMOVED_NATURALISED = "職権消除(帰化等)"
    REMOVED_NATIONALITY_LOST = "職権消除(国籍喪失)"
    REMOVED_EX_OFFICIO = "職権消除"
    REWRITTEN_REMOVAL = "改製"
    REMADE_REMOVAL = "再製"
    REMOVAL_UNDONE_DECREASE = "異動の取消し(減)"
    # 記載
    MOVED_IN_FROM_JAPAN = "国内転入"
    MOVED_IN_FROM_ABROAD = "国外転入等"
    BORN = "出生"
    ENTERED_NATURALISED = "職権記載(帰化等)"
    ENTERED_NATIONALITY_LOST = "職権記載(国籍喪失)"
    ENTERED_EX_OFFICIO = "職権記載"
    UNDONE_INCREASE = "異動の取消し(増)"
    # 修正
    MOVED_WITHIN_MUNICIPALITY = "転居"
    MINOR_CORRECTION = "軽微な修正"
    CORRECTED_EX_OFFICIO = "職権修正"
    WRITING_ERROR_CORRECTED = "誤記修正"
    NUMBER_CHANGE_REQUESTED = "個人番号の変更請求"
    NUMBER_CORRECTED_EX_OFFICIO = "個人番号の職権修正"
    NUMBER_ENTERED_EX_OFFICIO = "個人番号の職権記載"
    CODE_CHANGE_REQUESTED = "住民票コードの変更請求"
    CODE_ENTERED_EX_OFFICIO = "住民票コードの職権記載"
    HOUSEHOLD_SPLIT = "世帯分離"
    HOUSEHOLD_MERGED = "世帯合併"
    HOUSEHOLD_CHANGED = "世帯変更"
    HOUSEHOLD_HEAD_CHANGED = "世帯主変更"
    FORMER_SURNAME_ENTERED = "旧氏の記載"
    FORMER_SURNAME_CHANGED = "旧氏の変更"
    FORMER_SURNAME_DELETED = "旧氏の削除"
    UNDONE_CORRECTION = "異動の取消し(修正)"


class Collection(StrEnum):
    """Whether a person of an extract may leave the town hall, and if not, why."""

    COLLECT = "collect"
    STAYS_FOREIGN_NATIONAL = "stays-foreign-national"
    STAYS_NOT_MOVED_ABROAD = "stays-not-moved-abroad"
    STAYS_UNDECIDED = "stays-undecided"


class Holding(StrEnum):
    """Whether the municipality can still hold the 除票."""

    HELD = "held"
    NOT_HELD_EXPIRED = "not-held-expired"
    UNCERTAIN = "uncertain"


class HistoryLine(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a person's history in the municipal system: what happened, when, and the items as they then stood.

    ``effective`` of a 国外転出 (消除年月日) is the planned day of departure. ``destination`` is 転出先, often only a
    country. 住民票コード may be blank on a 除票, 個人番号 is missing for who left before 2015-10-05.
    """

    history_number: Annotated[int, Meta(ge=1, le=99_999)]
    reason: Reason
    effective: IncompleteDate
    notified_on: date
    name: PersonName
    birth_date: IncompleteDate
    sex: Sex = Sex.UNKNOWN
    address: AddressInJapan
    honseki: Honseki | None = None
    individual_number: IndividualNumber | None = None
    resident_record_code: ResidentRecordCode | None = None
    destination: Annotated[str, Meta(max_length=200)] = ""


class RemovedRecord(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """除票 of one person at one municipality: all lines of the history, in the order of their numbers.

    ``addressee_number`` is the municipality's own number of the person, without meaning elsewhere.
    """

    municipality: MunicipalityCode
    addressee_number: Annotated[str, Meta(pattern=r"^[0-9]{1,15}(?!\s)$")]
    lines: Annotated[tuple[HistoryLine, ...], Meta(min_length=1, max_length=LONGEST_HISTORY)]

    @property
    def last(self) -> HistoryLine:
        """The line that says how the person stands now."""
        return self.lines[-1]

    @property
    def removal(self) -> HistoryLine | None:
        """The line of the 国外転出 that still stands, or None after 異動の取消し or a new 転入."""
        return self.departure(asked_for=False)

    def departure(self, *, asked_for: bool) -> HistoryLine | None:
        """Return the line of the removal that stands and proves a departure; None where there is none.

        A 職権消除 says only that the person did not live there any more. Beside the word of a mission that they live
        abroad it is the departure that nobody notified; so it proves one where the registry ``asked_for`` it.
        """
        stays = self.stays(asked_for=asked_for)
        return stays[-1].departure if stays and stays[-1].end is None else None

    def stays(self, *, asked_for: bool = False) -> tuple["Stay", ...]:
        """Return the stays abroad that the history tells of as it stands now, the earliest first.

        異動の取消し takes back the last thing that happened and still stood. A departure entered anew is the same one,
        on another day; one that is followed by anything but an end was none.
        """
        departures = _PROVES_DEPARTURE if asked_for else frozenset({Reason.MOVED_ABROAD})
        happened: list[HistoryLine] = []
        for line in self.lines:
            if line.reason in CORRECTS_REMOVED_RECORD:
                continue
            is_undone = line.reason in TAKES_BACK
            after_departure = bool(happened) and happened[-1].reason in departures
            if happened and (is_undone or (after_departure and line.reason not in KIND_OF_END)):
                happened.pop()
            if not is_undone:
                happened.append(line)
        ends = [*happened[1:], None]
        return tuple(Stay(one, end) for one, end in zip(happened, ends, strict=False) if one.reason in departures)


class Stay(NamedTuple):
    """A stay abroad: the line of the departure, and that by which it ended; None while it lasts."""

    departure: HistoryLine
    end: HistoryLine | None


CORRECTS_REMOVED_RECORD: Final = frozenset(
    {
        Reason.MINOR_CORRECTION,
        Reason.CORRECTED_EX_OFFICIO,
        Reason.WRITING_ERROR_CORRECTED,
        Reason.NUMBER_CORRECTED_EX_OFFICIO,
        Reason.NUMBER_ENTERED_EX_OFFICIO,
        Reason.CODE_ENTERED_EX_OFFICIO,
        Reason.UNDONE_CORRECTION,
        Reason.REWRITTEN_REMOVAL,
        Reason.REMADE_REMOVAL,
    }
)
"""Reasons that correct or copy a 除票 without bringing the person back."""

TAKES_BACK: Final = frozenset({Reason.REMOVAL_UNDONE_DECREASE, Reason.UNDONE_INCREASE})
"""異動の取消し of an entry or removal. (Of a correction it is one more correction.)"""

_PROVES_DEPARTURE: Final = frozenset({Reason.MOVED_ABROAD, Reason.REMOVED_EX_OFFICIO})

ENTRIES: Final = frozenset(
    {
        Reason.MOVED_IN_FROM_JAPAN,
        Reason.MOVED_IN_FROM_ABROAD,
        Reason.BORN,
        Reason.ENTERED_NATURALISED,
        Reason.ENTERED_NATIONALITY_LOST,
        Reason.ENTERED_EX_OFFICIO,
    }
)
"""記載: who is in a 住民基本台帳 again is no 国外転出者 any more (住基法17条3号), but was one until then."""

KIND_OF_END: Final = dict.fromkeys(ENTRIES, MovementKind.RETURNED) | {
    Reason.DIED: MovementKind.DIED,
    Reason.REMOVED_NATIONALITY_LOST: MovementKind.NATIONALITY_LOST,
}
"""What ends a life abroad and leaves the departure true. Any other reason says that there was no departure."""


def may_be_collected(*, is_japanese: bool | None, moved_abroad: bool, asked_for: bool = False) -> Collection:
    """Decide whether a person of an extract may be sent to the registry; undecided means no.

    ``is_japanese`` is None where the extract does not say. ``asked_for``: the line stands on the inquiry list.
    """
    if is_japanese is None:
        return Collection.STAYS_UNDECIDED
    if not is_japanese:
        return Collection.STAYS_FOREIGN_NATIONAL
    return Collection.COLLECT if moved_abroad or asked_for else Collection.STAYS_NOT_MOVED_ABROAD


def what_may_leave(record: RemovedRecord) -> tuple[HistoryLine, ...]:
    """Return the lines of a Japanese national's history that concern the registry; none where nothing of it does.

    While a stay abroad lasts that is the whole history, by whose names the person is found; likewise where the
    departure was taken back and nothing happened since, because the registry may have heard of it. Of a stay that has
    ended it is what led up to the end, and the end itself without the new address: the registry was or will be told of
    this stay by a mission. Life in Japan since is none of its business, nor is what was over before there were numbers.
    """
    stays = record.stays()
    if not stays:
        happened = tuple(line for line in record.lines if line.reason not in TAKES_BACK)
        is_taken_back = bool(happened) and msgspec.structs.replace(record, lines=happened).removal is not None
        return record.lines if is_taken_back else ()
    end = stays[-1].end
    if end is None:
        return record.lines
    if end.effective.latest < NUMBERS_BEGAN:
        return ()
    lines = [line for line in record.lines if line.history_number <= end.history_number]
    if end.reason in ENTRIES:
        home = AddressInJapan(municipality=record.municipality)
        return (*lines[:-1], msgspec.structs.replace(end, address=home, destination=""))
    return (*lines, *(line for line in record.lines[len(lines) :] if line.reason in CORRECTS_REMOVED_RECORD))


def held_on(removed_on: IncompleteDate, day: date) -> Holding:
    """Say whether a 除票 of that day of removal can still be held on ``day``."""
    if _retention_is_over(removed_on.latest, day):
        return Holding.NOT_HELD_EXPIRED
    return Holding.UNCERTAIN if _retention_is_over(removed_on.earliest, day) else Holding.HELD


def _retention_is_over(removed: date, day: date) -> bool:
    """Whether ``day`` lies after the last day of retention: five years, or 150 if five ran to 2019-06-20 or beyond.

    The day of removal is not counted (民法140条), so the corresponding day is the last on which the 除票 is kept.
    """
    last = months_after(removed, SHORT_RETENTION_MONTHS)
    if last >= LONG_RETENTION_FROM:
        last = months_after(removed, LONG_RETENTION_MONTHS)
    return last < day


def check(record: RemovedRecord, municipalities: MunicipalityTable, today: date, *, asked_for: bool = False) -> Faults:
    """Check form and law of a 除票 sent by an agent; return every fault and warning found.

    A code that no table knows is kept as given and flagged, never refused: old papers are right about their day.
    """
    faults = Faults()
    numbers = [line.history_number for line in record.lines]
    if numbers != sorted(set(numbers)):
        faults.add(FaultCode.DUPLICATE, "/lines", "one line for each 履歴番号, in ascending order")
    if not any(line.reason is Reason.MOVED_ABROAD for line in record.lines) and not record.stays(asked_for=asked_for):
        faults.add(FaultCode.NOT_COLLECTABLE, "/lines", "a person whose last 消除事由 is 国外転出")
    for index, line in enumerate(record.lines):
        _check_line(line, f"/lines/{index}", municipalities, today, faults)
    return faults


def _check_line(line: HistoryLine, at: str, municipalities: MunicipalityTable, today: date, faults: Faults) -> None:
    if line.name.is_blank:
        faults.add(FaultCode.NAME_MISSING, f"{at}/name", "a name in at least one script")
    if line.notified_on > today:
        faults.add(FaultCode.DATE_IN_THE_FUTURE, f"{at}/notified_on", "today or an earlier day")
    if line.birth_date.earliest > today:
        faults.add(FaultCode.DATE_IN_THE_FUTURE, f"{at}/birth_date", "today or an earlier day")
    if is_before(line.effective, line.birth_date) is Answer.YES:
        faults.add(FaultCode.DATE_BEFORE_BIRTH, f"{at}/effective", "a day from the date of birth on")
    if municipalities.status(line.address.municipality, line.effective.latest) is CodeStatus.UNKNOWN:
        faults.warn(FaultCode.CODE_UNKNOWN, f"{at}/address/municipality", "a code of the list of codes")
    code = line.resident_record_code
    if code is not None and code.check_digit_uncertain:
        faults.warn(FaultCode.CHECK_DIGIT_UNCERTAIN, f"{at}/resident_record_code", "a code read again")
