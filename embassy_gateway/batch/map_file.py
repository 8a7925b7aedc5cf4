"""The map of an export of another service: its columns, codes and habits, in words that we know.

Services for 在留届 on line export one row a person, each in its own way. So each has one small TOML file:

    encoding = "cp932"                  # utf-8 or cp932; left out: whichever the file is in
    delimiter = ","                     # comma or tab; left out: whichever the heading shows
    date_order = "ymd"                  # of dates in digits whose year stands last: dmy or mdy
    unknown_dates = ["99999999"]        # what is written for 年月日不詳
    open_ended = ["永住", "未定"]        # what is written for a stay without a planned end
    heads = ["本人"]                     # what the column `relationship` says of the 筆頭者; left out: the first row
    of_head = ["mobile", "email"]       # items that each row has, and of which the head's are the household's

    [columns]                           # our name = the heading; what is not named here is never looked at
    household = "受付番号"               # rows of one value are one report; left out: each row is one
    birth_date = "生年月日"

    [fixed]                             # what is the same in every row and no column says
    kind = "residence"

    [kinds]                             # code in the file = residence, change, return, death, nationality-lost,
                                        #   nationality-regained, unreachable or annulment
    1 = "residence"

    [sexes]                             # = male, female or unknown
    1 = "male"

    [nationalities]                     # = country in two letters; "" = "JP" says that a blank is Japanese
    392 = "JP"

    [countries]                         # likewise, of the address
    [missions]                          # = code of the mission
    [born_abroad]                       # = true or false
    [retention_needed]                  # likewise, of 国籍留保
    [name_changes]                      # = marriage, divorce, … (civil_status.NameChange)
    [reporters]                         # = spouse, relative, … (civil_status.Reporter)

Countries and nationalities may stand in the file as ISO 3166-1 codes or as the names of the table of countries; then
they need no entry here.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from embassy_gateway.batch.fields import FIELDS, WHOLE_NAMES
from registry.contract.mismatches import fitted, mismatches, step
from registry.contract.toml_text import read_toml
from registry.domain.basic_four import Country, Sex
from registry.domain.civil_status import NameChange, Reporter
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.residence_report import ReportKind

_NEEDED: Final = ("kind", "effective", "notified_on", "birth_date", "nationality")
"""What every report says; without a column or a fixed value for each, no row can become one. Of the nationality too:
whoever is not known to be Japanese stays at the mission (番号法19条・20条)."""

_NO_ROW: Final = frozenset({"household", "relationship"})

Heading = Annotated[str, Meta(min_length=1, max_length=100)]
Code = Annotated[str, Meta(max_length=100)]


class Map(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the rows of one kind of file are read; see the module's example."""

    columns: dict[str, Heading]
    fixed: dict[str, Code] = {}
    encoding: Literal["utf-8", "cp932"] | None = None
    delimiter: Literal[",", "\t"] | None = None
    date_order: Literal["ymd", "dmy", "mdy"] = "ymd"
    unknown_dates: tuple[str, ...] = ()
    open_ended: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    of_head: tuple[str, ...] = ()
    kinds: dict[Code, ReportKind] = {}
    sexes: dict[Code, Sex] = {}
    nationalities: dict[Code, Country] = {}
    countries: dict[Code, Country] = {}
    missions: dict[Code, str] = {}
    born_abroad: dict[Code, bool] = {}
    retention_needed: dict[Code, bool] = {}
    name_changes: dict[Code, NameChange] = {}
    reporters: dict[Code, Reporter] = {}


def read_map(toml: bytes) -> Map:
    """Read a map file (TOML in UTF-8); raises :class:`InvalidInput` with every fault, pointers lead into the file."""
    tree = read_toml(toml)
    found = fitted(tree, Map)
    faults = tuple(mismatches(tree, Map)) if found is None else tuple(_contradictions(found))
    if found is None or faults:
        raise InvalidInput(*faults)
    return found


def _contradictions(found: Map) -> Iterator[Fault]:
    """Name what has the right form and still cannot be right."""
    named = " ".join(FIELDS)
    for table, fields in (("columns", found.columns), ("fixed", found.fixed), ("of_head", found.of_head)):
        for field in fields:
            if field not in FIELDS:
                yield Fault(code=FaultCode.UNKNOWN_FIELD, pointer=f"/{table}{step(field)}", expected=f"one of: {named}")
    said = found.columns.keys() | found.fixed.keys()
    for field in _NEEDED:
        if field not in said:
            yield Fault(code=FaultCode.MISSING, pointer=f"/columns/{field}", expected="a column, or a fixed value")
    if not said & {*WHOLE_NAMES, "surname", "surname_kana", "surname_latin"}:
        expected = "a column of the name: surname or name, in kanji, kana or Latin letters"
        yield Fault(code=FaultCode.MISSING, pointer="/columns/surname", expected=expected)
    yield from _doubled(found)
    if ("relationship" in found.columns) != bool(found.heads):
        expected = "with a column `relationship` what it says of the 筆頭者, and only then"
        yield Fault(code=FaultCode.MISSING, pointer="/heads", expected=expected)
    for field in found.of_head:
        if field in FIELDS and (FIELDS[field].is_of_person or field in _NO_ROW):
            yield Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/of_head", expected="items of the household")


def _doubled(found: Map) -> Iterator[Fault]:
    used = Counter(found.columns.values())
    for field, heading in found.columns.items():
        if used[heading] > 1:
            yield Fault(
                code=FaultCode.DUPLICATE, pointer=f"/columns{step(field)}", expected="each heading for one item"
            )
        if field in found.fixed:
            yield Fault(code=FaultCode.DUPLICATE, pointer=f"/fixed{step(field)}", expected="a column or a fixed value")
    for field in found.fixed.keys() & _NO_ROW:
        yield Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer=f"/fixed/{field}", expected="a column, or left out")
