"""What is printed of a batch file: counts, and every kind of fault once with its lines. Never what stands in them."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from embassy_gateway.batch.findings import FaultKind
from embassy_gateway.batch.taking_in import BatchOutcome
from embassy_gateway.batch.wording import WORDING
from registry.domain.errors import Fault, Severity


def show_batch(console: Console, name: str, outcome: BatchOutcome) -> None:
    """Print what became of one file."""
    head = escape(name)
    if outcome.unreadable and not outcome.households:
        console.print(f"[red]✗[/] {head}: nothing of it was read (読み取れません)")
    else:
        for line in _counts(outcome):
            console.print(f"{line[0]} {head}: {line[1]}")
    if outcome.left:
        console.print(f"    foreign members left at the mission (外国籍の同居家族): {outcome.left}")
    for kind in outcome.faults:
        for text in _lines(kind):
            console.print(text)
    if outcome.needs_staff:
        console.print("    mend the file, then hand it in again as a whole: what was taken in is not taken in twice")
        console.print("    ファイルを直し、全体をもう一度提出してください。受付済みの届が重複することはありません。")


def show_map_faults(console: Console, name: str, faults: tuple[Fault, ...]) -> None:
    """Print what is wrong with a map file."""
    console.print(f"[red]✗[/] {escape(name)}: the map cannot be used (対応表を使用できません)")
    for fault in faults:
        words = WORDING[fault.code]
        console.print(
            f"    [red]・[/] {escape(fault.pointer) or '(whole)'} {fault.code}: {words.title} {words.title_ja}"
        )
        console.print(f"      expected (正しい内容): {escape(fault.expected)}")


def _counts(outcome: BatchOutcome) -> Iterator[tuple[str, str]]:
    read = f"{outcome.households} households in {outcome.rows} rows (世帯 {outcome.households}、行 {outcome.rows})"
    yield "・", read + (f", {outcome.notes} notes passed over (注記)" if outcome.notes else "")
    if outcome.good:
        yield "[green]✓[/]", f"{outcome.good} without fault; only checked, not taken in (点検のみ)"
    if outcome.taken:
        yield "[green]✓[/]", f"{outcome.taken} taken in (受付), reports {outcome.first} to {outcome.last}"
    if outcome.known:
        yield "[yellow]=[/]", f"{outcome.known} taken in before (重複)"
    if outcome.known_dead:
        yield "[red]✗[/]", f"{outcome.known_dead} of them need staff, see `embassy-gateway status` (要確認)"
    if outcome.faulty:
        yield "[red]✗[/]", f"{outcome.faulty} faulty, not taken in: they stay in the file (記載の誤り)"


def _lines(kind: FaultKind) -> Iterator[str]:
    words = WORDING[kind.code]
    mark = "[red]・[/]" if kind.severity is Severity.ERROR else "[yellow]・[/]"
    more = kind.count - len(kind.lines)
    where = ", ".join(map(str, kind.lines)) + (f" and {more} more (他 {more} 件)" if more else "")
    column = f" {escape(kind.column)}" if kind.column else ""
    yield f"    {mark} line 行 {where}:{column} {kind.code}: {words.title} {words.title_ja}"
    yield f"      {escape(words.advice)} {escape(words.advice_ja)}" + (
        f" ({escape(kind.expected)})" if kind.expected else ""
    )
