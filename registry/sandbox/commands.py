"""``registry demo`` and ``registry sandbox clock``: the story, and the time in which it plays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from registry.command_line import AsJson, print_json, told
from registry.running import run, say, settings
from registry.sandbox import clock
from registry.sandbox import demo as story
from registry.sandbox.clock import NotInProduction

DEMO_FOLDER: Final = Path("var/demo")

Once = Annotated[
    bool,
    Parameter(
        negative="",
        help=told("End after the summary instead of serving until Ctrl-C.", "Ctrl-C を待たず、まとめの後に終わる。"),
    ),
]
Folder = Annotated[
    Path,
    Parameter(
        help=told(
            "Where the demo keeps everything; emptied at every start.", "作業用フォルダー。開始のたびに空にする。"
        )
    ),
]
Moment = Annotated[
    datetime, Parameter(help=told("A moment as 2025-04-01T09:00:00+09:00.", "日時(例 2025-04-01T09:00:00+09:00)。"))
]
Days = Annotated[int, Parameter(help=told("Days to add.", "進める日数。"))]
Hours = Annotated[int, Parameter(help=told("Hours to add.", "進める時間数。"))]
Minutes = Annotated[int, Parameter(help=told("Minutes to add.", "進める分数。"))]


def demo(*, once: Once = False, folder: Folder = DEMO_FOLDER) -> int:
    """Play the story of first light."""
    return story.play(folder, once=once)


def set_clock(moment: Moment, /, *, json: AsJson = False) -> None:
    """Set the sandbox's clock."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    _say_time(run(clock.set_to(settings(), aware), NotInProduction), as_json=json)


def advance(*, days: Days = 0, hours: Hours = 0, minutes: Minutes = 0, json: AsJson = False) -> None:
    """Put the sandbox's clock forward."""
    by = timedelta(days=days, hours=hours, minutes=minutes)
    _say_time(run(clock.advance(settings(), by), NotInProduction), as_json=json)


def _say_time(now: datetime, *, as_json: bool) -> None:
    if as_json:
        print_json({"now": now})
        return
    say.print(f"It is now {now.isoformat(timespec='seconds')} in the sandbox.")
