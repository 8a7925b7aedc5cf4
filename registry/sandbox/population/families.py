"""世帯の人々 — who belongs to a household: kin, ages, names and marriages."""

from datetime import date
from functools import lru_cache
from typing import Final

from registry.domain.basic_four import Honseki, Sex
from registry.domain.movement import Contact
from registry.sandbox.population.courses import DAYS_OF_A_YEAR, course
from registry.sandbox.population.luck import Dice
from registry.sandbox.population.members import Fates, Who
from registry.sandbox.population.names import Names, Written, names
from registry.sandbox.population.places import Atlas, Town, register_place
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.truth import (
    Household,
    Outsider,
    Person,
    Relation,
    Wedding,
)

_MALE, _FEMALE = Sex.MALE, Sex.FEMALE
_YEAR: Final = DAYS_OF_A_YEAR
_GROWN: Final = int(18 * _YEAR)
_BETWEEN_BIRTHS: Final = 300


class Family:
    """Puts one household together; members are added one by one, the head first.

    ``index`` is that of the head, ``room`` how many people there may be at most.
    """

    def __init__(self, dice: Dice, rates: Rates, atlas: Atlas, index: int, room: int) -> None:
        self._dice = dice
        self._rates = rates
        self._atlas = atlas
        self._index = index
        self._room = room
        self._names: Names = names()
        self._course = course(dice, rates, atlas)
        self._fates = Fates(dice, rates, self._course)
        self._people: list[Person] = []

    def household(self, seen: list[Person]) -> Household:
        """Return the household; ``seen`` collects people who live alone, of whom a namesake may come later."""
        foreign = None
        if self._room == 1 or self._dice.falls(self._rates.alone):
            self._add_alone(seen)
        elif self._dice.falls(self._rates.foreign_spouse):
            foreign = self._add_with_foreign_spouse()
        else:
            self._add_couple()
        return self._closed(foreign)

    # ---------------------------------------------------------------- who they are
    def _add_alone(self, seen: list[Person]) -> None:
        dice, rates = self._dice, self._rates
        sex, birth = self._adult()
        surname, given = self._names.surname(dice.share), self._given(sex, birth)
        if dice.falls(rates.naturalised):
            surname, given = self._foreign_name(sex)
        if seen and dice.falls(rates.namesakes):
            other = seen[dice.below(len(seen))]
            if other.birth.toordinal() <= self._course.left - _GROWN:
                surname, given, sex, birth = other.surname, other.given, other.sex, other.birth.toordinal()
        parent = self._given(_MALE, birth - 30 * 365) if dice.falls(0.5) else given
        honseki = self._honseki(surname, parent)
        wedding = self._wedding(sex) if dice.falls(rates.married_abroad) else None
        self._add(Who(Relation.HEAD, sex, birth, surname, given, honseki, wedding=wedding))
        seen.append(self._people[0])

    def _add_with_foreign_spouse(self) -> Outsider | None:
        """Add the Japanese half of a couple and the children; return the other half if it left Japan as well."""
        dice = self._dice
        sex, birth = self._adult()
        surname, given = self._names.surname(dice.share), self._given(sex, birth)
        honseki = self._honseki(surname, given)
        self._add(Who(Relation.HEAD, sex, birth, surname, given, honseki))
        other_sex = _MALE if sex is _FEMALE else _FEMALE
        other_surname, other_given = self._foreign_name(other_sex)
        self._add_children(surname, honseki, mother=birth, later=0, foreign=self._rates.foreign_given_names)
        if not dice.falls(0.6):
            return None
        other_birth = date.fromordinal(birth + dice.between(-2000, 2000))
        return Outsider(surname=other_surname, given=other_given, sex=other_sex, birth=other_birth)

    def _add_couple(self) -> None:
        dice, rates = self._dice, self._rates
        sex, birth = self._adult()
        other_sex = _MALE if sex is _FEMALE else _FEMALE
        other_birth = min(birth + dice.between(-2200, 2200), self._course.left - _GROWN)
        surname = self._names.surname(dice.share)
        given, other_given = self._given(sex, birth), self._given(other_sex, other_birth)
        honseki = self._honseki(surname, given if sex is _MALE else other_given)
        later = dice.between(60, min(300, self._course.until - self._course.arrived - 60))
        later = later if dice.falls(rates.follows_later) else 0
        maiden = self._names.surname(dice.share)
        own, others = (maiden, None) if sex is _FEMALE else (None, maiden)
        self._add(Who(Relation.HEAD, sex, birth, surname, given, honseki, own))
        self._add(Who(Relation.SPOUSE, other_sex, other_birth, surname, other_given, honseki, others, later=later))
        mother = birth if sex is _FEMALE else other_birth
        self._add_children(surname, honseki, mother=mother, later=later)

    def _add_children(self, surname: Written, honseki: Honseki, *, mother: int, later: int, foreign: float = 0) -> None:
        dice = self._dice
        if not dice.falls(self._rates.children):
            return
        for _ in range(1 + dice.falls(0.55) + dice.falls(0.15)):
            birth, is_abroad = self._birth_of_child(mother, later)
            if birth is None or self._too_soon(birth):
                continue
            for _ in range(1 + dice.falls(self._rates.twins)):
                if len(self._people) < self._room:
                    sex = _FEMALE if dice.falls(0.5) else _MALE
                    given = self._given_to_child(sex, birth, foreign)
                    who = Who(Relation.CHILD, sex, birth, surname, given, honseki, later=later)
                    self._add(who._replace(is_born_abroad=is_abroad))

    def _birth_of_child(self, mother: int, later: int) -> tuple[int | None, bool]:
        """Draw a day of birth, in Japan or abroad; None where the mother's age leaves no day for it."""
        dice, course = self._dice, self._course
        if dice.falls(self._rates.children_born_abroad):
            first, last, is_abroad = course.arrived + later + 40, min(course.until - 40, mother + int(44 * _YEAR)), True
        else:
            first = max(mother + int(20 * _YEAR), course.left - int(20 * _YEAR))
            last, is_abroad = min(course.left - 100, mother + int(44 * _YEAR)), False
        return (dice.between(first, last) if first <= last else None), is_abroad

    def _too_soon(self, birth: int) -> bool:
        """Whether the family has another child born too close to that day for both to have one mother."""
        children = (one.birth.toordinal() for one in self._people if one.relation is Relation.CHILD)
        return any(abs(birth - other) < _BETWEEN_BIRTHS for other in children)

    # ---------------------------------------------------------------- what they are called
    def _adult(self) -> tuple[Sex, int]:
        """Draw sex and day of birth of who decides to go."""
        dice = self._dice
        sex = _FEMALE if dice.falls(self._rates.women) else _MALE
        age = 19 + 46 * dice.share() * dice.share()
        return sex, self._course.left - int(age * _YEAR) - 1

    def _given(self, sex: Sex, birth: int) -> Written:
        return self._names.given(sex, int(birth / _YEAR) + 1, self._dice.share)

    def _given_to_child(self, sex: Sex, birth: int, foreign: float) -> Written:
        """Draw a name that no brother or sister has, however written."""
        dice = self._dice
        while True:
            given = self._names.foreign(sex, dice.share) if dice.falls(foreign) else self._given(sex, birth)
            others = (one.given for one in self._people if one.relation is Relation.CHILD)
            if not any(given.kana == other.kana or given.typed == other.typed for other in others):
                return given

    def _foreign_name(self, sex: Sex) -> tuple[Written, Written]:
        return self._names.foreign("surname", self._dice.share), self._names.foreign(sex, self._dice.share)

    def _honseki(self, surname: Written, head: Written) -> Honseki:
        town: Town = self._course.home.town if self._dice.falls(0.45) else self._atlas.town(self._dice.share)
        return Honseki(text=register_place(town, self._dice.share()), head=f"{surname.kanji}　{head.kanji}")

    def _wedding(self, sex: Sex) -> Wedding | None:
        """Draw a marriage abroad in which this person takes the other's surname: wives do, 19 times in 20."""
        dice, course = self._dice, self._course
        if not dice.falls(0.95 if sex is _FEMALE else 0.2):
            return None
        surname = self._names.foreign("surname", dice.share) if dice.falls(0.3) else self._names.surname(dice.share)
        head = self._given(_MALE, course.left - 30 * 365)
        wedded = date.fromordinal(dice.between(course.arrived + 40, course.until - 40))
        return Wedding(on=wedded, surname=surname, honseki=self._honseki(surname, head))

    # ---------------------------------------------------------------- the household as a whole
    def _add(self, who: Who) -> None:
        self._people.append(self._fates.person(who, self._index + len(self._people), self._index))

    def _closed(self, foreign: Outsider | None) -> Household:
        dice, rates, course = self._dice, self._rates, self._course
        head = self._people[0]
        states_end = not course.permanent and dice.falls(rates.states_planned_end)
        return Household(
            index=self._index,
            people=tuple(self._people),
            stays=course.stays,
            contact=_contact(head, dice.below(100)),
            luck=dice.key(),
            planned_end=date.fromordinal(course.arrived + dice.between(200, 1500)) if states_end else None,
            ever_reports=not dice.falls(rates.never_filed_residence),
            foreign=foreign,
        )


@lru_cache(maxsize=8192)
def _mailbox(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())


def _contact(head: Person, line: int) -> Contact:
    """Return how to reach a household: telephones 555-01xx, mail to example.com."""
    return Contact(
        telephone=f"555-01{line:02}",
        email=f"{_mailbox(head.given.latin)}.{head.index}@example.com",
        emergency=f"{head.surname.kanji}（親族）",
        in_japan=f"03-0000-01{line:02}",
    )
