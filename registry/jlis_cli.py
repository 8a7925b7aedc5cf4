"""``registry jlis``: ask 機構 (J-LIS) what is due, take over its change facts, and see who has which question now."""

import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final, Self

import msgspec
from rich.table import Table

from registry.command_line import FAILED, NOT_UNDERSTOOD, AsJson, print_json
from registry.contract.client import AnswerNotTrusted, LineDown, SignedClient
from registry.contract.jlis import Refused
from registry.contract.jlis_line import JLisLine
from registry.contract.keys import VerifyingKey
from registry.domain.question import J_LIS, Question, Wanted
from registry.program_log import configure_log
from registry.running import run, say, settings, stop
from registry.services import jlis as services
from registry.services.jlis import Change, Run
from registry.services.resources import Resources
from registry.settings import Settings
from registry.store import questions
from registry.store.roles import EX_OFFICIO
from registry.wiring import resources

MOST_SHOWN: Final = 200


class JLisSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where J-LIS is, and how its answers are known."""

    url: str
    key: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises ValueError naming what is missing."""
        url, key = (environment.get(f"REGISTRY_JLIS_{name}", "") for name in ("URL", "KEY"))
        if not url or not key:
            raise ValueError("set REGISTRY_JLIS_URL and REGISTRY_JLIS_KEY (see registry jlis --help)")
        return cls(url=url, key=Path(key))


def ask(*, json: AsJson = False) -> None:
    """Ask whatever is due, collect answers and change facts, and end."""
    try:
        where = JLisSettings.read(os.environ)
    except ValueError as refused:
        stop(str(refused), NOT_UNDERSTOOD)
    configure_log(sys.stderr)  # standard output is the answer's
    done, changes = run(_ask(settings(), where), AnswerNotTrusted, Refused)
    if json:
        print_json(_counts(done, changes))
    else:
        _show(done, changes)
    if done.line_down:
        stop("J-LIS cannot be reached: nothing is lost, the next run goes on.", FAILED)


async def _ask(given_settings: Settings, where: JLisSettings) -> tuple[Run, Counter[Change]]:
    async with resources(given_settings, role=EX_OFFICIO, pool_size=2) as given, line(given, where) as port:
        done = await services.ask(given, port)
        if done.line_down:
            return done, Counter()
        try:
            return done, await services.collect_changes(given, port)
        except LineDown:
            return msgspec.structs.replace(done, line_down=True), Counter()


@asynccontextmanager
async def line(given: Resources, where: JLisSettings) -> AsyncIterator[JLisLine]:
    """Open the line to J-LIS for as long as the block lasts."""
    public = VerifyingKey.from_pem(J_LIS, where.key.read_bytes())
    client = SignedClient(
        where.url,
        signing_key=given.signing_key,
        registry_keys={J_LIS: public},
        clock=lambda: datetime.now(UTC),  # signatures are judged by real clocks, also in a sandbox whose day moves
        nonce=token_urlsafe,
    )
    async with client:
        yield JLisLine(client)


def status(*, json: AsJson = False) -> None:
    """Say what came of the questions so far, and who has each open one now, since when and until when."""
    counts, waiting, now = run(_status(settings()))
    if json:
        print_json({"findings": counts, "open": [_as_json(one, now) for one in waiting]})
        return
    table = Table("finding", "questions", title="戸籍の附票")
    for finding, number in counts.items():
        if number:  # most findings are for questions about a 除票
            table.add_row(str(finding), str(number))
    say.print(table)
    for one in waiting:
        late = " [bold red]overdue[/]" if one.is_overdue(now) else ""
        say.print(f"record {one.person_id}: with {one.owner} ({one.asked_of}) since {one.opened_at:%Y-%m-%d}{late}")


async def _status(given_settings: Settings) -> tuple[dict[Any, int], tuple[Question, ...], datetime]:
    async with resources(given_settings, role=EX_OFFICIO, pool_size=1) as given, given.work() as work:
        wanted = Wanted.SUPPLEMENTARY_RECORD
        counts = await questions.tally(work, wanted)
        return counts, await questions.all_open(work, wanted, at_most=MOST_SHOWN), given.clock()


def _as_json(one: Question, now: datetime) -> dict[str, Any]:
    return {
        "record": one.person_id,
        "owner": one.owner,
        "asked_of": one.asked_of,
        "opened_at": one.opened_at,
        "asked_at": one.asked_at,
        "due": one.due,
        "overdue": one.is_overdue(now),
        "attempts": one.attempts,
    }


def _counts(done: Run, changes: Counter[Change]) -> dict[str, Any]:
    return {
        "opened": done.opened,
        "findings": dict(done.findings),
        "refused": done.refused,
        "changes": dict(changes),
        "line_down": done.line_down,
    }


def _show(done: Run, changes: Counter[Change]) -> None:
    say.print(f"{done.opened} new questions about the 附票; {done.findings.total()} had their turn.")
    for finding, number in sorted(done.findings.items()):
        say.print(f"  {finding}: {number}")
    if done.refused:
        say.print(f"  refused by J-LIS: {done.refused}; the log says why, they are asked again later")
    for change, number in sorted(changes.items()):
        say.print(f"change facts {change}: {number}")
