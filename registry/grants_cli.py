"""``registry grants``: which rows the table of grants has; how an ordinance adds one or ends one, under four eyes."""

from collections.abc import Coroutine, Iterable
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from cyclopts.types import ExistingFile
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from registry.command_line import FAILED, AsJson, print_json, told
from registry.contract.decoding import decode
from registry.contract.fault_wording import FAULT_WORDING
from registry.domain.disclosure import Grant
from registry.domain.errors import Fault, Refusal
from registry.domain.four_eyes import Hand, lapses_at
from registry.domain.ordinance import OrdinanceGrant, Proposal
from registry.running import run, say, settings
from registry.services import grants, ordinances
from registry.services.resources import japan_date
from registry.settings import Settings
from registry.store import ordinances as stored
from registry.wiring import resources

out: Final = Console(highlight=False)

File = Annotated[ExistingFile, Parameter(help=told("The row (JSON), as docs/command-line.md shows it.", "行(JSON)。"))]
OneBody = Annotated[
    str | None,
    Parameter(help=told("Only rows that speak of this body alone.", "この機関のみを対象とする行に限る。")),
]
On = Annotated[
    date | None,
    Parameter(help=told("First day without it; today if not given.", "失効日。指定がなければ本日。")),
]
Account = Annotated[str, Parameter(name="--by", help=told("The account of who acts.", "行う者のアカウント。"))]
Unit = Annotated[str, Parameter(help=told("The unit that they belong to.", "所属の部署。"))]
GrantId = Annotated[
    str, Parameter(help=told("The row, as `registry grants list` shows it.", "一覧に表示される行の ID。"))
]
ProposalId = Annotated[
    str, Parameter(help=told("The proposal, as `registry grants list` shows it.", "一覧に表示される提案の ID。"))
]


def list_grants(*, body: OneBody = None, json: AsJson = False) -> None:
    """Print the rows in force or to come, and the proposals that wait."""
    rows, waiting = run(_list(settings(), body))
    if json:
        print_json({"grants": rows, "proposals": [_as_json(one) for one in waiting]})
        return
    _show_rows(rows)
    for one in waiting:
        say.print(_waits(one))


def propose(file: File, *, by: Account, unit: Unit, json: AsJson = False) -> None:
    """Propose a row that an ordinance adds."""
    proposal_id = _done(_propose(settings(), file.read_bytes(), Hand(account=by, unit=unit)), as_json=json)
    _tell_proposed(proposal_id, as_json=json)


def end(grant: GrantId, *, on: On = None, by: Account, unit: Unit, json: AsJson = False) -> None:
    """Propose that a row by ordinance end."""
    proposal_id = _done(_propose_end(settings(), grant, on, Hand(account=by, unit=unit)), as_json=json)
    _tell_proposed(proposal_id, as_json=json)


def approve(proposal: ProposalId, *, by: Account, unit: Unit, json: AsJson = False) -> None:
    """Approve what somebody of another unit proposed."""
    approved = _done(_approve(settings(), proposal, Hand(account=by, unit=unit)), as_json=json)
    if json:
        print_json({"approved": approved.proposal_id, "grant": approved.ends or approved.proposal_id})
    else:
        say.print("Approved. Running registries follow within a second.")


# ---------------------------------------------------------------------------------------------- what is done


async def _list(given: Settings, body: str | None) -> tuple[list[Grant], tuple[Proposal, ...]]:
    async with resources(given, pool_size=1) as app, app.work() as work:
        today = japan_date(app.clock())
        table = await grants.table(work)
        waiting = await ordinances.waiting(work, await stored.proposals(work))
    rows = [row for row in table if not row.is_over(today) and (body is None or row.body == body)]
    return rows, waiting


async def _propose(given: Settings, row: bytes, proposer: Hand) -> str:
    grant = decode(row, OrdinanceGrant)
    async with resources(given, role=None, pool_size=1) as owner:
        return await ordinances.propose(owner, grant, proposer)


async def _propose_end(given: Settings, grant_id: str, on: date | None, proposer: Hand) -> str:
    async with resources(given, role=None, pool_size=1) as owner:
        return await ordinances.propose_end(owner, grant_id, on, proposer)


async def _approve(given: Settings, proposal_id: str, approver: Hand) -> Proposal:
    async with resources(given, role=None, pool_size=1) as owner:
        return await ordinances.approve(owner, proposal_id, approver)


# ---------------------------------------------------------------------------------------------- what is shown


def _done(work: Coroutine[Any, Any, Any], *, as_json: bool) -> Any:
    """Run the work; end the command with everything that the rules have against it."""
    try:
        return run(work)
    except Refusal as refused:
        _show_faults(refused.faults, as_json=as_json)
        raise SystemExit(FAILED) from None


def _show_faults(faults: Iterable[Fault], *, as_json: bool) -> None:
    if as_json:
        print_json({"faults": [msgspec.structs.asdict(fault) for fault in faults]})
        return
    for fault in faults:
        words = FAULT_WORDING[fault.code]
        where = fault.pointer.removeprefix("/") or "the whole"
        what = f"{where}: {words.title} ({words.title_ja}). Expected: {fault.expected}"
        say.print(f"[bold red]registry:[/] {escape(what)}", soft_wrap=True)


def _tell_proposed(proposal_id: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"proposal": proposal_id})
    else:
        say.print(
            f"Proposed as {proposal_id}. Somebody of another unit approves it within 72 hours:\n"
            f"  registry grants approve {proposal_id} --by ACCOUNT --unit UNIT"
        )


def _show_rows(rows: Iterable[Grant]) -> None:
    """Print a line for each row."""
    table = Table("grant", "body", "affair", "mode", "from", "to", "bases")
    for row in rows:
        until = "" if row.valid_to is None else str(row.valid_to)
        bases = escape("; ".join(row.bases))
        table.add_row(row.grant_id, row.body or row.body_kind, row.affair, row.mode, str(row.valid_from), until, bases)
    out.print(table)


def _waits(one: Proposal) -> str:
    """Say all that who approves puts their name to."""
    by = f"proposed by {one.proposer.account} ({one.proposer.unit})"
    return escape(f"{one.proposal_id}: {_what(one)}; {by}, lapses {lapses_at(one.proposed_at):%Y-%m-%d %H:%M %Z}")


def _what(one: Proposal) -> str:
    if one.grant is None:
        return f"{one.ends} grants nothing from {one.ends_on} on"
    row = one.grant
    days = f"from {row.valid_from}" + ("" if row.valid_to is None else f" until before {row.valid_to}")
    items, searches = ", ".join(sorted(row.items)), ", ".join(sorted(row.searches))
    return (
        f"{row.body}, {row.affair} ({row.label}, {row.ordinance}): {row.mode} {items}, searched by {searches}, {days}"
    )


def _as_json(one: Proposal) -> dict[str, Any]:
    return msgspec.structs.asdict(one) | {"lapses_at": lapses_at(one.proposed_at)}
