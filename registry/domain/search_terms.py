"""検索項目 — by which terms a record can be found, and which terms an inquiry may bring.

A search is one of a closed list, each with a minimum of keys (番号法16条, 標準仕様書 2.1.2): a number, a code, or a
name together with the date of birth. Never a name, sex or date of birth alone. Past names find as well as present ones,
and every script in which a name was stated finds it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

from registry.domain.basic_four import Confidential, PersonName
from registry.domain.dates import IncompleteDate, Precision
from registry.domain.reconciliation import Identity
from registry.domain.spelling import fold_kana, fold_kanji, fold_latin


class TermKind(StrEnum):
    """The kinds of terms. STRONG ones name one living person; the others are compounds with the date of birth."""

    INDIVIDUAL_NUMBER = "individual-number"
    RESIDENT_RECORD_CODE = "resident-record-code"
    ADDRESSEE_NUMBER = "addressee-number"
    """宛名番号, together with the municipality that gave it."""
    NAME_AND_BIRTH_DATE = "name-and-birth-date"
    NAME_AND_BIRTH_MONTH = "name-and-birth-month"
    NAME_AND_BIRTH_YEAR = "name-and-birth-year"


STRONG = frozenset({TermKind.INDIVIDUAL_NUMBER, TermKind.RESIDENT_RECORD_CODE})

_BIRTH_KIND = {
    Precision.DAY: TermKind.NAME_AND_BIRTH_DATE,
    Precision.MONTH: TermKind.NAME_AND_BIRTH_MONTH,
    Precision.YEAR: TermKind.NAME_AND_BIRTH_YEAR,
}


class Term(Confidential, frozen=True, kw_only=False):
    """One term: its kind and its parts, already folded. The parts are personal data; they live in memory only."""

    kind: TermKind
    parts: tuple[str, ...]


def terms(identities: Iterable[Identity]) -> frozenset[Term]:
    """Return every term by which a person with these identities can be found: each name with each date of birth."""
    known = tuple(identities)
    names = {one.name for one in known if one.name is not None}
    births = {one.birth_date for one in known if one.birth_date is not None}
    compounds = (term for name in names for birth in births for term in name_terms(name, birth))
    return frozenset(compounds) | strong_terms(known)


def strong_terms(identities: Iterable[Identity]) -> frozenset[Term]:
    """Return the terms of all numbers and codes."""
    return frozenset(term for one in identities for term in _strong(one))


def _strong(identity: Identity) -> Iterator[Term]:
    if identity.individual_number is not None:
        yield Term(TermKind.INDIVIDUAL_NUMBER, (identity.individual_number.reveal(),))
    if identity.resident_record_code is not None:
        yield Term(TermKind.RESIDENT_RECORD_CODE, (identity.resident_record_code.reveal(),))


def name_terms(name: PersonName, birth_date: IncompleteDate) -> Iterator[Term]:
    """Yield a term for each script of the name, bound to what is known of the date of birth; none without any."""
    kind = _BIRTH_KIND.get(birth_date.precision)
    if kind is None:
        return
    for spelling in sorted(spellings(name)):
        yield Term(kind, (spelling, birth_date.iso()))


def asked_terms(name: PersonName, birth: date) -> frozenset[Term]:
    """Return the terms of a question by name and complete date of birth; a record may know less of the date."""
    known = (birth.isoformat(), f"{birth:%Y-%m}-00", f"{birth:%Y}-00-00")
    forms = spellings(name)
    return frozenset(
        Term(kind, (form, text)) for kind, text in zip(_BIRTH_KIND.values(), known, strict=True) for form in forms
    )


def spellings(name: PersonName) -> frozenset[str]:
    """Return every folded form under which the name may be asked for: kanji, kana, Latin, with the former surname."""
    forms = {name.kanji_key, name.kana_key, name.latin_key, fold_latin(name.given_latin + name.surname_latin)}
    if name.former_surname:
        forms |= {fold_kanji(name.former_surname + name.given), fold_kana(name.former_surname + name.given_kana)}
    return frozenset(forms - {""})
