"""``registry sandbox populate``: people who do not exist, as the files of municipalities and missions that do."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Never

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from registry.command_line import FAILED, NOT_UNDERSTOOD, AsJson, print_json, told
from registry.sandbox.population.pieces import Plan
from registry.sandbox.population.places import EVERYWHERE, UnknownPlace, Where, atlas
from registry.sandbox.population.rates import DEFAULT_RATES, Rates
from registry.sandbox.population.writing import PopulationRefused, Summary, write

PROCESSORS: Final = os.cpu_count() or 1

say: Final = Console(stderr=True, highlight=False)


def _several(english: str, japanese: str) -> Parameter:
    return Parameter(help=told(english, japanese), consume_multiple=True, negative=())


Number = Annotated[int, Parameter(help=told("How many people to make.", "作る人数。"))]
Out = Annotated[
    Path, Parameter(help=told("An empty or new folder for the files.", "書き出す空の、または新しいフォルダー。"))
]
Seed = Annotated[int, Parameter(help=told("The same seed gives the same people.", "同じシードからは同じ人ができる。"))]
Codes = Annotated[
    tuple[str, ...],
    _several(
        "Whose extracts to write, by code; none named: all.", "抽出ファイルを書き出す市区町村のコード。なければすべて。"
    ),
]
MissionCodes = Annotated[
    tuple[str, ...],
    _several("Whose reports to write, by code; none named: all.", "届書を書き出す在外公館のコード。なければすべて。"),
]
Concentrate = Annotated[
    bool,
    Parameter(
        help=told(
            "Have everybody come from these municipalities and live under these missions.",
            "全員がこれらの市区町村から転出し、これらの公館の管轄に住むものとする。",
        ),
        negative=(),
    ),
]
Chances = Annotated[
    tuple[str, ...],
    _several("A rate as name=value (see rates.py); may be repeated.", "割合。名前=値(rates.py を参照)。繰り返し可。"),
]
Processes = Annotated[int, Parameter(help=told("How many processes make people.", "並行するプロセスの数。"))]


def populate(  # noqa: PLR0913 - a command line has as many options as there is to choose
    number: Number,
    /,
    *,
    out: Out,
    seed: Seed = 1,
    municipality: Codes = (),
    mission: MissionCodes = (),
    concentrate: Concentrate = False,
    rate: Chances = (),
    processes: Processes = PROCESSORS,
    json: AsJson = False,
) -> None:
    """Write a made-up population: extracts of municipalities with their layouts, reports of missions, and the truth."""
    if os.environ.get("REGISTRY_ENV") == "production":
        _stop("no made-up people in production: unset REGISTRY_ENV or run this elsewhere", FAILED)
    plan = Plan(
        people=number,
        seed=seed,
        rates=_rates(rate),
        where=Where(municipality, mission) if concentrate else EVERYWHERE,
        municipalities=frozenset(municipality),
        missions=frozenset(mission),
    )
    try:
        _demand_known(plan)
        summary = _written(plan, out, max(1, processes))
    except UnknownPlace as unknown:
        _stop(str(unknown), NOT_UNDERSTOOD)
    except (PopulationRefused, OSError) as refused:
        _stop(str(refused), FAILED)
    _report(summary, out, as_json=json)


def _rates(given: Iterable[str]) -> Rates:
    """Return the default rates with those given; refuses a name that is no rate and a value that is none."""
    pairs = [one.partition("=") for one in given]
    unknown = [name for name, _, _ in pairs if name not in Rates.__struct_fields__]
    if unknown:
        _stop(f"--rate: no such rate: {', '.join(unknown)}; rates.py lists them all", NOT_UNDERSTOOD)
    try:
        changed = msgspec.convert({name: value for name, _, value in pairs}, dict[str, float], strict=False)
        return msgspec.convert(msgspec.structs.asdict(DEFAULT_RATES) | changed, Rates)
    except msgspec.ValidationError as error:
        _stop(f"--rate: {error}; write name=value, as in --rate twins=0.02", NOT_UNDERSTOOD)


def _demand_known(plan: Plan) -> None:
    """Raise UnknownPlace for a municipality or mission that nobody comes from or goes to."""
    atlas(Where(tuple(sorted(plan.municipalities)), tuple(sorted(plan.missions))))


def _written(plan: Plan, out: Path, processes: int) -> Summary:
    """Write the files with a progress bar, which shows itself on terminals only."""
    columns = (TextColumn("people"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=say, transient=True) as progress:
        task = progress.add_task("people", total=plan.people)
        return write(plan, out, processes=processes, told=lambda people: progress.update(task, completed=people))


def _report(summary: Summary, out: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    lines, reports = sum(summary.extracts.values()), sum(summary.reports.values())
    say.print(
        f"{summary.people:,} people: {lines:,} lines in {len(summary.extracts)} extracts, {reports:,} reports in "
        f"{len(summary.reports)} files, {summary.bytes / 1e6:,.1f} MB in {escape(str(out))}.",
        soft_wrap=True,
    )
    say.print(
        "Next: municipality-sync check EXTRACT --layout layout-….toml; truth-*.csv say who is who.", soft_wrap=True
    )


def _stop(message: str, code: int) -> Never:
    say.print(f"[bold red]registry:[/] {escape(message)}", soft_wrap=True)
    raise SystemExit(code)
