"""一人の一生 — what befalls one member of a household: numbers, names, the papers of the last home, the end."""

from datetime import date
from typing import Final, NamedTuple

from registry.domain.basic_four import Honseki, Sex
from registry.domain.dates import IncompleteDate
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.sandbox.population import numbering
from registry.sandbox.population.courses import Course
from registry.sandbox.population.days import half_known, on
from registry.sandbox.population.luck import Dice
from registry.sandbox.population.names import Written
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.truth import (
    NUMBERS_FROM,
    RECORD_CODES_FROM,
    RETAINED_FROM,
    Ending,
    NoRecord,
    Person,
    Relation,
    Tells,
    Wedding,
)

_NUMBERS: Final = NUMBERS_FROM.toordinal()
_RECORD_CODES: Final = RECORD_CODES_FROM.toordinal()
_RETAINED: Final = RETAINED_FROM.toordinal()
_FORMER_SURNAMES: Final = date(2019, 11, 5).toordinal()  # 住民基本台帳法施行令30条の13


class Who(NamedTuple):
    """Who a member is; ``birth`` is an ordinal. ``later``: days after the head in which this member left and came."""

    relation: Relation
    sex: Sex
    birth: int
    surname: Written
    given: Written
    honseki: Honseki
    maiden: Written | None = None
    wedding: Wedding | None = None
    later: int = 0
    is_born_abroad: bool = False


class Fates:
    """Draws what befalls the members of one household."""

    def __init__(self, dice: Dice, rates: Rates, course: Course) -> None:
        self._dice = dice
        self._rates = rates
        self._course = course

    def person(self, who: Who, index: int, household: int) -> Person:
        """Return a member with a whole life; ``household`` is the index of the head."""
        course = self._course
        left = None if who.is_born_abroad else course.left + who.later
        arrived = who.birth if who.is_born_abroad else course.arrived + who.later
        no_record = self._no_record(left)
        number, code = self._number(index, left, no_record), self._record_code(index, left, no_record)
        ending, ended = self._fate(arrived)
        wed_on = self._wed_on(who, left)
        return Person(
            index=index,
            household=household,
            relation=who.relation,
            sex=who.sex,
            birth=date.fromordinal(who.birth),
            birth_in_register=self._birth_in_register(who.birth),
            surname=who.surname,
            given=who.given,
            honseki=who.honseki,
            arrived=date.fromordinal(arrived),
            tells=self._tells(),
            luck=self._dice.key(),
            maiden=who.maiden,
            wed_on=wed_on,
            former_recorded_on=self._former_recorded_on(who, left, wed_on),
            home=None if left is None else course.home,
            left=None if left is None else date.fromordinal(left),
            no_record=no_record,
            individual_number=number,
            number_changed_on=self._number_changed_on(left) if number else None,
            resident_record_code=code,
            record_code_changed_on=self._record_code_changed_on(left) if code else None,
            wedding=who.wedding,
            ending=ending,
            ended=ended,
            is_back_home=ending is Ending.RETURNED and course.is_back_home,
        )

    def _tells(self) -> Tells:
        share, rates = self._dice.share, self._rates
        return Tells(
            share() < rates.states_number,
            share() < rates.states_record_code,
            share() < rates.states_passport,
            share() < rates.states_last_address,
            share() < rates.states_whole_register_place,
        )

    def _no_record(self, left: int | None) -> NoRecord | None:
        if left is None:
            return NoRecord.BORN_ABROAD
        if self._course.no_record is NoRecord.DESTROYED and left >= _RETAINED:
            return None  # who followed later left in time
        return self._course.no_record

    @staticmethod
    def _number(index: int, left: int | None, no_record: NoRecord | None) -> IndividualNumber | None:
        return numbering.individual_number(index) if _was_registered_since(_NUMBERS, left, no_record) else None

    def _record_code(self, index: int, left: int | None, no_record: NoRecord | None) -> ResidentRecordCode | None:
        if not _was_registered_since(_RECORD_CODES, left, no_record):
            return None
        if self._dice.falls(self._rates.record_code_uncertain):
            return numbering.uncertain_record_code(index)
        return numbering.resident_record_code(index)

    def _fate(self, arrived: int) -> tuple[Ending, date | None]:
        """Draw how a member's life abroad ends: as the household's, unless death or loss of nationality is first."""
        dice, rates, course = self._dice, self._rates, self._course
        fate = dice.share()
        if fate < rates.died + rates.nationality_lost:
            day = dice.between(min(arrived + 30, course.until - 15), course.until - 15)
            return (Ending.DIED if fate < rates.died else Ending.NATIONALITY_LOST), date.fromordinal(day)
        return course.ending, None if course.ended is None else date.fromordinal(course.ended)

    def _birth_in_register(self, birth: int) -> IncompleteDate:
        day = date.fromordinal(birth)
        if self._dice.falls(self._rates.birth_date_unknown):
            return half_known(day, self._dice.share())
        return on(day)

    def _day_at_home(self, rate: float, left: int | None, not_before: int = 0) -> date | None:
        """Draw a day at the last home on which something of that rate happened; None if it did not."""
        if left is None or not self._dice.falls(rate):
            return None
        first, last = max(self._course.home.since.toordinal() + 5, not_before), left - 20
        return date.fromordinal(self._dice.between(first, last)) if first <= last else None

    def _wed_on(self, who: Who, left: int | None) -> date | None:
        return self._day_at_home(self._rates.wed_before_leaving, left) if who.maiden else None

    def _former_recorded_on(self, who: Who, left: int | None, wed_on: date | None) -> date | None:
        if who.maiden is None:
            return None
        not_before = _FORMER_SURNAMES if wed_on is None else max(_FORMER_SURNAMES, wed_on.toordinal() + 1)
        return self._day_at_home(self._rates.former_surname_recorded, left, not_before)

    def _number_changed_on(self, left: int | None) -> date | None:
        return self._day_at_home(self._rates.number_changed, left, _NUMBERS + 60)

    def _record_code_changed_on(self, left: int | None) -> date | None:
        return self._day_at_home(self._rates.record_code_changed, left, _RECORD_CODES + 60)


def _was_registered_since(day: int, left: int | None, no_record: NoRecord | None) -> bool:
    """Whether a person was in a 住民基本台帳 on a day or after; who never filed the 転出届 still is."""
    return left is not None and (left >= day or no_record is NoRecord.NEVER_FILED)
