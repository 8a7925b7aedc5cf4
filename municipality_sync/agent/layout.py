"""The map of one municipality's extract: encoding, columns and codes of its system, in words that we know.

The standard specification gives labels for 異動事由 and no code values (標準仕様書 1.2.2), and every system orders its
columns in its own way. So each municipality keeps one small TOML file that says how its extract is to be read:

    municipality = "131016"
    encoding = "cp932"                 # cp932, utf-8 or euc_jp; left out: whichever the heading can be read in
    delimiter = ","                    # comma, tab, semicolon or bar; left out: likewise
    file_name = "除票_{municipality}_{as_of}*.csv"   # left out: any name
    unknown_dates = ["99999999"]       # what the system writes for 年月日不詳
    unknown_part = "99"                # what it writes for an unknown month or day in a date of digits

    [columns]                          # our name = the heading in the file; what is not named here is never looked at
    addressee_number = "宛名番号"

    [eras]                             # code of the era in dates of seven digits (3600307)
    3 = "昭和"

    [reasons]                          # code in the file = label of the standard specification
    220 = "国外転出"

    [sexes]
    1 = "male"

    [nationalities]                    # "*" stands for every other code
    JPN = "japanese"
    "*" = "foreign"
"""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from registry.contract.mismatches import fitted, mismatches
from registry.contract.toml_text import read_toml
from registry.domain.basic_four import Sex
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.municipality import MunicipalityCode, MunicipalityTable
from registry.domain.removed_record import Reason

EVERY_OTHER: Final = "*"
"""Stands in ``nationalities`` for every code that is not listed."""

_PLACES: Final = ("{municipality}", "{as_of}")
_FILE_NAME: Final = re.compile(r"(?:[^{}/]|\{municipality\}|\{as_of\})*")
_MOST_STARS: Final = 3

DELIMITERS: Final = (",", "\t", ";", "|")

Heading = Annotated[str, Meta(min_length=1, max_length=100)]
Delimiter = Literal[",", "\t", ";", "|"]


class Encoding(StrEnum):
    """The encodings that an extract may have: in each of them a line end is a line end, byte by byte."""

    CP932 = "cp932"
    UTF_8 = "utf-8"
    EUC_JP = "euc_jp"


class Nationality(StrEnum):
    """Whether 国籍 is Japanese; more of it is none of the registry's business."""

    JAPANESE = "japanese"
    FOREIGN = "foreign"


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The headings of the columns that are read; the optional ones are not in every extract.

    ``…_as_written``: 不詳表記, which stands for the date beside it wherever it is filled in. ``municipality`` and
    ``as_of`` say in every line whose extract it is and of which day.
    """

    addressee_number: Heading
    history_number: Heading
    reason: Heading
    effective: Heading
    notified_on: Heading
    name: Heading
    birth_date: Heading
    sex: Heading
    nationality: Heading
    address: Heading
    honseki: Heading
    individual_number: Heading
    resident_record_code: Heading
    kana: Heading | None = None
    former_surname: Heading | None = None
    effective_as_written: Heading | None = None
    birth_date_as_written: Heading | None = None
    honseki_head: Heading | None = None
    address_municipality: Heading | None = None
    destination: Heading | None = None
    municipality: Heading | None = None
    as_of: Heading | None = None

    def named(self) -> dict[str, str]:
        """Return our name and the heading of each column that is read."""
        return {field: heading for field, heading in msgspec.structs.asdict(self).items() if heading is not None}


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the extract of one municipality is read; see the module's example.

    ``encoding`` and ``delimiter`` may be left to the heading to tell. ``file_name`` is how the system names its
    extracts: ``{municipality}`` and ``{as_of}`` (six or eight digits) where they stand in it, ``*`` for what changes.
    ``unknown_dates`` are cells that mean 年月日不詳; ``unknown_part`` is the month or day of a date in digits that
    nobody knows ("" where the system has no such habit); ``eras`` are its codes of eras.
    """

    municipality: MunicipalityCode
    columns: Columns
    reasons: dict[str, Reason]
    sexes: dict[str, Sex]
    nationalities: dict[str, Nationality]
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    file_name: Annotated[str, Meta(max_length=200)] = ""
    unknown_dates: tuple[str, ...] = ()
    unknown_part: Annotated[str, Meta(pattern="^([0-9]{2})?$")] = ""
    eras: dict[Annotated[str, Meta(pattern="^[0-9]$")], Literal["明治", "大正", "昭和", "平成", "令和"]] = {}


def read_layout(toml: bytes, municipalities: MunicipalityTable) -> Layout:
    """Read a layout file (TOML in UTF-8).

    Raises :class:`InvalidInput` with every fault; pointers lead into the file (``/columns/name``). A layout for a
    municipality that never existed is refused here, before it sends anyone's 除票 under a false name.
    """
    tree = read_toml(toml)
    layout = fitted(tree, Layout)
    faults = tuple(mismatches(tree, Layout)) if layout is None else tuple(_contradictions(layout, municipalities))
    if layout is None or faults:
        raise InvalidInput(*faults)
    return layout


def _contradictions(layout: Layout, municipalities: MunicipalityTable) -> Iterator[Fault]:
    """Name what has the right form and still cannot be right."""
    if layout.municipality.is_prefecture or not municipalities.history(layout.municipality):
        yield Fault(
            code=FaultCode.CODE_UNKNOWN, pointer="/municipality", expected="a municipality of the list of codes"
        )
    used = Counter(layout.columns.named().values())
    for field, heading in layout.columns.named().items():
        if used[heading] > 1:
            yield Fault(code=FaultCode.DUPLICATE, pointer=f"/columns/{field}", expected="each heading for one item")
    if not _is_form_of_names(layout.file_name):
        expected = f"a file name, with {' and '.join(_PLACES)} once at most and * up to three times"
        yield Fault(code=FaultCode.OUT_OF_RANGE, pointer="/file_name", expected=expected)
    if Reason.MOVED_ABROAD not in layout.reasons.values():
        yield Fault(code=FaultCode.MISSING, pointer="/reasons", expected="the code of 国外転出")
    if Nationality.JAPANESE not in layout.nationalities.values():
        yield Fault(code=FaultCode.MISSING, pointer="/nationalities", expected="the code of Japanese nationality")


def _is_form_of_names(form: str) -> bool:
    doubled = any(form.count(place) > 1 for place in _PLACES)
    return bool(_FILE_NAME.fullmatch(form)) and form.count("*") <= _MOST_STARS and not doubled
