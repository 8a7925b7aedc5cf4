"""Who must stay, stays: domestic movers and foreign nationals of an extract are on no wire and in no table.

The demo is played with real programs, and what passes over the line is overheard. Afterwards the database is dumped as
it lies there, and every sealed blob is opened with the registry's own keys. Each search for those who must not be there
is tried on those who must.
"""

import asyncio
import csv
import json
import subprocess
import unicodedata
from contextlib import ExitStack
from functools import cache
from typing import NamedTuple

import pytest
from rich.console import Console
from sqlalchemy import select, text

from municipality_sync.agent.date_habits import read_date
from municipality_sync.agent.layout import read_layout
from registry.code_tables.files import load_municipalities
from registry.contract.decoding import encode
from registry.domain.basic_four import PersonName
from registry.domain.search_terms import Term, TermKind, name_terms
from registry.sandbox import stage as staging
from registry.sandbox.demo import EXTRACTS, REPORTS, SAMPLES, tell
from registry.sandbox.line import Line
from registry.settings import Settings
from registry.store import callers, proposals, protection, records, submissions
from registry.store import tables as t
from registry.store.embedded_binaries import find_binaries
from registry.vault.sealing import open_sealed
from registry.vault.search_keys import SearchKey, SearchKeys
from registry.wiring import FIRST_GENERATION, resources
from tests.logged import read_log
from tests.planted import _coded, _spelled, _written

STAYING_NAMES = ("留守", "HOMEBODY", "ﾎｰﾑﾎﾞﾃﾞｨ", "ホームボディ")
"""Planted: everybody of these names stays in the town hall, or at the mission, and nobody else is called so."""
ONLY_REPORTED = ("藤田　和夫",)
"""Left before 除票 were kept for long: the mission knows him, the town hall does not any more."""
HELD_BACK = {"0131000413", "0131000421", "0131000430", "0131000448"}
"""Their lines have faults that the town hall has to mend first."""
NEVER_HEARD_OF = "0131000316"
"""His removal was taken back before the registry heard of it: he is on the wire, and there is nothing to keep."""

NUMBERS = {TermKind.INDIVIDUAL_NUMBER: "個人番号", TermKind.RESIDENT_RECORD_CODE: "住民票コード"}
MARKS = ("氏名", "氏名カナ", "生年月日", "本籍", "筆頭者", "住所", "宛名番号", "個人番号", "住民票コード")
TELLING = {"text", "head", "passport_number", "telephone", "mobile", "email", "lines", "individual_number"}
"""Items of a report that name a person or a place where only one household lives."""
SHORTEST_HEX, SHORTEST_BASE64 = 12, 8
"""Shorter ones are met by chance among signatures and sealed blobs."""


class Entry(NamedTuple):
    """One person of an extract: all lines of the history, by the headings of 千代田区 whatever their own are."""

    town: str
    addressee_number: str
    lines: tuple[dict, ...]

    @property
    def stays(self):
        return any(name in self.lines[0]["氏名"] for name in STAYING_NAMES)

    @property
    def marks(self):
        """What the extract says of the person, as it is written there and as it may be written on the wire."""
        said = {line[column] for line in self.lines for column in MARKS} - {"", None}
        names = {line["氏名"].replace("　", "") for line in self.lines}
        return said | names | {name for line in self.lines for name in _as_json(line)}

    @property
    def numbers(self):
        """Every number and code, as the term by which its holder would be found."""
        return {Term(kind, (line[column],)) for line in self.lines for kind, column in NUMBERS.items() if line[column]}

    @property
    def names(self):
        """Every name with every date of birth, as a term by which the person would be found."""
        births = [read_date(line["生年月日"], _layout(self.town)) for line in self.lines]
        names = [name for line in self.lines for name in _names(line)]
        return {term for name in names for birth in births for term in name_terms(name, birth)}


class Overheard(Line):
    """A line that remembers what passes, one recording for each direction of each connection."""

    def __init__(self, to_port) -> None:
        super().__init__(to_port)
        self.heard = []

    async def _pump(self, reader, writer, *, answers=False) -> None:
        self.heard.append(bytearray())
        await super()._pump(_Tap(reader, self.heard[-1]), writer, answers=answers)


class _Tap:
    def __init__(self, reader, heard) -> None:
        self._reader = reader
        self._heard = heard

    async def read(self, size):
        chunk = await self._reader.read(size)
        self._heard += chunk
        return chunk


class Played(NamedTuple):
    """What the demo left: on the wire, in the tables as they lie there, under the seals, and as search keys."""

    wire: bytes
    dump: bytes
    opened: bytes
    people: int
    findable: set
    addressees: set
    search_keys: SearchKeys


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played") / "demo"
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(staging, "Line", Overheard)
        stage = staging.Stage(folder, stack, Console(quiet=True))
        tell(stage, Console(quiet=True))
        yield asyncio.run(_left_by(stage))


async def _left_by(stage):
    async with resources(Settings.read(stage.registry_settings), role=None, pool_size=1) as given, given.work() as work:
        sealed = await work.rows(text("SELECT table_name FROM information_schema.columns WHERE column_name = 'sealed'"))
        assert {row["table_name"] for row in sealed} == OPENED.keys() | OF_THE_LOG
        opened = [blob for table in OPENED for blob in await _opened(given, work, table)]
        entries = await read_log(stage.postgres.dsn(), given.provider)
        opened += [encode(one.entry) for one in entries]
        search_keys = [*await work.rows(select(t.search_key)), *await work.rows(select(t.living_number))]
        return Played(
            wire=b"\n".join(stage.line.heard),
            dump=_dumped(stage.postgres.dsn()),
            opened=b"\n".join(opened),
            people=await records.count_people(work),
            findable={_search_key(row["kind"], row["generation"], row["key"]) for row in search_keys},
            addressees={
                _search_key(TermKind.ADDRESSEE_NUMBER, FIRST_GENERATION, row["addressee_key"])
                for row in await work.rows(select(t.removed_record))
            },
            search_keys=given.search_keys,
        )


def _search_key(kind, generation, key):
    return SearchKey(kind=TermKind(kind), generation=generation, key=bytes(key))


def _dumped(dsn):
    return subprocess.run([find_binaries() / "pg_dump", dsn], check=True, capture_output=True).stdout  # noqa: S603 - a PostgreSQL binary


OPENED = {
    "submission": lambda row: (row["submission_id"], submissions._place(row["submission_id"])),
    "movement": lambda row: (row["person_id"], records._movement_place(row["movement_id"])),
    "version": lambda row: (row["person_id"], records._version_place(row["made_by"], row["revision"])),
    "idempotency": lambda row: (row["owner"], callers._place(row["body"], row["key"])),
    "protection": lambda row: (row["person_id"], protection._place("protection", row["measure_id"])),
    "protection_lift": lambda row: (row["person_id"], protection._place("protection_lift", row["lift_id"])),
    "proposal": lambda row: (row["person_id"], proposals._place(row["proposal_id"])),
}
"""Every table with sealed blobs: whose key opens a row, and the place that it is sealed for."""


OF_THE_LOG = {"log_pending", "log_entry"}
"""Sealed with keys of the log, which tests/logged.py opens."""


async def _opened(given, work, table):
    blobs = []
    for row in await work.rows(select(t.metadata.tables[table])):
        owner, place = OPENED[table](row)
        blobs.append(open_sealed(await given.keyring.find(work, owner), place, row["sealed"]))
    return blobs


# ---------------------------------------------------------------- who is in the samples


@cache
def _layout(town):
    return read_layout((SAMPLES / f"layout-{town}.toml").read_bytes(), load_municipalities())


HEADINGS = _layout("131016").columns.named()


def _extract(town):
    like = _layout(town)
    fields = {heading: HEADINGS.get(field, field) for field, heading in like.columns.named().items()}
    encoding = "utf-8-sig" if like.encoding == "utf-8" else str(like.encoding)
    with EXTRACTS[town].open(encoding=encoding, newline="") as file:
        read_as = csv.DictReader(file, delimiter=like.delimiter)
        lines = [{fields.get(name, name): cell for name, cell in line.items()} for line in read_as]
    blank = dict.fromkeys(HEADINGS.values(), "")
    numbers = dict.fromkeys(line["宛名番号"] for line in lines)
    return [Entry(town, one, tuple(blank | line for line in lines if line["宛名番号"] == one)) for one in numbers]


EVERYBODY = [one for town in EXTRACTS for one in _extract(town)]
SENT = [one for one in EVERYBODY if not one.stays and one.addressee_number not in HELD_BACK]
REGISTERED = [one for one in SENT if one.addressee_number != NEVER_HEARD_OF]
NOT_SENT = [one for one in EVERYBODY if one not in SENT]
NOT_KEPT = [one for one in EVERYBODY if one not in REGISTERED]


def _marks(entries):
    return {mark for one in entries for mark in one.marks}


def _reported():
    """What the reports say of people, those that are faulty included."""
    return {
        mark
        for folder in REPORTS.values()
        for file in folder.glob("*.json")
        for mark in _told(json.loads(file.read_text(encoding="utf-8")), "")
    }


def _told(node, name):
    if isinstance(node, dict):
        return {mark for field, value in node.items() for mark in _told(value, field)}
    if isinstance(node, list):
        return {mark for value in node for mark in _told(value, name)}
    return {node} if name in TELLING and isinstance(node, str) else set()


def _parts(text, gap):
    surname, _, given = text.partition(gap)
    return surname, given


def _as_json(line):
    """A name as it stands on the wire and below the seals."""
    surname, given = _parts(line["氏名"], "　")
    surname_kana, given_kana = _parts(_wide(line["氏名カナ"]), " ")
    return {f'"surname":"{surname}","given":"{given}"', f'"surname_kana":"{surname_kana}","given_kana":"{given_kana}"'}


def _wide(kana):
    return unicodedata.normalize("NFKC", kana)


def _names(line):
    """The name of a line, however one that is written in Latin letters may be taken."""
    surname, given = _parts(line["氏名"], "　")
    surname_kana, given_kana = _parts(_wide(line["氏名カナ"]), " ")
    yield PersonName(surname=surname, given=given, surname_kana=surname_kana, given_kana=given_kana)
    yield PersonName(surname_latin=surname, given_latin=given)


# ---------------------------------------------------------------- searching


def found(marks, where):
    """Return which marks stand in ``where``: plain, full-width, escaped, in hexadecimal or in base64."""
    content = where.decode("utf-8", "replace")
    folded = content.casefold()
    return {mark for mark in marks if _stands(mark, content, folded)}


def _stands(mark, content, folded):
    in_hex = {written.hex() for written in _written(mark)}
    spelled = (form for form in _spelled(mark) if form not in in_hex or len(form) >= SHORTEST_HEX)
    coded = (form for form in _coded(mark) if len(form) >= SHORTEST_BASE64)
    return any(form.casefold() in folded for form in spelled) or any(form in content for form in coded)


STAYING = _marks(NOT_SENT) - _marks(SENT) | {*STAYING_NAMES}
NOT_TO_BE_KEPT = _marks(NOT_KEPT) - _marks(REGISTERED) | {*STAYING_NAMES}


def _proof(entries):
    """What must be found wherever these people are."""
    numbers = {part for one in entries for term in one.numbers for part in term.parts}
    return numbers | {one.addressee_number for one in entries}


def test_nobody_who_must_stay_is_on_the_wire(played):
    assert found(_proof(SENT), played.wire) == _proof(SENT)
    assert found(STAYING, played.wire) == set()


def test_nobody_who_must_stay_is_in_a_table_under_whatever_seal(played):
    assert found(_proof(REGISTERED), played.opened) == _proof(REGISTERED)
    assert found(NOT_TO_BE_KEPT, played.opened) == set()
    assert played.people == len(REGISTERED) + len(ONLY_REPORTED)


def test_nobody_who_must_stay_is_found_by_a_search_key(played):
    assert _keys(played, REGISTERED, "numbers") <= played.findable
    assert _keys(played, NOT_KEPT, "numbers") & played.findable == set()
    there, absent = (_keys(played, entries, "names") & played.findable for entries in (REGISTERED, NOT_KEPT))
    assert len(there) > len(REGISTERED)
    # The key of a name is cut to 24 bits: once in some thousand runs a stranger's is met by chance, never two.
    assert len(absent) <= 1
    assert {_addressee(played, one) for one in REGISTERED} == played.addressees


def test_the_tables_as_they_lie_there_name_nobody_at_all(played):
    assert b"COPY public.movement" in played.dump
    assert b"JP-CG-NEW-YORK" in played.dump
    assert found(_marks(EVERYBODY) | _reported() | {*STAYING_NAMES}, played.dump) == set()


def _keys(played, entries, terms):
    return {played.search_keys.of(term.kind, *term.parts) for one in entries for term in getattr(one, terms)}


def _addressee(played, entry):
    return played.search_keys.of(TermKind.ADDRESSEE_NUMBER, entry.town, entry.addressee_number)
