"""What the commands print: English, with the Japanese words beside it. Never a name or number of a person."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from embassy_gateway.delivery import ALARMING, Tally
from embassy_gateway.intake import Examined
from embassy_gateway.overview import STATE_LABELS, DeadLetter, Overview
from embassy_gateway.schema import State
from embassy_gateway.wiring import Taken
from registry.contract.fault_wording import FAULT_WORDING
from registry.domain.errors import Fault, FaultCode

_COLOURS = {State.WAITING: "yellow", State.DELIVERED: "green", State.MENDED: "dim"}
_TROUBLES = {
    "line-down": "the registry cannot be reached (接続できません)",
    "answer-not-trusted": "an answer came that the registry did not sign: check address, keys and line (署名検証不可)",
    "answer-not-understood": "the registry answered in a form unknown to this program: update it (応答の形式が不明)",
    "receipt-not-signed": "a receipt came without the registry's signature (受領証の署名なし)",
    "receipt-of-other-reports": "a receipt came for other reports than were sent (受領証の不一致)",
    "spool-unavailable": "the spool cannot be written: check the disk (受付簿に書き込めません)",
}


def show_checked(console: Console, name: str, place: int, examined: Examined) -> None:
    """Print what was found in one report of a file that was only checked."""
    head = f"{escape(name)} #{place + 1}"
    if examined.faults:
        console.print(f"[red]✗[/] {head}: faulty; only checked, not taken in (記載の誤り、点検のみ)")
    else:
        console.print(f"[green]✓[/] {head}: without fault; only checked, not taken in (点検のみ)")
    _show_found(console, examined.left, examined.faults, examined.warnings)


def show_taken(console: Console, name: str, taken: Taken) -> None:
    """Print what became of one report of a file."""
    head = f"{escape(name)} #{taken.place + 1}"
    label = f"{taken.state} ({STATE_LABELS[taken.state]})"
    if not taken.is_new:
        console.print(f"[yellow]=[/] {head}: taken in before as report {taken.id}, {label} (重複)")
    elif taken.state is State.FAULTY:
        console.print(f"[red]✗[/] {head}: kept as report {taken.id}, {label}; not sent")
    else:
        days = f"{taken.days.local_date} at the mission (日本 {taken.days.japan_date})"
        console.print(f"[green]✓[/] {head}: report {taken.id}, taken in {days}, {label}")
    _show_found(console, taken.left, taken.faults, taken.warnings)
    if taken.state is State.FAULTY:
        console.print(f"    mend the file, then: embassy-gateway submit --mend {taken.id} FILE (補正して再提出)")


def _show_found(console: Console, left: int, faults: tuple[Fault, ...], warnings: tuple[Fault, ...]) -> None:
    if left:
        console.print(f"    foreign members left at the mission (外国籍の同居家族): {left}")
    for fault in (*faults, *warnings):
        for line in _lines(fault.code, fault.pointer, fault.expected, is_error=fault in faults):
            console.print(line)


def show_overview(console: Console, overview: Overview) -> None:
    """Print the state of the spool, worst last."""
    table = Table("State", "状態", "Reports", title="Embassy gateway 在外公館ゲートウェイ", title_justify="left")
    for state, count in overview.counts.items():
        colour = _COLOURS.get(state, "red") if count else "dim"
        table.add_row(state, STATE_LABELS[state], str(count), style=colour)
    console.print(table)
    for outcome, count in sorted(overview.outcomes.items()):
        console.print(f"receipts (受領証) {outcome}: {count}")
    console.print(f"foreign members left at the mission (外国籍の同居家族): {overview.left_at_mission}")
    if overview.oldest is not None:
        oldest = overview.oldest
        console.print(
            f"waiting longest (最古の送信待ち): report {oldest.id},"
            f" taken in {oldest.taken_at}, {oldest.attempts} attempts"
        )
    if overview.trouble is not None:
        console.print(
            f"[red]line (回線): {trouble_words(overview.trouble)}[/]; next try {overview.next_try:%Y-%m-%d %H:%M:%S %Z}"
        )
    for letter in overview.dead_letters:
        _show_dead_letter(console, letter)
    for first, last in overview.gaps:
        console.print(f"[red]missing from the sequence (欠番): {first} to {last}; restore the spool[/]")
    if not overview.gaps:
        console.print("sequence without gaps (欠番なし)")


def show_tally(console: Console, tally: Tally, waiting: int) -> None:
    """Print what a delivery run has done."""
    console.print(
        f"delivered (送達) {tally.delivered}, refused (受理されず) {tally.refused}, alarms (要照会) {tally.alarms},"
        f" still waiting (送信待ち) {waiting}"
    )
    if tally.trouble is not None:
        colour = "red" if tally.trouble in ALARMING else "yellow"
        console.print(f"[{colour}]{trouble_words(tally.trouble)}[/]")


def show_faults(console: Console, name: str, faults: tuple[Fault, ...]) -> None:
    """Print the faults of the settings, by the names of their variables."""
    for fault in faults:
        variable = name + fault.pointer.removeprefix("/").upper()
        console.print(
            f"[red]✗[/] {escape(variable)}: {FAULT_WORDING[fault.code].title}; expected: {escape(fault.expected)}"
        )


def trouble_words(trouble: str) -> str:
    """Say in words what is wrong with the line."""
    if trouble in _TROUBLES:
        return _TROUBLES[trouble]
    return f"the line answers {escape(trouble)}"


def _show_dead_letter(console: Console, letter: DeadLetter) -> None:
    console.print(
        f"[red]report {letter.id}[/] {letter.state} ({STATE_LABELS[letter.state]}), taken in {letter.taken_at}"
    )
    for fault in letter.faults:
        for line in _lines(fault.code, fault.pointer, fault.expected, is_error=fault.severity == "error"):
            console.print(line)
    console.print(f"    → {escape(letter.advice)} {escape(letter.advice_ja)}")
    if letter.correlation_id:
        console.print(f"    quote when asking the registry (照会番号): {escape(letter.correlation_id)}")
    if letter.state is State.ALARM:
        console.print("    → call the registry before sending again: has this spool been restored or copied? (要照会)")
        return
    if letter.is_kept:
        console.print(f"    → embassy-gateway status --report {letter.id} > FILE (控えを取り出す)")
    console.print(f"    → embassy-gateway submit --mend {letter.id} FILE (補正して再提出)")


def _lines(code: FaultCode, pointer: str, expected: str, *, is_error: bool) -> Iterator[str]:
    """Say one fault: where, what, in both languages, and what would be right."""
    words = FAULT_WORDING[code]
    mark = "[red]・[/]" if is_error else "[yellow]・[/]"
    yield f"    {mark} {escape(pointer) or '(whole)'} {code}: {words.title} {words.title_ja}"
    yield f"      {words.advice} {words.advice_ja}" + (f" ({escape(expected)})" if expected else "")
