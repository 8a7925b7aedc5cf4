"""受付 — a file becomes reports that may be sent, or every fault in them at once.

A mission's file is the report as it goes over the wire, or a list of such, with one member more: each of ``people``
may carry ``nationality``. Who is not Japanese is left at the mission before anything is stored or sent; only their
count is told. The registry collects Japanese nationals alone (番号法19条・20条), while the form also lists foreign
members of the household. Whoever carries no ``nationality`` is Japanese by the mission's own statement.

One that is no code of a country decides nothing, so that person is not stored either, and the report has a fault.
Sorting comes before checking: what is wrong about a foreign member is nobody's business.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from registry.contract.decoding import MAX_FAULTS, decode, encode
from registry.contract.mismatches import step
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput
from registry.domain.mission import MissionTable
from registry.domain.residence_report import ResidenceReport, check

MAX_FILE_BYTES: Final = 32 << 20
"""A file of many reports; one report has at most ``registry.contract.decoding.MAX_BYTES``."""

JAPANESE: Final = "JP"
_NATIONALITY: Final = "nationality"
_OWN_NUMBER: Final = re.compile(r"#([0-9]{1,9})")
_PERSON: Final = re.compile(r"/people/([0-9]+)((?:/.*)?)")


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is checked against: the gateway's own mission, the missions, the codes of countries.

    ``sent_as`` gives the key under which an earlier report of this spool travels, by its number; None if there is
    no such report, or it never leaves the mission.
    """

    mission: str
    missions: MissionTable
    countries: Collection[str]
    sent_as: Callable[[int], str | None]


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """One report after checking.

    ``body`` is what is kept: the canonical bytes of a good report, those of a faulty one as they came but for foreign
    members, None where the text cannot be read at all and nobody knows who is in it. ``left`` counts the
    foreign members. ``faults`` stop the report, ``warnings`` go along; pointers count people as the file does.
    """

    body: bytes | None
    left: int = 0
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


class _Members(list[tuple[str, Any]]):
    """A JSON object as its members came, those that stand twice included."""


def examine(text: bytes, rules: Rules, today: date) -> Iterator[tuple[bytes, Examined]]:
    """Check a file on the day it is handed in at the mission; yield each report as it came, and what it is.

    A file that is too long, or begins as a list and is none, comes out as one report that cannot be read.
    """
    try:
        items = _items(text)
    except InvalidInput as refused:
        yield text, Examined(body=None, faults=refused.faults)
        return
    for item in items:
        yield item, _examined(item, rules, today)


def _items(text: bytes) -> list[bytes]:
    """Take a list of reports apart, byte for byte; anything else is one report."""
    if len(text) > MAX_FILE_BYTES:
        raise InvalidInput(Fault(code=FaultCode.TOO_LONG, expected=f"at most {MAX_FILE_BYTES} bytes"))
    if not text.lstrip(b" \t\r\n").startswith(b"["):
        return [text]
    try:
        return [bytes(item) for item in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError):
        raise InvalidInput(Fault(code=FaultCode.WRONG_TYPE, expected="a JSON list of reports, whole")) from None


def _examined(item: bytes, rules: Rules, today: date) -> Examined:
    """Sort, read, check: (1) foreign members out (2) the shape (3) law, form, and this mission alone."""
    sieve = _Sieve(rules.countries)
    text = sieve.sift(item)  # (1)
    body, faults = text, Faults()
    try:
        report = decode(item if text is None else text, ResidenceReport)  # (2)
    except InvalidInput as refused:
        faults.take(refused.faults)
    else:
        report = _with_replaced_by_key(report, rules)
        body, faults = encode(report), check(report, rules.missions, today)  # (3)
        if (report.replaces or "").startswith("#"):
            faults.add(FaultCode.REPLACES_UNKNOWN_MOVEMENT, "/replaces", "# and the number of a report sent from here")
        if report.mission != rules.mission:
            faults.add(FaultCode.MISSION_NOT_COMPETENT, "/mission", f"{rules.mission}, the mission of this gateway")
    found = (*sieve.faults, *sieve.as_in_file(faults.errors))[:MAX_FAULTS]
    return Examined(
        body=text if found else body, left=sieve.left, faults=found, warnings=sieve.as_in_file(faults.warnings)
    )


def _with_replaced_by_key(report: ResidenceReport, rules: Rules) -> ResidenceReport:
    """Name the report that this one corrects by the key that the registry will know it by.

    Staff write ``"replaces": "#14"`` for report 14 of the spool: while the line is down there is no other name.
    """
    named = _OWN_NUMBER.fullmatch(report.replaces or "")
    key = None if named is None else rules.sent_as(int(named[1]))
    return report if key is None else msgspec.structs.replace(report, replaces=key)


class _Sieve:
    """Keeps foreign members out of one report; remembers how many, and who stood where in the file."""

    def __init__(self, countries: Collection[str]) -> None:
        self._countries = countries
        self._places: list[int] = []  # of the people who stay
        self.left = 0
        self.faults: list[Fault] = []

    def sift(self, item: bytes) -> bytes | None:
        """Return the report without them; None when the text cannot be read as an object."""
        try:
            tree = json.loads(item.decode(), object_pairs_hook=_Members)
            return _written(self._kept(tree, "")).encode() if isinstance(tree, _Members) else None
        except (ValueError, RecursionError):  # no JSON, no UTF-8, nested beyond reason: decode has the words for it
            return None

    def as_in_file(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """Let pointers count people as the file does, foreign members included."""
        return tuple(msgspec.structs.replace(fault, pointer=self._in_file(fault.pointer)) for fault in faults)

    def _in_file(self, pointer: str) -> str:
        found = _PERSON.fullmatch(pointer)
        return f"/people/{self._places[int(found[1])]}{found[2]}" if found else pointer

    def _kept(self, node: Any, at: str) -> Any:
        """Return a part of the tree without anyone who is not shown to be Japanese, wherever they stand in it."""
        if isinstance(node, _Members):
            bare = _PERSON.fullmatch(at) is not None  # a person's own nationality has done its work here
            return _Members(
                (name, self._kept(value, at + step(name)))
                for name, value in node
                if not (bare and name == _NATIONALITY) and self._may_stay(value, at + step(name))
            )
        if not isinstance(node, list):
            return node
        places = [place for place, value in enumerate(node) if self._may_stay(value, f"{at}/{place}")]
        if at == "/people":
            self._places = places
        return [self._kept(node[place], f"{at}/{place}") for place in places]

    def _may_stay(self, node: Any, at: str) -> bool:
        """Tell whether this may be stored; a foreign 筆頭者 and a nationality that says nothing are faults."""
        stated = [value for name, value in node if name == _NATIONALITY] if isinstance(node, _Members) else []
        if all(value == JAPANESE for value in stated):
            return True
        faults = Faults()
        if len(stated) > 1 or not isinstance(stated[0], str) or stated[0] not in self._countries:
            faults.add(FaultCode.OUT_OF_RANGE, f"{at}/{_NATIONALITY}", "a country in two letters (ISO 3166-1); JP")
        else:
            self.left += 1
            if at == "/people/0":
                faults.add(FaultCode.HEAD_MUST_BE_JAPANESE, at, "a Japanese national as the first of the people")
        self.faults.extend(faults.errors)
        return False


def _written(node: Any) -> str:
    """Write a tree as JSON again, members that stand twice included: they are to be found and named."""
    if isinstance(node, _Members):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(value)}" for name, value in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_written, node)) + "]"
    return json.dumps(node)
