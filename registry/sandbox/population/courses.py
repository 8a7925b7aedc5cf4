"""渡航から帰国まで — when a household left Japan, where it lived abroad and since when, and how that ended."""

from datetime import date
from typing import Final

import msgspec

from registry.domain.removed_record import Reason
from registry.sandbox.population.luck import Dice
from registry.sandbox.population.places import Atlas, Place, address_abroad, home_address
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.truth import PRESENT_DAY, RETAINED_FROM, Ending, Home, NoRecord, Stay

DAYS_OF_A_YEAR: Final = 365.2425
FIRST_DEPARTURE: Final = date(1985, 1, 1)
SHORTEST: Final = 150
"""Days abroad of the shortest life there; 旅券法16条 asks for three months."""

QUIET_BEFORE_PRESENT: Final = 130
"""Days before the present day in which nothing happens, so that even a late report has arrived."""

_FIRST: Final = FIRST_DEPARTURE.toordinal()
_RETAINED: Final = RETAINED_FROM.toordinal()
_LAST: Final = PRESENT_DAY.toordinal() - 365
_LATEST_END: Final = PRESENT_DAY.toordinal() - QUIET_BEFORE_PRESENT
_LONGEST_AT_HOME: Final = 15 * 365


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The days of a household, as ordinals: left Japan, arrived, and the last on which anything may happen.

    ``ending`` is that of the household as a whole; members may die or lose their nationality before. ``is_back_home``:
    who returns, returns to the municipality that was left.
    """

    permanent: bool
    left: int
    arrived: int
    until: int
    ending: Ending
    is_back_home: bool
    home: Home
    no_record: NoRecord | None
    stays: tuple[Stay, ...]

    @property
    def ended(self) -> int | None:
        """The last day abroad of who did not stay."""
        return None if self.ending is Ending.ABROAD else self.until


def course(dice: Dice, rates: Rates, atlas: Atlas) -> Course:
    """Draw the course of one household."""
    permanent = dice.falls(rates.permanent)
    left = _left(dice, rates, permanent=permanent)
    arrived = left + dice.below(10)
    ending, until = _ending(dice, rates, arrived)
    stays = _stays(dice, rates, atlas, arrived, until)
    return Course(
        permanent=permanent,
        left=left,
        arrived=arrived,
        until=until,
        ending=ending,
        is_back_home=dice.falls(rates.returned_to_same_municipality),
        home=_home(dice, rates, atlas, left, stays[0].place),
        no_record=_no_record(dice, rates, left),
        stays=stays,
    )


def _left(dice: Dice, rates: Rates, *, permanent: bool) -> int:
    """Draw the day of leaving; who does not stay for good left not long ago."""
    if dice.falls(rates.left_before_retention):
        return _FIRST + int((_RETAINED - _FIRST) * max(dice.share(), dice.share()))
    share = dice.share() if permanent else max(dice.share(), dice.share())
    return _RETAINED + int((_LAST - _RETAINED) * share)


def _ending(dice: Dice, rates: Rates, arrived: int) -> tuple[Ending, int]:
    fate = dice.share()
    if fate >= rates.returned + rates.presumed_departed:
        return Ending.ABROAD, _LATEST_END
    ending = Ending.RETURNED if fate < rates.returned else Ending.PRESUMED_DEPARTED
    return ending, dice.between(arrived + SHORTEST, _LATEST_END)


def _home(dice: Dice, rates: Rates, atlas: Atlas, left: int, bound_for: Place) -> Home:
    since = left - 60 - int(_LONGEST_AT_HOME * dice.share() * dice.share())
    moved = dice.between(since + 20, left - 20) if dice.falls(rates.moved_within_municipality) else None
    town = atlas.town(dice.share)
    address = home_address(town, date.fromordinal(left), dice.share())
    return Home(
        town=town,
        since=date.fromordinal(since),
        came=Reason.MOVED_IN_FROM_JAPAN if dice.falls(0.9) else Reason.MOVED_IN_FROM_ABROAD,
        address=address,
        first_address=address if moved is None else home_address(town, date.fromordinal(moved - 1), dice.share()),
        moved_on=None if moved is None else date.fromordinal(moved),
        bound_for=bound_for,
    )


def _no_record(dice: Dice, rates: Rates, left: int) -> NoRecord | None:
    """Say why a household has no 除票 of a 国外転出, if it has none."""
    if dice.falls(rates.never_filed_removal):
        return NoRecord.STRUCK_OFF if dice.falls(rates.struck_off_ex_officio) else NoRecord.NEVER_FILED
    if left < _RETAINED and not dice.falls(rates.kept_beyond_retention):
        return NoRecord.DESTROYED
    return None


def _stays(dice: Dice, rates: Rates, atlas: Atlas, arrived: int, until: int) -> tuple[Stay, ...]:
    """Draw the addresses abroad: the first, perhaps another in the same city, perhaps one under another mission."""
    stays = [_stay(dice, arrived, atlas.place(dice.share))]
    span = until - arrived
    if dice.falls(rates.moved_within_area):
        stays.append(_stay(dice, arrived + int(span * (0.3 + 0.3 * dice.share())), stays[0].place))
    if dice.falls(rates.moved_between_areas):
        place = _elsewhere(dice, atlas, stays[0].place)
        stays.append(_stay(dice, arrived + int(span * (0.65 + 0.3 * dice.share())), place))
    return tuple(stays)


def _elsewhere(dice: Dice, atlas: Atlas, here: Place) -> Place:
    """Draw a place under another mission; where there is only one mission, a place of that."""
    for _ in range(20):
        place = atlas.place(dice.share)
        if place.mission != here.mission:
            return place
    return here


def _stay(dice: Dice, since: int, place: Place) -> Stay:
    return Stay(since=date.fromordinal(since), place=place, address=address_abroad(place, dice.share()))
