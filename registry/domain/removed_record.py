"""除票 — what the last municipality keeps of a person who left: reasons, retention, proof, who may be collected.

When a resident moves abroad the municipality strikes the 住民票 off on the planned day of departure (住基法8条・24条);
what remains is the 除票 (住基法15条の2). Municipal systems key each line of its history by 宛名番号 and 履歴番号.

**Who may be collected.** Japanese nationals whose 消除事由 is 国外転出, and lines that the registry has asked for.
Domestic movers and foreign nationals are none of the registry's business (番号法19条・20条): the agent counts them and
leaves them in the town hall.

**Retention.** Five years until 2019-06-19, 150 years from 2019-06-20 on (住基法施行令34条); what was removed before
2014-06-20 was as a rule already destroyed. 「除票なし」 is a normal answer, not an error.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from registry.domain.basic_four import AddressInJapan, Confidential, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate, is_before, months_after
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.municipality import CodeStatus, MunicipalityCode, MunicipalityTable
from registry.domain.numbers import IndividualNumber, ResidentRecordCode

LONG_RETENTION_FROM: Final = date(2019, 6, 20)
SHORT_RETENTION_MONTHS: Final = 12 * 5
LONG_RETENTION_MONTHS: Final = 12 * 150

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
        for line in reversed(self.lines):
            if line.reason is Reason.MOVED_ABROAD:
                return line
            if line.reason not in CORRECTS_REMOVED_RECORD:
                return None
        return None

    @property
    def end_of_removal(self) -> HistoryLine | None:
        """The line by which the last 国外転出 stands no longer; None while it stands or where there is none."""
        after: HistoryLine | None = None
        for line in reversed(self.lines):
            if line.reason is Reason.MOVED_ABROAD:
                return after
            if line.reason not in CORRECTS_REMOVED_RECORD:
                after = line
        return None


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

_ENTRIES: Final = frozenset(
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

_KIND_OF_END: Final = dict.fromkeys(_ENTRIES, MovementKind.RETURNED) | {
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


def check(record: RemovedRecord, municipalities: MunicipalityTable, today: date) -> Faults:
    """Check form and law of a 除票 sent by an agent; return every fault and warning found.

    A code that no table knows is kept as given and flagged, never refused: old papers are right about their day.
    """
    faults = Faults()
    numbers = [line.history_number for line in record.lines]
    if numbers != sorted(set(numbers)):
        faults.add(FaultCode.DUPLICATE, "/lines", "one line for each 履歴番号, in ascending order")
    if record.removal is None and record.end_of_removal is None:
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


def movement(record: RemovedRecord, submission_id: str, replaces: str | None = None) -> Movement | None:
    """Return the movement that a checked 除票 makes: the 国外転出, what ended the life abroad, or an annulment.

    ``replaces`` is the id of the movement that the registry last made of this person's 除票. The new one replaces it
    if both speak of the same event, and not if it speaks of a further one: who comes home did leave before.
    None when the removal was over before the registry ever heard of it: then there is nothing to say.
    The lines before the removal are life in Japan and make no movement; their names serve to find the person.
    """
    line = record.removal or record.end_of_removal
    if line is None or (replaces is None and line is not record.removal):
        return None
    kind = MovementKind.MOVED_ABROAD if line is record.removal else _KIND_OF_END.get(line.reason, MovementKind.ANNULLED)
    replaced = replaces if replaces and _same_event(record, replaces, line, kind) else None
    if kind is MovementKind.ANNULLED and replaced is None:
        return None
    return Movement(
        movement_id=f"{submission_id}/0.{line.history_number}",
        submission_id=submission_id,
        kind=kind,
        effective=line.effective,
        notified_on=line.notified_on,
        source=Source(kind=SourceKind.MUNICIPALITY, code=str(record.municipality)),
        statement=_statement(record) if kind is MovementKind.MOVED_ABROAD else Statement(),
        replaces=replaced,
    )


def _same_event(record: RemovedRecord, replaces: str, line: HistoryLine, kind: MovementKind) -> bool:
    """Whether the movement of that id, which ends in the 履歴番号 it was made of, and ``line`` speak of one event.

    A 国外転出 entered anew or taken back is the same departure as before unless the person came home in between.
    """
    numbers = (one.history_number for one in record.lines)
    number = next((number for number in numbers if replaces.endswith(f".{number}")), line.history_number)
    if number == line.history_number or kind not in {MovementKind.MOVED_ABROAD, MovementKind.ANNULLED}:
        return number == line.history_number
    return not any(
        number <= one.history_number <= line.history_number and one.reason in _ENTRIES for one in record.lines
    )


def _statement(record: RemovedRecord) -> Statement:
    """Return what the 除票 proves: the items as the last line has them, corrections after the removal included."""
    line = record.last
    return Statement(
        name=line.name,
        birth_date=line.birth_date,
        sex=None if line.sex is Sex.UNKNOWN else line.sex,
        last_address=line.address,
        honseki=line.honseki,
        individual_number=line.individual_number,
        resident_record_code=line.resident_record_code,
        past_names=past_names(record) or None,
    )


def past_names(record: RemovedRecord) -> tuple[PersonName, ...]:
    """Return every name in the history that is no longer the present one, the oldest first."""
    return tuple(dict.fromkeys(line.name for line in record.lines if line.name != record.last.name))
