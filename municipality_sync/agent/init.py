"""The command ``init``: a layout file from a sample, by asking a clerk or, with ``--yes``, from what is plain.

What is written has been tried on the sample before. An existing file is never written over: it was mended by hand.
"""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.types import ExistingFile
from rich.console import Console

from municipality_sync.agent import guess
from municipality_sync.agent.collect import collectable
from municipality_sync.agent.commands import ALL_RIGHT, NOT_DONE, SOME_HELD_BACK, console, guarded, layout_of, rules
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import Findings
from municipality_sync.agent.interview import Interview, shapes, written
from municipality_sync.agent.layout import Layout, read_layout
from municipality_sync.agent.sample import read_sample
from municipality_sync.agent.screen import Screen, check_report
from municipality_sync.agent.wording import Ending
from registry.code_tables.files import load_municipalities
from registry.command_line import told
from registry.domain.errors import Fault, FaultCode, InvalidInput

_YES: Final = frozenset({"y", "yes", "はい"})

Sample = Annotated[
    ExistingFile,
    Parameter(
        help=told(
            "An extract of the municipal system (CSV), or its first lines.",
            "住民記録システムの抽出ファイル(CSV)、またはその冒頭。",
        )
    ),
]
Out = Annotated[
    Path,
    Parameter(
        name="--out",
        help=told("The layout file to write; it must not be there yet.", "書き出す対応表。既存のファイルは不可。"),
    ),
]
Code = Annotated[
    str,
    Parameter(name="--municipality", help=told("The municipality's code of six digits.", "地方公共団体コード(6桁)。")),
]
Like = Annotated[
    ExistingFile | None,
    Parameter(
        name="--like",
        help=told("A layout of the same system, for its codes.", "同じシステムの対応表。コードの意味を引き継ぐ。"),
    ),
]
Yes = Annotated[
    bool,
    Parameter(
        name="--yes",
        negative="",
        help=told("Ask nothing; take what the sample makes plain.", "何も尋ねず、見本から明らかなことだけで作る。"),
    ),
]


def init(sample: Sample, /, *, out: Out, municipality: Code = "", like: Like = None, yes: Yes = False) -> int:
    """Write a layout for extracts like ``sample``; returns the exit code."""
    shown = console()
    screen = Screen(shown, as_json=False)
    return guarded(screen, lambda: _init(sample, out, municipality, like, _Desk(shown, screen, is_silent=yes)))


class _StillOpen(Exception):  # noqa: N818 - caught in this module
    """The answers make no layout; carries what is missing or cannot be."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__()
        self.faults = faults


class _Desk:
    """Where questions are put and answers are shown."""

    def __init__(self, shown: Console, screen: Screen, *, is_silent: bool) -> None:
        self.screen = screen
        self._shown = shown
        self._is_silent = is_silent

    def say(self, text: str) -> None:
        self._shown.print(text)

    def ask(self, question: str, proposed: str) -> str:
        """Return the answer, or the proposal for an empty one; in silence nobody is there to answer."""
        if self._is_silent:
            return proposed
        answer = self._shown.input(f"{question}{f' [{proposed}]' if proposed else ''}: ", markup=False, emoji=False)
        return answer.strip() or proposed


def _init(file: Path, out: Path, municipality: str, like: Path | None, desk: _Desk) -> int:
    if out.exists():
        expected = "a file that is not there yet; a layout is never written over"
        raise InvalidInput(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/--out", expected=expected))
    theirs = layout_of(like) if like else None
    try:
        text, findings = _agreed(file, municipality, theirs, desk)
    except _StillOpen as still_open:
        desk.screen.ended(Ending.NOT_WRITTEN, still_open.faults)
        return NOT_DONE
    except (EOFError, KeyboardInterrupt):
        desk.screen.ended(Ending.NOT_WRITTEN)
        return NOT_DONE
    with out.open("x", encoding="utf-8", newline="\n") as layout_file:
        layout_file.write(text)
    desk.say(f"対応表を作成しました / layout written: {out.name}")
    return SOME_HELD_BACK if findings.has_errors else ALL_RIGHT


def _agreed(file: Path, municipality: str, like: Layout | None, desk: _Desk) -> tuple[str, Findings]:
    """Ask, try the answers on the whole sample, and show what came of it; returns the text that is to be written."""
    findings = Findings()
    with file.open("rb") as opened:
        sample = read_sample(opened, guess.known_words)
        column = guess.columns(sample, like).get("municipality")
        proposed = municipality or guess.municipality(sample, column, file.name, load_municipalities())
        try:
            draft = Interview(sample, like, desk.ask, desk.say).draft(proposed, rules().today)
            layout = read_layout(written(draft).encode(), load_municipalities())
        except InvalidInput as refused:
            raise _StillOpen(refused.faults) from None
        for _ in collectable(Extract(opened, layout), findings, rules()):
            pass
    desk.say("対応表の内容 / the layout")
    for field, name in draft.columns.items():
        desk.say(f"  {guess.ITEMS[field].label} ← {name}: {shapes(sample, name)}")
    desk.screen.checked(check_report(str(layout.municipality), None, findings))
    if desk.ask("書き込みますか / write it? (y/n)", "y").lower() not in _YES:
        raise _StillOpen
    return written(draft), findings
