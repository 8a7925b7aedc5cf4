"""What the demo shows on the screen: what happens, what came out, and where things are served."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from registry.contract.messages import AnsweredVersion, InquiryOutcome, Items
from registry.sandbox.asking import Exchange
from registry.sandbox.stage import Stage

if TYPE_CHECKING:
    from registry.sandbox.demo import Story

NUMBER_OF_ACTS: Final = 9
LABELS: Final = {
    "received": "届出 received",
    "accepted": "受理 accepted",
    "accepted_with_warnings": "注意付き受理 with warnings",
    "in_review": "審査中 in review",
    "refused": "不受理 refused",
    "agreed": "一致 agreed",
    "discrepant": "不一致 discrepant",
    "no_removed_record": "除票なし no 除票",
    "no_report": "在留届なし no 在留届",
    "under_review": "確認中 under review",
    "answered": "回答 answered",
}


@contextmanager
def acts(console: Console) -> Iterator[Callable[[str], None]]:
    """Show a bar of the acts; the function given says which one begins."""
    columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=NUMBER_OF_ACTS)
        begun = 0

        def begin(title: str) -> None:
            nonlocal begun
            progress.update(task, completed=begun, description=title)
            progress.console.print(f"[bold]{begun + 1}[/] {title}")
            begun += 1

        yield begin
        progress.update(task, completed=NUMBER_OF_ACTS, description="done")


def show(console: Console, story: "Story", folder: Path) -> None:
    """Print the summary."""
    console.print()
    _counts(console, story)
    for one in story.discrepant:
        console.print(f"  discrepant: {', '.join(one['fields'])} (除票 and 在留届 say different things)")
    application = story.summary["application"]
    confirmed = "confirmed" if application["confirmed"] else "unconfirmed"
    console.print(f"  電子届出 {application['state']}: joined by {application['link']}, {confirmed}; receipt verified")
    for finding, number in story.summary["supplementary_records"].items():
        console.print(f"  附票 {finding}: {number}")
    for answer, number in story.summary["inquiry_list"].items():
        console.print(f"  除票の照会 {answer}: {number}")
    told, corrected = story.summary["protection"], story.summary["number_correction"]
    console.print(f"  支援措置 told before: {', '.join(told['told_before'])}; since: {', '.join(told['told_since'])}")
    console.print(
        f"  個人番号の訂正 by the wrong number {corrected['by_the_wrong_number']}, "
        f"by the right one {corrected['by_the_right_number']}"
    )
    in_the_end = story.summary["reconciliation_in_the_end"].items()
    console.print(f"  in the end: {', '.join(f'{LABELS[name]} {number}' for name, number in in_the_end if number)}")
    console.print()
    for number, exchange in enumerate(story.exchanges, start=1):
        _exchange(console, number, exchange)
    _history(console, story)
    _access_record(console, story)
    console.print(f"[dim]{folder / 'summary.json'} holds the counts; {story.summary['seconds']} s in all.[/]")


def show_addresses(console: Console, stage: Stage) -> None:
    """Print where things are served."""
    lines = (
        f"registry  {stage.address}/schema          the interface (OpenAPI 3.1)",
        f"          {stage.address}/health/ready    can it serve?",
        f"          {stage.address}/metrics         for Prometheus",
        f"          {stage.address}/me              sign in as somebody of the sandbox",
        f"gateway   {stage.gateway_address}/status          the mission's spool",
        f"          {stage.gateway_address}/console         its staff sign in and type papers",
        f"log       {stage.address}/v1/log/checkpoint   the signed head of the log of disclosures",
        f"logs      {stage.folder}",
    )
    console.print(Panel("\n".join(lines), title="served until Ctrl-C", expand=False))


def _counts(console: Console, story: "Story") -> None:
    table = Table(title="First light 第一の光", show_edge=False, pad_edge=False)
    for heading in ("Submissions 届出", "", "Reconciliation 突合", "", "Inquiries 照会", ""):
        table.add_column(heading, justify="right" if not heading else "left")
    columns = [list(story.summary[name].items()) for name in ("submissions", "reconciliation", "inquiries")]
    for row in range(max(map(len, columns))):
        cells = [cell for column in columns for cell in _cell(column, row)]
        table.add_row(*cells)
    console.print(table)


def _cell(column: list[tuple[str, int]], row: int) -> tuple[str, str]:
    if row >= len(column):
        return "", ""
    name, number = column[row]
    return LABELS.get(name, name), str(number)


def _exchange(console: Console, number: int, exchange: Exchange) -> None:
    console.print(f"[bold]{number}. {exchange.question.title}[/]")
    if exchange.problem is not None:
        console.print(f"   [red]refused[/] {exchange.problem.title_ja} ({exchange.problem.code})")
        for fault in exchange.problem.faults:
            console.print(f"     {fault.pointer}: {fault.title_ja}; {fault.expected}", markup=False)
        return
    if exchange.answer is None or exchange.answer.outcome is not InquiryOutcome.FOUND:
        console.print(f"   {exchange.answer.outcome if exchange.answer else ''}")
        return
    for version in exchange.answer.versions:
        console.print(f"   {_told(version)}", markup=False)


def _told(version: AnsweredVersion) -> str:
    """Say one version in a line; a number stays masked on a screen."""
    said = [text for text in (_name(version.items), _place(version.items), version.items.status) if text]
    if version.items.individual_number is not None:
        said.append("個人番号 given")
    if version.flags.unconfirmed:
        said.append("[unconfirmed link: no number leaves]")
    return f"{version.holds}: {' · '.join(said)}"


def _name(items: Items) -> str:
    return "" if items.name is None else f"{items.name.surname} {items.name.given}"


def _place(items: Items) -> str:
    if items.address_abroad is None:
        return ""
    return ", ".join((*items.address_abroad.lines, items.address_abroad.city, items.address_abroad.country))


def _history(console: Console, story: "Story") -> None:
    """Show one person's versions as known before the cut and as known now, side by side in valid time."""
    console.print()
    table = Table(title="One record in both time axes 有効時間 × 認知時間", show_lines=False)
    for heading in ("valid from", "valid to", "address abroad", "known before the cut", "known now"):
        table.add_column(heading)
    before, now = (_lines(one) for one in (story.history_before, story.history_now))
    for line in sorted(before | now):
        table.add_row(*line, *("●" if line in known else "" for known in (before, now)))
    console.print(table)


def _access_record(console: Console, story: "Story") -> None:
    """Show what the person learned of who asked, and that every line of it is proven."""
    record = story.access_record
    console.print()
    table = Table(title="情報提供等の記録 who was told what, as the person sees it")
    for heading in ("№", "asked by", "affair", "items", "outcome"):
        table.add_column(heading)
    for number, entry in zip(record["numbers"], record["entries"], strict=True):
        asked_by = " / ".join(filter(None, (entry["body"], entry["handled_by"])))
        row = (asked_by, entry["affair"] or entry["operation"], ", ".join(entry["items"]), entry["outcome"])
        table.add_row(str(number), *row)
    console.print(table)
    witnesses = ", ".join(record["cosigned_at"])
    console.print(f"[green]✓[/] verified off line: in {record['origin']} of {record['size']}, cosigned by {witnesses}")


def _lines(exchange: Exchange) -> set[tuple[str, str, str]]:
    versions = () if exchange.answer is None else exchange.answer.versions
    return {
        (
            str(version.possible.first or ""),
            str(version.possible.end or "…"),
            _place(version.items) or str(version.items.status),
        )
        for version in versions
    }
