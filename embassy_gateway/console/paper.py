"""A paper as it was typed becomes a report as it travels, and back; and what is wrong leads to its field.

Nothing typed is changed but this: blanks around it go, a day in the Japanese calendar becomes that day where the report
wants one, and what is not filled in is left out. What cannot be read stays as it was typed and is a fault.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from embassy_gateway.console.fields import Kind, Placed, placed
from embassy_gateway.console.keeping import Typed
from registry.contract.decoding import encode
from registry.contract.problems import FaultEntry
from registry.domain.date_reading import read
from registry.domain.dates import Precision
from registry.domain.errors import InvalidInput
from registry.domain.residence_report import LARGEST_HOUSEHOLD

PEOPLE: Final = "people"
"""The field that says how many people the form has."""
MENDS: Final = "mends"
"""The field that says which report of the spool this one takes the place of."""
_LONGEST_NUMBER: Final = 9
_BOOLEANS: Final = {"true": True, "false": False}


class Misread(msgspec.Struct, frozen=True):
    """A fault with the field that it leads to; None where it concerns the report as a whole."""

    fault: FaultEntry
    at: Placed | None


def people_in(typed: Typed) -> int:
    """Return how many people the form has: at least one."""
    return min(max(_number(typed.get(PEOPLE)) or 1, 1), LARGEST_HOUSEHOLD)


def mends(typed: Typed) -> int | None:
    """Return which report of the spool a paper takes the place of."""
    return _number(typed.get(MENDS))


def _number(text: str | None) -> int | None:
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text or "0") if is_one else None


def kept(form: Mapping[str, str]) -> Typed:
    """Return of what a browser sent what belongs to the form."""
    people = people_in(dict(form))
    names = {one.name for one in placed(people)} | {MENDS}
    return {PEOPLE: str(people)} | {name: value for name, value in form.items() if name in names and value}


def report_of(typed: Typed, mission: str) -> bytes:
    """Write the report that was typed, for one mission."""
    tree: dict[str, Any] = {"mission": mission, "people": [{} for _ in range(people_in(typed))]}
    for one in placed(people_in(typed)):
        text = typed.get(one.name, "").strip()
        if text:
            _put(tree, one.name.split("/")[1:], _value(one.field.kind, text))
    return encode(tree)


def typed_of(report: bytes) -> Typed:
    """Return what would have to be typed for a report, so that it can be mended."""
    tree = msgspec.json.decode(report)
    people = tree.get("people") if isinstance(tree, dict) else None
    count = len(people) if isinstance(people, list) else 1
    found = {one.name: _text(_at(tree, one.name.split("/")[1:])) for one in placed(count)}
    return {PEOPLE: str(max(count, 1))} | {name: text for name, text in found.items() if text}


def with_person(typed: Typed) -> Typed:
    """Return what was typed with room for one more."""
    return typed | {PEOPLE: str(min(people_in(typed) + 1, LARGEST_HOUSEHOLD))}


def without_person(typed: Typed, gone: int) -> Typed:
    """Return what was typed without one of the people; those behind move up."""
    people = people_in(typed)
    if people == 1 or gone >= people:
        return typed
    left: Typed = {PEOPLE: str(people - 1)}
    for name, value in typed.items():
        parts = name.split("/")
        if name.startswith("/people/") and int(parts[2]) == gone:
            continue
        if name.startswith("/people/") and int(parts[2]) > gone:
            parts[2] = str(int(parts[2]) - 1)
        if name != PEOPLE:
            left["/".join(parts)] = value
    return left


def misread(faults: Iterable[FaultEntry], typed: Typed) -> tuple[Misread, ...]:
    """Lead each fault to its field: the one at its place, or the first of those below or around it; in that order."""
    fields = tuple(placed(people_in(typed)))
    order = {one.name: number for number, one in enumerate(fields)}
    found = (Misread(fault, _field_of(fault.pointer, fields)) for fault in faults)
    return tuple(sorted(found, key=lambda one: -1 if one.at is None else order[one.at.name]))


def _field_of(pointer: str, fields: Iterable[Placed]) -> Placed | None:
    if not pointer:
        return None
    near = (one for one in fields if f"{one.name}/".startswith(f"{pointer}/") or pointer.startswith(f"{one.name}/"))
    return next(near, None)


def _value(kind: Kind, text: str) -> Any:
    if kind is Kind.LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind in {Kind.TICK, Kind.YES_OR_NO}:
        return _BOOLEANS.get(text, text)
    return _day(text) if kind is Kind.DAY else text


def _day(text: str) -> str:
    """Return the day that a text names in either calendar; what names none stays as it is."""
    try:
        found = read(text)
    except InvalidInput:
        return text
    return found.earliest.isoformat() if found.precision is Precision.DAY and found.earliest == found.latest else text


def as_read(text: str) -> tuple[date, date] | None:
    """Return the first and the last day that a date may be; None for what is no date."""
    try:
        found = read(text.strip())
    except InvalidInput:
        return None
    return found.earliest, found.latest


def _put(tree: Any, path: list[str], value: Any) -> None:
    *above, last = path
    for step in above:
        tree = tree[int(step)] if isinstance(tree, list) else tree.setdefault(step, {})
    tree[last] = value


def _at(tree: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(tree, list):
            tree = tree[int(step)] if int(step) < len(tree) else None
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)
