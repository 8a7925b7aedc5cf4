"""真実 — what is true of invented people, before any office writes it down.

Days are whole dates here; whoever writes them down may know less. What is shared by a household (the home that it left,
its stays abroad) is one value that its members refer to.
"""

from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from registry.domain.basic_four import AddressAbroad, AddressInJapan, Confidential, Honseki, Sex
from registry.domain.dates import IncompleteDate
from registry.domain.movement import Contact
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import Reason
from registry.sandbox.population.names import Written
from registry.sandbox.population.places import Place, Town

PRESENT_DAY: Final = date(2025, 4, 1)
"""The day of the extract and of the last report; everyone has been abroad for a year by then."""

RECORD_CODES_FROM: Final = date(2002, 8, 5)
"""住民票コード were given to everyone in a 住民基本台帳 on this day (改正住基法の施行)."""

NUMBERS_FROM: Final = date(2015, 10, 5)
"""個人番号 likewise (番号法の施行)."""

RETAINED_FROM: Final = date(2014, 6, 20)
"""除票 of removals from this day on are kept (住基法施行令34条; see ``removed_record.held_on``)."""


class Relation(StrEnum):
    """続柄."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"


class Ending(StrEnum):
    """How a life abroad stands on the present day."""

    ABROAD = "abroad"
    RETURNED = "returned"
    PRESUMED_DEPARTED = "presumed-departed"
    DIED = "died"
    NATIONALITY_LOST = "nationality-lost"


class NoRecord(StrEnum):
    """Why there is no 除票 of a 国外転出."""

    BORN_ABROAD = "born-abroad"
    NEVER_FILED = "never-filed"
    STRUCK_OFF = "struck-off"
    DESTROYED = "destroyed"
    LOST = "lost"
    """A trouble of the register, no fact of life."""


class Home(Confidential, frozen=True, kw_only=True):
    """The last home in Japan: since when, how the household came, its addresses before and after a 転居, its goal.

    ``address`` is the last one, under the code of the day of leaving; ``first_address`` that before a 転居, if any.
    """

    town: Town
    since: date
    came: Reason
    address: AddressInJapan
    first_address: AddressInJapan
    moved_on: date | None
    bound_for: Place


class Wedding(Confidential, frozen=True, kw_only=True):
    """A marriage abroad by which a person takes another surname and another 本籍."""

    on: date
    surname: Written
    honseki: Honseki


class Tells(NamedTuple):
    """What a person writes on every form: the number, the code and so on; ``register_place`` is the whole 本籍."""

    number: bool
    record_code: bool
    passport: bool
    last_address: bool
    register_place: bool


class Stay(Confidential, frozen=True, kw_only=True):
    """One address abroad and the day from which the household lives there."""

    since: date
    place: Place
    address: AddressAbroad


class Person(Confidential, frozen=True, kw_only=True):
    """A Japanese national abroad. ``index`` is the place in the population, ``household`` the index of its head.

    ``maiden`` is the surname before a marriage in Japan, ``wed_on`` its day if it fell into the time at the last home.
    ``left`` is the day of 国外転出 (None for who was born abroad), ``arrived`` the first day abroad. ``is_back_home``:
    the return was to the last municipality. ``luck`` is the key of all that goes wrong with this person's papers.
    """

    index: int
    household: int
    relation: Relation
    sex: Sex
    birth: date
    birth_in_register: IncompleteDate
    surname: Written
    given: Written
    honseki: Honseki
    arrived: date
    tells: Tells
    luck: int
    maiden: Written | None = None
    wed_on: date | None = None
    former_recorded_on: date | None = None
    home: Home | None = None
    left: date | None = None
    no_record: NoRecord | None = None
    individual_number: IndividualNumber | None = None
    number_changed_on: date | None = None
    resident_record_code: ResidentRecordCode | None = None
    record_code_changed_on: date | None = None
    wedding: Wedding | None = None
    ending: Ending = Ending.ABROAD
    ended: date | None = None
    is_back_home: bool = False

    @property
    def born_abroad(self) -> bool:
        """Whether this person never lived in Japan."""
        return self.left is None

    def abroad_on(self, day: date) -> bool:
        """Whether this person lives abroad as a Japanese on a day; the day on which it ends counts."""
        return self.arrived <= day and (self.ended is None or day <= self.ended)

    def surname_on(self, day: date) -> Written:
        """Return the surname that this person has in the family register on a day abroad."""
        wedding = self.wedding
        return self.surname if wedding is None or day < wedding.on else wedding.surname


class Outsider(Confidential, frozen=True, kw_only=True):
    """Someone who stands in a municipal extract and is none of the registry's affairs, as a foreign spouse."""

    surname: Written
    given: Written
    sex: Sex
    birth: date


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """People who live together abroad. ``index`` is that of its head, who is first of ``people``."""

    index: int
    people: tuple[Person, ...]
    stays: tuple[Stay, ...]
    contact: Contact
    luck: int
    planned_end: date | None = None
    ever_reports: bool = True
    foreign: Outsider | None = None

    def stay_on(self, day: date) -> Stay:
        """Return where the household lives on a day abroad."""
        if len(self.stays) == 1:
            return self.stays[0]
        return next(stay for stay in reversed(self.stays) if stay.since <= day)
