"""The story of first light, played with real processes, real HTTP and real signatures.

(1) Three municipalities send their 除票, each in a layout of its own: provisional records. (2) Two missions send
reports; the line of one is cut, loses an answer and returns: records become current. (3) Reconciliation says how the
two sources stand. (4) A resident reports a new address by himself: signed in, signed with his card, receipt in hand.
(5) J-LIS is asked for the 附票 of who left too long ago for a 除票. (6) A month and a half later a municipality is
asked for a 除票 that did not come, and finds it among those that it keeps. (7) A pension office, a municipality, a
mission and a tax office ask; one of them may not. (8) Somebody is protected (支援措置), and her address is nobody's to
know; two desks of a municipality correct a number. (9) The person asked about is shown who asked, and checks it off
line with the keys of the log and of its witness. One person's history is shown in both time axes.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
from rich.console import Console

from registry.domain.inquiry_list import TIME_TO_COME_BY_ITSELF
from registry.sandbox import clock, desks, own_record, resident, screen
from registry.sandbox.asking import Exchange
from registry.sandbox.programs import ProgramFailed
from registry.sandbox.questions import (
    MISSION,
    SECOND_MISSION,
    SECOND_TOWN,
    THIRD_TOWN,
    TOWN,
    history,
    questions,
)
from registry.sandbox.stage import Stage
from registry.settings import Settings
from registry.store.embedded_home import EmbeddedServerError

SAMPLES: Final = Path(__file__).parent / "samples"
EXTRACTS: Final = {
    TOWN: SAMPLES / "removed-131016.csv",
    SECOND_TOWN: SAMPLES / "removed-472018.tsv",
    THIRD_TOWN: SAMPLES / "jyohyo_012025_202503.csv",
}
REPORTS: Final = {MISSION: SAMPLES / "reports", SECOND_MISSION: SAMPLES / "reports-sao-paulo"}
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
    discrepant: list[dict[str, Any]]
    exchanges: list[Exchange]
    access_record: dict[str, Any]
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
        act("除票: three municipalities send who moved abroad, each in its own layout")
        _together(*(lambda town=town: _agent(stage, town, "push") for town in EXTRACTS))
        act("在留届: two missions send reports; the line of one is cut and returns")
        known_before, j_lis = _reports(stage)
        act("突合: the two sources are held against each other")
        submissions, standing = _together(lambda: _submissions(stage), lambda: _nightly(stage, "reconcile"))
        act("電子届出: a resident reports a new address, signed with his own card")
        act("附票: J-LIS is asked about who left too long ago for a 除票")
        ask = ["registry", "jlis", "ask", "--json"]
        application, asked = _together(
            lambda: resident.reported_by_himself(stage),
            lambda: _json(stage.programs.run("jlis", ask, stage.registry_settings | j_lis)),
        )
        act(
            f"除票の照会: {TIME_TO_COME_BY_ITSELF.days} days later a municipality is asked for a 除票 that did not come"
        )
        inquiry_list = _ask_for_removed_records(stage)
        act("照会: four bodies ask")
        act("支援措置、個人番号の訂正: two desks decide")
        (exchanges, before, now), in_the_end, decided = _together(
            lambda: anyio.run(_inquiries, stage, known_before),
            lambda: _nightly(stage, "report"),
            lambda: desks.decided(stage),
        )
        act("開示: the person asked about sees who asked, and checks it without the registry")
        record = own_record.shown_and_checked(stage, exchanges[0])
    refused = sum(one.problem is not None for one in exchanges)
    summary = {
        "submissions": submissions,
        "reconciliation": standing["reconciliation"],
        "application": application,
        "supplementary_records": {"asked": asked["opened"], **asked["findings"]},
        "inquiry_list": inquiry_list,
        "reconciliation_in_the_end": in_the_end["reconciliation"],
        **decided,
        "inquiries": {"answered": len(exchanges) - refused, "refused": refused},
        "access_record": {"verified": record["verified"], "entries": len(record["entries"])},
    }
    return Story(
        summary=summary,
        discrepant=standing["discrepant"],
        exchanges=exchanges,
        access_record=record,
        history_before=before,
        history_now=now,
    )


def _together(*acts: Callable[[], Any]) -> list[Any]:
    """Let several programs run at once, as they would in several places."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result() for one in [pool.submit(act) for act in acts]]


def _agent(stage: Stage, town: str, command: str) -> dict[str, Any]:
    """Run a command of a municipality's agent over its extract."""
    layout = SAMPLES / f"layout-{town}.toml"
    arguments = ["municipality-sync", command, str(EXTRACTS[town]), "--layout", str(layout), "--json"]
    return _json(stage.programs.run(f"agent-{town}", arguments, stage.agent_settings_of(town), good=SOME_NEED_STAFF))


def _nightly(stage: Stage, command: str) -> dict[str, Any]:
    """Run a command of the nightly run beside the registry."""
    return _json(stage.programs.run("nightly", ["municipality-sync", command, "--json"], stage.registry_settings))


def _ask_for_removed_records(stage: Stage) -> dict[str, int]:
    """Let the time pass in which a 除票 comes by itself, ask for it, and let the municipality answer."""
    anyio.run(clock.advance, Settings.read(stage.registry_settings), TIME_TO_COME_BY_ITSELF)
    opened = _nightly(stage, "reconcile")["inquiry_list"]["opened"]
    answered = _agent(stage, THIRD_TOWN, "answer")["inquiry_list"]["answers"]
    return {"asked": opened, **answered}


def _reports(stage: Stage) -> tuple[datetime, dict[str, str]]:
    """Submit the reports, some of them while the line is down.

    Return a moment before the cut, and the settings by which J-LIS is reached: it opens its book while all settles.
    """
    files, others = (sorted(REPORTS[mission].glob("*.json")) for mission in (MISSION, SECOND_MISSION))
    _together(lambda: _submit(stage, MISSION, files[:BEFORE_THE_CUT]), lambda: _submit(stage, SECOND_MISSION, others))
    _together(lambda: _deliver(stage, MISSION), lambda: _deliver(stage, SECOND_MISSION))
    j_lis, _ = _together(lambda: stage.start_j_lis(BOOK), lambda: time.sleep(SETTLE_SECONDS))
    known_before = anyio.run(stage.asker.now)
    stage.line.cut()
    _submit(stage, MISSION, files[BEFORE_THE_CUT:])
    stage.line.mend()
    stage.line.lose_answers(1)
    _deliver(stage, MISSION)
    return known_before, j_lis


def _gateway(stage: Stage, mission: str, *arguments: str) -> str:
    """Run a command of a mission's gateway."""
    settings = stage.gateway_settings_of(mission)
    return stage.programs.run(f"gateway-cli-{mission}", ["embassy-gateway", *arguments], settings, good=SOME_NEED_STAFF)


def _submit(stage: Stage, mission: str, files: Sequence[Path]) -> None:
    _gateway(stage, mission, "submit", *map(str, files))


def _deliver(stage: Stage, mission: str) -> None:
    _gateway(stage, mission, "deliver", "--until-empty")


def _submissions(stage: Stage) -> dict[str, int]:
    """Count the reports by what became of them; faulty ones never left the mission and count as refused."""
    gateways = [_json(_gateway(stage, mission, "status", "--json")) for mission in REPORTS]
    refused = sum(gateway["counts"][state] for gateway in gateways for state in ("faulty", "refused"))
    names = ("accepted", "accepted-with-warnings", "in-review")
    counts = {name.replace("-", "_"): sum(one["outcomes"].get(name, 0) for one in gateways) for name in names}
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
