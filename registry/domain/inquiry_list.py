"""除票の照会 — the inquiry list: the registry asks the municipality of the last residence for a 除票 that did not come.

A mission reports who lives abroad; the 除票 comes with the municipality's own extract, or it does not: the 転出届 was
filed late and handled ex officio (職権消除), the extract left the line out, or the 本籍 is on one side only and nothing
joined the two. Municipalities may be asked for the 除票 of a former resident where the law gives the asking body the
affair (住基法15条の4第2項, unverified) and then hand over a line that they would otherwise keep (``removed_record``).

**What a question tells.** Enough to find one line, and no more: the municipality's own 宛名番号 where the registry
knows it, and then nothing else; otherwise name, reading, date of birth and sex, as they were when the person left.
Never a 個人番号 (番号法19条: nobody needs it to look up a name) and never a 住民票コード (住基法
30条の37, unverified).

**What an answer proves.** The municipality found exactly one such person where the report says that they lived. That
joins the 除票 to the record, and leaves the link UNCONFIRMED: a likeness is a likeness, whoever looked.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, Final

from msgspec import Meta

from registry.domain.basic_four import (
    Confidential,
    Difference,
    PersonName,
    Sex,
    compare_birth_dates,
    compare_names,
    compare_sexes,
)
from registry.domain.dates import IncompleteDate
from registry.domain.municipality import MunicipalityCode, MunicipalityTable
from registry.domain.question import Finding
from registry.domain.reconciliation import Identity, Outcome, Result
from registry.domain.removed_record import Holding, RemovedRecord

TIME_TO_COME_BY_ITSELF: Final = timedelta(days=45)
"""How long a 除票 is waited for before it is asked for: extracts are monthly; one may just have left (unverified)."""

SAID_BY_THE_MUNICIPALITY: Final = frozenset(
    {Finding.NOT_HELD, Finding.NOT_MOVED_ABROAD, Finding.AMBIGUOUS, Finding.WITHHELD}
)
"""What a municipality may answer instead of the 除票 itself."""

FOR_PEOPLE: Final = frozenset({*SAID_BY_THE_MUNICIPALITY, Finding.SOMEBODY_ELSE})
"""Answers after which somebody has to look, as long as the record still lacks its 除票."""

_ALIKE: Final = frozenset({Difference.SAME, Difference.VARIANT})


class Sought(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is looked for in an extract: the municipality's own 宛名番号, or else name, date of birth and sex."""

    addressee_number: Annotated[str, Meta(pattern=r"^[0-9]{1,15}(?!\s)$")] | None = None
    name: PersonName | None = None
    birth_date: IncompleteDate | None = None
    sex: Sex = Sex.UNKNOWN


def calls_for_a_question(result: Result | None) -> bool:
    """Whether a 除票 is to be asked for: none stands with the report, and it can still be held.

    Never while people decide about the record, and not for whom there never was one (a birth abroad).
    """
    if result is None or result.outcome is not Outcome.NO_REMOVED_RECORD:
        return False
    return result.holding in {Holding.HELD, Holding.UNCERTAIN}


def sought(at_departure: Identity) -> Sought | None:
    """Return who to look for, by what was known of the person when they left; None where that finds nobody.

    A ledger of Japan has names in kanji and kana only, so Latin letters alone find nobody there and stay here.
    """
    name = at_departure.name
    if name is None or at_departure.birth_date is None or not (name.kanji_key or name.kana_key):
        return None
    told = PersonName(
        surname=name.surname, given=name.given, surname_kana=name.surname_kana, given_kana=name.given_kana
    )
    return Sought(name=told, birth_date=at_departure.birth_date, sex=at_departure.sex or Sex.UNKNOWN)


def whom_to_ask(
    last: MunicipalityCode,
    left: date,
    municipalities: MunicipalityTable,
    today: date,
    asked: Mapping[str, Finding],
) -> str | None:
    """Return the municipality to be asked next, or None where nobody is left.

    ``last`` is the municipality of the last residence by its code of then, ``left`` the day of departure. It may be
    gone: whoever keeps its records now is asked, one after the other, the next only where the one before holds nothing.
    A ward keeps its 住民基本台帳 itself (住基法38条), so it comes before its city. ``asked`` says what came of the
    questions about the same person so far.
    """
    keepers = municipalities.successors(last, since=left, on=today)
    cities = {row.city for code in keepers if (row := municipalities.find(code, today)) is not None}
    for keeper in map(str, sorted(keepers, key=lambda code: (code in cities, code))):
        if keeper not in asked:
            return keeper
        if asked[keeper] is not Finding.NOT_HELD:
            return None
    return None


def fits(who: Sought, record: RemovedRecord) -> bool:
    """Whether a 除票 is of the person looked for: their 宛名番号, or one line under that name, born then.

    Any line of the history may bear the name: who married since is still found under the name of then.
    """
    if who.addressee_number is not None:
        return record.addressee_number == who.addressee_number
    if who.name is None or who.birth_date is None:
        return False
    return any(
        compare_names(who.name, line.name) in _ALIKE
        and compare_birth_dates(who.birth_date, line.birth_date) is not Difference.DIFFERENT
        and compare_sexes(who.sex, line.sex) is not Difference.DIFFERENT
        for line in record.lines
    )


def may_be_one(identity: Identity, known: Iterable[Identity]) -> bool:
    """Whether nothing speaks against one person: two different numbers are two people (番号法2条5項).

    ``known`` is who the record's person is by every statement, numbers of the past included.
    """
    numbers = {one.individual_number for one in known} - {None}
    return identity.individual_number is None or not numbers or identity.individual_number in numbers
