"""The story of first light, played with real processes, real HTTP and real signatures.

(1) A municipality sends its 除票: provisional records. (2) A mission sends reports; its line is cut, loses an answer
and returns: records become current. (3) Reconciliation says how the two sources stand. (4) J-LIS is asked for the
附票 of who left too long ago for a 除票. (5) A pension office, the municipality, the mission and a tax office ask; one
of them may not. (6) One person's history is shown in both time axes.
"""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
from rich.console import Console

from registry.sandbox import screen
from registry.sandbox.asking import Exchange
from registry.sandbox.programs import ProgramFailed
from registry.sandbox.questions import history, questions
from registry.sandbox.stage import Stage
from registry.store.embedded_home import EmbeddedServerError

SAMPLES: Final = Path(__file__).parent / "samples"
EXTRACT: Final = SAMPLES / "removed-131016.csv"
LAYOUT: Final = SAMPLES / "layout-131016.toml"
BOOK: Final = SAMPLES / "supplementary-records.json"

BEFORE_THE_CUT: Final = 10
"""How many of the report files arrive while the line is still good."""

SOME_NEED_STAFF: Final = (0, 1)
"""Exit codes of programs that did their work, though some input has to be mended by people."""

SETTLE_SECONDS: Final = 1.0
DONE: Final = 0
FAILED: Final = 1


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What came out: the counts of ``summary.json`` and what the screen shows besides."""

    summary: dict[str, Any]
    extract: dict[str, Any]
    gateway: dict[str, Any]
    discrepant: list[dict[str, Any]]
    exchanges: list[Exchange]
    history_before: Exchange
    history_now: Exchange


def play(folder: Path, *, once: bool) -> int:
    """Play the story in ``folder``, emptied before; print the summary, and serve until Ctrl-C unless ``once``.

    Returns the exit code.
    """
    console = Console(highlight=False)
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            stage = Stage(folder.resolve(), stack, console)
            story = tell(stage, console)
            story.summary["seconds"] = round(time.monotonic() - began, 1)
            (folder / "summary.json").write_text(json.dumps(story.summary, indent=2) + "\n", encoding="utf-8")
            screen.show(console, story, folder)
            if not once:
                screen.show_addresses(console, stage)
                _until_ctrl_c(stage)
    except (ProgramFailed, EmbeddedServerError) as failed:
        console.print(f"[bold red]The demo could not go on:[/] {failed}")
        return FAILED
    return DONE


def tell(stage: Stage, console: Console) -> Story:
    """Play the acts on a stage that is ready."""
    with screen.acts(console) as act:
        act("除票: a municipality sends who moved abroad")
        push = ["municipality-sync", "push", str(EXTRACT), "--layout", str(LAYOUT), "--json"]
        extract = _json(stage.programs.run("agent", push, stage.agent_settings, good=SOME_NEED_STAFF))
        act("在留届: a mission sends reports; its line is cut and returns")
        known_before, gateway = _reports(stage)
        act("突合: the two sources are held against each other")
        reconcile = ["municipality-sync", "reconcile", "--json"]
        standing = _json(stage.programs.run("nightly", reconcile, stage.registry_settings))
        act("附票: J-LIS is asked about who left too long ago for a 除票")
        ask = ["registry", "jlis", "ask", "--json"]
        asked = _json(stage.programs.run("jlis", ask, stage.registry_settings | stage.start_j_lis(BOOK)))
        act("照会: four bodies ask")
        exchanges, before, now = anyio.run(_inquiries, stage, known_before)
    refused = sum(one.problem is not None for one in exchanges)
    summary = {
        "submissions": _submissions(gateway),
        "reconciliation": standing["reconciliation"],
        "supplementary_records": {"asked": asked["opened"], **asked["findings"]},
        "inquiries": {"answered": len(exchanges) - refused, "refused": refused},
    }
    return Story(
        summary=summary,
        extract=extract,
        gateway=gateway,
        discrepant=standing["discrepant"],
        exchanges=exchanges,
        history_before=before,
        history_now=now,
    )


def _reports(stage: Stage) -> tuple[datetime, dict[str, Any]]:
    """Submit the reports, some of them while the line is down; return a moment before the cut and how all stands."""
    files = sorted((SAMPLES / "reports").glob("*.json"))
    _submit(stage, files[:BEFORE_THE_CUT])
    _deliver(stage)
    time.sleep(SETTLE_SECONDS)
    known_before = anyio.run(stage.asker.now)
    stage.line.cut()
    _submit(stage, files[BEFORE_THE_CUT:])
    stage.line.mend()
    stage.line.lose_answers(1)
    _deliver(stage)
    status = ["embassy-gateway", "status", "--json"]
    standing = _json(stage.programs.run("gateway-cli", status, stage.gateway_settings, good=SOME_NEED_STAFF))
    return known_before, standing


def _submit(stage: Stage, files: Sequence[Path]) -> None:
    command = ["embassy-gateway", "submit", *map(str, files)]
    stage.programs.run("gateway-cli", command, stage.gateway_settings, good=SOME_NEED_STAFF)


def _deliver(stage: Stage) -> None:
    command = ["embassy-gateway", "deliver", "--until-empty"]
    stage.programs.run("gateway-cli", command, stage.gateway_settings, good=SOME_NEED_STAFF)


def _submissions(gateway: dict[str, Any]) -> dict[str, int]:
    """Count the reports by what became of them; faulty ones never left the mission and count as refused."""
    outcomes = gateway["outcomes"]
    refused = sum(gateway["counts"][state] for state in ("faulty", "refused"))
    names = ("accepted", "accepted-with-warnings", "in-review")
    counts = {name.replace("-", "_"): outcomes.get(name, 0) for name in names}
    return {"received": sum(counts.values()) + refused, **counts, "refused": refused}


async def _inquiries(stage: Stage, known_before: datetime) -> tuple[list[Exchange], Exchange, Exchange]:
    exchanges = [await stage.asker.ask(one) for one in questions(known_before)]
    before = await stage.asker.ask(history(known_before))
    now = await stage.asker.ask(history(None))
    return exchanges, before, now


def _json(printed: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed)
    return found


def _until_ctrl_c(stage: Stage) -> None:
    try:
        stage.registry.wait()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
