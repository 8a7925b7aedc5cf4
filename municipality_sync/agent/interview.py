"""How a layout comes about: proposals from a sample, questions to a clerk, and a TOML text that explains itself.

Every question carries a proposal or none, and an empty answer takes it. So an interview without anyone to ask is one in
which every answer is empty; what must be known and was not proposed is then named, all at once, and nothing is written.
What stands in the sample is shown by its shape alone (昭和99年9月9日), but for codes that cannot be about anyone.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Final, TypeVar

import msgspec

from municipality_sync.agent import guess
from municipality_sync.agent.layout import EVERY_OTHER, Layout, Nationality
from municipality_sync.agent.sample import Sample, shape
from registry.domain.basic_four import Sex
from registry.domain.errors import FaultCode, Faults
from registry.domain.removed_record import Reason

M = TypeVar("M", Reason, Sex, Nationality)

NONE: Final = "-"
"""The answer that there is none."""

_SHAPES_SHOWN: Final = 3
_MOST_CODES_ASKED: Final = 100  # a column with more holds no codes
_DIGIT: Final = re.compile("[0-9０-９]")
_DATES: Final = ("effective", "notified_on", "birth_date")

Ask = Callable[[str, str], str]
"""Puts a question with what is proposed ("" for nothing); returns the answer, or the proposal for an empty one."""

Say = Callable[[str], None]


class Draft(msgspec.Struct, kw_only=True):
    """A layout on its way, as it will be written."""

    municipality: str
    encoding: str
    delimiter: str
    unknown_dates: list[str]
    unknown_part: str
    columns: dict[str, str]
    eras: Mapping[str, str]
    reasons: Mapping[str, str]
    sexes: Mapping[str, str]
    nationalities: Mapping[str, str]


class Interview:
    """Asks about one sample. ``like`` is the layout of a municipality with the same system, whose codes hold here."""

    def __init__(self, sample: Sample, like: Layout | None, ask: Ask, say: Say) -> None:
        self._sample = sample
        self._like = like
        self._ask = ask
        self._say = say
        self._open = Faults()

    def draft(self, municipality: str, today: date) -> Draft:
        """Ask for everything; raises InvalidInput with all that stayed open. ``municipality`` is what is proposed."""
        code = self._ask("市区町村コード / code of the municipality (6 digits)", municipality)
        if not code:
            self._open.add(FaultCode.MISSING, "/municipality", "the code of the municipality (--municipality)")
        columns = self._columns()
        like = self._like
        reasons = self._codes(columns, "reason", Reason, guess.reason, like.reasons if like else {})
        sexes = self._codes(columns, "sex", Sex, guess.sex, like.sexes if like else {})
        nationalities = self._nationalities(columns)
        self._open.refuse_if_any()
        dates = [text for field in _DATES for text in self._sample.values(columns[field])]
        no_day = {*guess.unknown_dates(dates), *(like.unknown_dates if like else ())}
        no_part = (like.unknown_part if like else "") or guess.unknown_part(dates)
        eras = (like.eras if like else {}) or guess.eras(dates, today)
        return Draft(
            municipality=code,
            encoding=self._sample.heading.encoding,
            delimiter=self._sample.heading.delimiter,
            unknown_dates=self._several("年月日不詳を表す値 / what means 年月日不詳", sorted(no_day)),
            unknown_part=self._one("不明な月・日を表す二桁 / an unknown month or day", no_part),
            columns=columns,
            eras=self._eras(eras),
            reasons=reasons,
            sexes=sexes,
            nationalities=nationalities,
        )

    # ------------------------------------------------------------ columns
    def _columns(self) -> dict[str, str]:
        proposed = guess.columns(self._sample, self._like)
        numbers = {name: str(number) for number, name in enumerate(self._sample.names, start=1)}
        for name, number in numbers.items():
            self._say(f"{number:>3} {name}: {shapes(self._sample, name)}")
        found: dict[str, str] = {}
        for field, item in guess.ITEMS.items():
            chosen = self._column(field, item.label, numbers, proposed.get(field))
            if chosen is not None:
                found[field] = chosen
            elif field in guess.REQUIRED:
                self._open.add(FaultCode.MISSING, f"/columns/{field}", f"the column of {item.label}")
        return found

    def _column(self, field: str, label: str, numbers: Mapping[str, str], proposed: str | None) -> str | None:
        """Ask for the column of one item until the answer is one, or none."""
        names = {number: name for name, number in numbers.items()}
        shown = f" 「{proposed}」" if proposed else ""
        question = f"{label} / {field}{shown}: 列の番号 number of its column, {NONE} = なし none"
        return names.get(self._one_of(names, question, numbers.get(proposed or "", "")))

    def _one_of(self, choices: Mapping[str, object], question: str, proposed: str) -> str:
        """Ask until the answer is one of the choices, or none ("")."""
        answer = self._ask(question, proposed)
        while answer not in {*choices, NONE, ""}:
            answer = self._ask(question, proposed)
        return answer if answer in choices else ""

    # ------------------------------------------------------------ codes
    def _codes(
        self,
        columns: Mapping[str, str],
        field: str,
        meanings: type[M],
        known: Callable[[str], M | None],
        theirs: Mapping[str, M],
    ) -> dict[str, str]:
        """Ask what each code of a column means; codes of the same system elsewhere are taken over.

        One that nobody knows is left out: the check names it, and holds back whose lines it stands in.
        """
        found: dict[str, str] = dict(theirs)
        choices = {str(number): meaning for number, meaning in enumerate(meanings, start=1)}
        unknown = [one for one in self._codes_of(columns, field) if one[0] not in found and EVERY_OTHER not in found]
        if any(known(code) is None for code, _, _ in unknown):
            self._say("  ".join(f"{number}={meaning}" for number, meaning in choices.items()))
        for code, lines, is_shown in unknown:
            proposed = next((number for number, meaning in choices.items() if meaning is known(code)), "")
            shown = code if is_shown or proposed else _masked(code)
            question = f"{columns[field]} {shown} ({lines} 行 lines): 番号 number of its meaning, {NONE} = 不明 unknown"
            answer = self._one_of(choices, question, proposed)
            if answer:
                found[code] = choices[answer]
        return found

    def _codes_of(self, columns: Mapping[str, str], field: str) -> list[tuple[str, int, bool]]:
        if field not in columns:
            return []
        return self._sample.codes(columns[field], columns.get("addressee_number"))[:_MOST_CODES_ASKED]

    def _nationalities(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Ask for the codes of Japan first: where they are codes of countries, all others are foreign alike."""
        theirs = self._like.nationalities if self._like else {}
        codes = [code for code, _, _ in self._codes_of(columns, "nationality")]
        if not theirs and guess.every_other_is_foreign(codes):
            theirs = {code: Nationality.JAPANESE for code in codes if guess.nationality(code) is Nationality.JAPANESE}
            theirs |= {EVERY_OTHER: Nationality.FOREIGN}
            self._say(f"国籍 / nationality: {', '.join(code for code in theirs if code != EVERY_OTHER)} = japanese")
        return self._codes(columns, "nationality", Nationality, guess.nationality, theirs)

    # ------------------------------------------------------------ habits
    def _several(self, question: str, proposed: list[str]) -> list[str]:
        answer = self._ask(f"{question} (, {NONE} = なし none)", ",".join(proposed)) if proposed else ""
        return [] if answer == NONE else [text for text in answer.split(",") if text]

    def _one(self, question: str, proposed: str) -> str:
        answer = self._ask(f"{question} ({NONE} = なし none)", proposed) if proposed else ""
        return "" if answer == NONE else answer

    def _eras(self, proposed: Mapping[str, str]) -> Mapping[str, str]:
        shown = ", ".join(f"{code}={era}" for code, era in proposed.items())
        question = f"七桁の日付の元号 / eras in dates of seven digits: {shown} (y, {NONE} = 違う no)"
        return proposed if proposed and self._ask(question, "y") == "y" else {}


def shapes(sample: Sample, name: str) -> str:
    """Return what the first values of a column look like, and not what they say."""
    found = dict.fromkeys(_masked(text) for text in sample.values(name)[:_SHAPES_SHOWN])
    return ", ".join(found) or "(空欄 blank)"


def written(draft: Draft) -> str:
    """Return a draft as the text of a layout file."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield "# 抽出ファイルの対応表 / how the extract is read, made by municipality-sync init"
    yield '# file_name = "除票_{municipality}_{as_of}*.csv"  # ファイル名も確かめる / has the name checked too'
    yield ""
    for name in ("municipality", "encoding", "delimiter", "unknown_dates", "unknown_part"):
        if getattr(draft, name):
            yield f"{name} = {_toml(getattr(draft, name))}"
    yield from ("", "[columns]")
    for field, name in draft.columns.items():
        yield f"{field} = {_toml(name)}  # {guess.ITEMS[field].label}"
    for table in ("eras", "reasons", "sexes", "nationalities"):
        if getattr(draft, table) or table != "eras":
            yield from ("", f"[{table}]", *_entries(getattr(draft, table)))


def _entries(table: Mapping[str, str]) -> Iterable[str]:
    return (f"{_toml(code)} = {_toml(meaning)}" for code, meaning in sorted(table.items()))


def _toml(value: str | list[str]) -> str:
    """Write a text, or several, as TOML: basic strings escape as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _masked(text: str) -> str:
    """Return the shape of a text; of a date all but its digits, which say nothing of whose it is."""
    return _DIGIT.sub("9", text) if guess.is_date(text) else shape(text)
