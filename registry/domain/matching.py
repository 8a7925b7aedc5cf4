"""一致の確認 — is what somebody says the same as what is on record: yes, no, possibly, not known; never a value.

Two statements of an item are compared as everywhere else (``basic_four``): by the same folded spellings, with respect
for what a date leaves open. An item without such a rule is no item to compare. A date of birth is brought complete: a
range of days would be halved until one is left. Only one day is asked about.

**What is certain.** YES is said only of a record whose links are all confirmed, of an item on which the sources agree,
on a day on which the version holds in every possible world. Otherwise what is the same is only POSSIBLY so. Of the
個人番号 nothing at all is said on an unconfirmed link: that would tie it to a person (番号法19条).
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from registry.domain import basic_four
from registry.domain.basic_four import (
    AddressAbroad,
    AddressInJapan,
    Confidential,
    Difference,
    Honseki,
    PersonName,
    Sex,
)
from registry.domain.dates import Answer, IncompleteDate
from registry.domain.disclosure import Item
from registry.domain.errors import FaultCode, Faults
from registry.domain.numbers import IndividualNumber
from registry.domain.spelling import fold_place
from registry.domain.timeline import Version


class MatchAnswer(StrEnum):
    """What is said of one item. NOT_KNOWN: nothing is on record, or nothing that can be compared."""

    YES = "yes"
    NO = "no"
    POSSIBLY = "possibly"
    NOT_KNOWN = "not-known"


class Claims(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The values that an inquiry brings to be compared: the items for which there is a rule when two are the same."""

    name: PersonName | None = None
    birth_date: IncompleteDate | None = None
    sex: Sex | None = None
    address_abroad: AddressAbroad | None = None
    last_address: AddressInJapan | None = None
    honseki: Honseki | None = None
    individual_number: IndividualNumber | None = None

    @property
    def stated(self) -> frozenset[Item]:
        """The items for which there is a value."""
        return frozenset(Item(field) for field in self.__struct_fields__ if getattr(self, field) is not None)


MATCHABLE: Final = frozenset(map(Item, Claims.__struct_fields__))
"""The items that can be compared. Status and mission are not among them: of a few values, one is soon guessed."""


def check(claims: Claims, items: frozenset[Item], faults: Faults) -> None:
    """Note each item that is asked about without a value, each value that nobody asks about, and each too vague."""
    for item in sorted(items - claims.stated):
        faults.add(FaultCode.MISSING, f"/values/{item}", "a value for each of the fields")
    for item in sorted(claims.stated - items):
        faults.add(FaultCode.NOT_ALLOWED_HERE, f"/values/{item}", "values for the fields alone")
    if claims.name is not None and claims.name.is_blank:
        faults.add(FaultCode.NAME_MISSING, "/values/name", "a name in at least one script")
    if claims.birth_date is not None and not claims.birth_date.is_complete:
        faults.add(FaultCode.DATE_REQUIRED_COMPLETE, "/values/birth_date", "a complete date of birth")
    if claims.sex is Sex.UNKNOWN:
        faults.add(FaultCode.OUT_OF_RANGE, "/values/sex", "male or female")


def compare(
    claims: Claims, versions: Sequence[tuple[Version, Answer]], *, confirmed: bool
) -> Mapping[Item, MatchAnswer]:
    """Say of each item claimed whether it is what is on record; no values go in or out but the claims.

    ``versions`` are those that hold, or possibly hold, on the one day asked about; ``confirmed``: all links are.
    """
    return {item: _said(item, getattr(claims, item), versions, confirmed=confirmed) for item in claims.stated}


def _said(item: Item, claimed: Any, versions: Sequence[tuple[Version, Answer]], *, confirmed: bool) -> MatchAnswer:
    if item is Item.INDIVIDUAL_NUMBER and not confirmed:
        return MatchAnswer.NOT_KNOWN
    said = {_of_version(item, claimed, version) for version, _ in versions}
    if len(said) != 1:
        return MatchAnswer.POSSIBLY if said else MatchAnswer.NOT_KNOWN
    (only,) = said
    is_certain = confirmed and all(holds is Answer.YES for _, holds in versions)
    return MatchAnswer.POSSIBLY if only is MatchAnswer.YES and not is_certain else only


def _of_version(item: Item, claimed: Any, version: Version) -> MatchAnswer:
    on_record = getattr(version.state, item)
    if on_record is None:
        return MatchAnswer.NOT_KNOWN
    said = _RULES[item](claimed, on_record)
    is_open = item in version.disputed and said is not MatchAnswer.NOT_KNOWN
    return MatchAnswer.POSSIBLY if is_open else said


_OF_DIFFERENCE: Final = MappingProxyType(
    {
        Difference.SAME: MatchAnswer.YES,
        Difference.VARIANT: MatchAnswer.YES,
        Difference.LESS_PRECISE: MatchAnswer.POSSIBLY,
        Difference.ONE_SIDED: MatchAnswer.NOT_KNOWN,
        Difference.DIFFERENT: MatchAnswer.NO,
    }
)


def _by_difference(rule: Callable[[Any, Any], Difference]) -> Callable[[Any, Any], MatchAnswer]:
    return lambda claimed, on_record: _OF_DIFFERENCE[rule(claimed, on_record)]


def _last_addresses(claimed: AddressInJapan, on_record: AddressInJapan) -> MatchAnswer:
    """Compare the rest as well: elsewhere the municipality decides alone, here nobody is told YES to a wrong house."""
    if claimed.municipality != on_record.municipality:
        return MatchAnswer.NO
    same_house = fold_place(claimed.text) == fold_place(on_record.text)
    return MatchAnswer.YES if same_house else MatchAnswer.POSSIBLY


def _numbers(claimed: IndividualNumber, on_record: IndividualNumber) -> MatchAnswer:
    return MatchAnswer.YES if claimed == on_record else MatchAnswer.NO


_RULES: Final[Mapping[Item, Callable[[Any, Any], MatchAnswer]]] = MappingProxyType(
    {
        Item.NAME: _by_difference(basic_four.compare_names),
        Item.BIRTH_DATE: _by_difference(basic_four.compare_birth_dates),
        Item.SEX: _by_difference(basic_four.compare_sexes),
        Item.ADDRESS_ABROAD: _by_difference(basic_four.compare_addresses_abroad),
        Item.LAST_ADDRESS: _last_addresses,
        Item.HONSEKI: _by_difference(basic_four.compare_honseki),
        Item.INDIVIDUAL_NUMBER: _numbers,
    }
)
