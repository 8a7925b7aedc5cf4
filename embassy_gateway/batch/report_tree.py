"""A household's rows become the report that the mission's JSON would be, and every place of it knows its cell.

(1) The 筆頭者 comes first: the first row, or the one whose 続柄 says so.
(2) Foreign members are sorted out before anything else of theirs is looked at: of their rows nothing but the
    nationality goes on, by which the intake counts them (decision 0010). What is wrong there is nobody's business.
(3) Items of the household stand in the head's row; in the others they are blank or the same.
(4) Every cell is read; one that cannot be is a fault and goes on as it stands, so that nothing takes its absence for a
    statement. A household with a fault is not taken in.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from embassy_gateway.batch.fields import FIELDS, PERSON, WHOLE_NAMES, Field
from embassy_gateway.batch.findings import CellFault, FileFault
from embassy_gateway.batch.form import Form
from embassy_gateway.batch.households import Household
from embassy_gateway.batch.rows import Row
from embassy_gateway.batch.values import NoValue, Reader
from embassy_gateway.intake import JAPANESE
from registry.code_tables.files import Country
from registry.domain.errors import Fault

_PERSON_AT: Final = re.compile(r"/people/([0-9]+)")
_NO_PLACE: Final = frozenset({"household", "relationship", "nationality"})


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A report as the mission's JSON, what is wrong in its cells, and where in the file each pointer leads."""

    text: bytes
    faults: tuple[CellFault, ...]
    lines: tuple[int, ...]
    cells: Mapping[str, tuple[int, str]]

    def __repr__(self) -> str:
        return f"Draft({len(self.lines)} people)"


class Drafter:
    """Makes drafts of the households of one file."""

    def __init__(self, form: Form, mission: str, countries: Mapping[str, Country]) -> None:
        self._form = form
        self._mission = mission
        self._reader = Reader(form.map, countries)

    def draft(self, household: Household) -> Draft:
        """Return the report of a household of which at least one row could be read."""
        work = _Work(self._form, self._reader, list(household.rows))
        work.put_head_first()
        work.sort()
        work.read_household()
        work.close_address()
        work.read_people()
        tree = {"mission": self._mission} | work.tree
        return Draft(
            text=json.dumps(tree, ensure_ascii=False).encode(),
            faults=tuple(work.faults),
            lines=tuple(row.line for row in work.rows),
            cells=work.cells,
        )

    def in_file(self, fault: Fault, draft: Draft) -> CellFault:
        """Return a fault of the intake at the line and column where it is to be mended."""
        line, column = self._cell_of(fault.pointer, draft)
        return CellFault(line=line, column=column, code=fault.code, expected=fault.expected, severity=fault.severity)

    def _cell_of(self, pointer: str, draft: Draft) -> tuple[int, str]:
        """Find the cell: the very one, else one inside the place, else the column where it would stand."""
        found = draft.cells.get(pointer)
        if found is not None:
            return found
        at = _PERSON_AT.match(pointer)
        line = draft.lines[int(at[1]) if at and int(at[1]) < len(draft.lines) else 0]
        general = _PERSON_AT.sub(PERSON, pointer)
        for name, heading in self._form.map.columns.items():
            place = FIELDS[name].pointer
            if general != PERSON and (place == general or place.startswith(f"{general}/")):
                return line, heading
        inside = (cell for place, cell in draft.cells.items() if pointer.startswith(f"{place}/"))
        return next(inside, (line, ""))


class _Work:
    """One household on its way to a report."""

    def __init__(self, form: Form, reader: Reader, rows: list[Row]) -> None:
        self._map = form.map
        self._reader = reader
        self.rows = rows
        self.tree: dict[str, Any] = {}
        self.faults: list[CellFault] = []
        self.cells: dict[str, tuple[int, str]] = {}
        self._nationalities: list[str] = []

    def put_head_first(self) -> None:
        """(1) Let the 筆頭者 be the first of the people."""
        column = self._map.columns.get("relationship")
        if column is None:
            return
        heads = [row for row in self.rows if row.cells.get("relationship") in self._map.heads]
        if len(heads) == 1:
            self.rows.sort(key=lambda row: row is not heads[0])
            return
        line = heads[1].line if heads else self.rows[0].line
        expected = "one row of the household that the map's `heads` call the head, 筆頭者"
        self.faults.append(CellFault(line=line, column=column, code=FileFault.HEAD_UNCLEAR, expected=expected))

    def sort(self) -> None:
        """(2) Note everyone's nationality; one that says nothing stays as it is written, and is a fault."""
        for index, row in enumerate(self.rows):
            text = self._text(row, "nationality")
            self._place(f"/people/{index}/nationality", row, "nationality")
            try:
                self._nationalities.append(self._reader.nationality(text))
            except NoValue as wrong:
                self._nationalities.append(text)
                self._fault(row, "nationality", wrong)

    def read_household(self) -> None:
        """(3) Read the items of the household from the head's row, and hold the others' against them."""
        head = self.rows[0]
        for name in self._said():
            if FIELDS[name].is_of_person or name in _NO_PLACE:
                continue
            text = self._text(head, name)
            if text:
                self._put(self.tree, FIELDS[name], head, name, FIELDS[name].pointer)
            if name in self._map.columns and name not in self._map.of_head:
                self._differing(name, text)

    def _differing(self, name: str, text: str) -> None:
        for index, row in enumerate(self.rows):
            if index and self._nationalities[index] == JAPANESE and row.cells.get(name, text) != text:
                expected = f"the same as in line {self.rows[0].line}, or blank"
                column = self._map.columns[name]
                code = FileFault.HOUSEHOLD_DIFFERS
                self.faults.append(CellFault(line=row.line, column=column, code=code, expected=expected))

    def close_address(self) -> None:
        """Make the lines of the address a list; one that is left blank between two others is none."""
        address = self.tree.get("address_abroad", {})
        written = sorted(address.get("lines", {}).items())
        if written:
            address["lines"] = [text for _, text in written]
        at = "/address_abroad/lines/"
        cells = [self.cells.pop(at + index) for index, _ in written if at + index in self.cells]
        self.cells.update((f"{at}{index}", cell) for index, cell in enumerate(cells))

    def read_people(self) -> None:
        """(4) Read what each row says of its person; of a foreign member, the nationality alone."""
        people = []
        for index, (row, nationality) in enumerate(zip(self.rows, self._nationalities, strict=True)):
            person: dict[str, Any] = {"nationality": nationality}
            if nationality == JAPANESE:
                for name in self._said():
                    if FIELDS[name].is_of_person and name not in _NO_PLACE and self._text(row, name):
                        self._put(person, FIELDS[name], row, name, FIELDS[name].pointer.replace("*", str(index), 1))
            people.append(person)
        self.tree["people"] = people

    def _said(self) -> Iterator[str]:
        """Yield the fields that the file says anything of."""
        return (name for name in FIELDS if name in self._map.columns or name in self._map.fixed)

    def _text(self, row: Row, name: str) -> str:
        return row.cells.get(name, self._map.fixed.get(name, ""))

    def _put(self, tree: dict[str, Any], field: Field, row: Row, name: str, pointer: str) -> None:
        """Read one cell and put what it says where it belongs."""
        text = self._text(row, name)
        try:
            value = self._reader.value(name, text)
        except NoValue as wrong:
            self._fault(row, name, wrong)
            value = text
        if value is None or (value is False and name == "born_abroad"):
            return  # said as a word, and the same as nothing said
        parts = _parts_of_name(name, str(value)) if name in WHOLE_NAMES else {"": value}
        for part, said in parts.items():
            inner = field.pointer.removeprefix(PERSON)
            steps = [*inner.strip("/").split("/"), *([part] if part else [])]
            _grow(tree, steps, said)
            self._place(f"{pointer}/{part}" if part else pointer, row, name)
        self._place(pointer, row, name)

    def _place(self, pointer: str, row: Row, name: str) -> None:
        if name in self._map.columns:
            self.cells[pointer] = (row.line, self._map.columns[name])

    def _fault(self, row: Row, name: str, wrong: NoValue) -> None:
        column = self._map.columns.get(name, "")
        self.faults.append(CellFault(line=row.line, column=column, code=wrong.code, expected=wrong.expected))


def _parts_of_name(name: str, text: str) -> dict[str, str]:
    """Split a whole name at its first gap; one without a gap stands in the surname (``PersonName``)."""
    surname, given = WHOLE_NAMES[name]
    first, _, rest = text.partition("\u3000" if "\u3000" in text else " ")
    return {surname: first, given: rest.strip()} if rest else {surname: text}


def _grow(tree: dict[str, Any], steps: Iterable[str], value: object) -> None:
    """Put a value at the end of the steps, and make the objects on the way."""
    *way, last = steps
    for one in way:
        tree = tree.setdefault(one, {})
    tree[last] = value
