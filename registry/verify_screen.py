"""What ``registry verify-log`` and ``registry verify-receipt`` show: what was found, where, and what it means."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from registry.command_line import print_json, told
from registry.domain.mission import JAPAN
from registry.telling import say
from registry.transparency.audit import AuditFinding
from registry.transparency.checkpoint import OpenedCheckpoint
from registry.transparency.entry import Disclosure
from registry.transparency.receipt import CheckedRecord
from registry.transparency.refusals import LogFault, LogRefused

MEANINGS: Final[Mapping[LogFault, str]] = {
    LogFault.HEAD_MALFORMED: told("no tree has such a head", "このような先端を持つ木はない"),
    LogFault.HASH_MALFORMED: told("a hash has another length", "ハッシュ値の長さが違う"),
    LogFault.TILE_MALFORMED: told("a tile has another length", "タイルの長さが違う"),
    LogFault.TILE_UNKNOWN: told("no tree has such a tile", "このようなタイルを持つ木はない"),
    LogFault.ENTRY_MALFORMED: told("the content cannot be read", "記録の内容が読めない"),
    LogFault.KEY_MALFORMED: told("this is no published key", "公開鍵の形式が違う"),
    LogFault.NOTE_MALFORMED: told("this is no signed note", "署名付き文書の形式が違う"),
    LogFault.CHECKPOINT_MALFORMED: told("this is no checkpoint", "チェックポイントの形式が違う"),
    LogFault.RECEIPT_MALFORMED: told("this is no access record as it is written", "記録の写しの形式が違う"),
    LogFault.OFFER_MALFORMED: told("this is no offer to a witness", "立会者への申出の形式が違う"),
    LogFault.SIZE_IMPOSSIBLE: told("a tree of this size has no such entry", "この大きさの木にこの記録はない"),
    LogFault.PROOF_MISMATCH: told("the proof is of another entry or tree", "証明が記録または木と一致しない"),
    LogFault.CHAIN_BROKEN: told(
        "in the chain of the person an entry is missing, altered or out of order",
        "本人の記録の連鎖に欠落・改変・順序の入替えがある",
    ),
    LogFault.SIGNATURE_MISSING: told("the log has not signed it with this key", "この鍵によるログの署名がない"),
    LogFault.SIGNATURE_WRONG: told("a signature does not verify", "署名が正しくない"),
    LogFault.COSIGNATURE_MISSING: told("this witness has not cosigned it", "この立会者の連署がない"),
    LogFault.OTHER_ORIGIN: told("it is of another log than the key", "鍵とは別のログのものである"),
    LogFault.ROLLBACK: told(
        "the log ends before what it had signed: entries were cut off",
        "署名済みの先端より手前で終わっている(末尾の切捨て)",
    ),
    LogFault.FORK: told(
        "the log had signed another history up to here", "ここまでの履歴が、かつて署名したものと異なる(分岐)"
    ),
    LogFault.STALE: told("the witness has seen another size", "立会者の知る大きさと異なる"),
    LogFault.CLOCK_REVERSED: told("a clock went back", "時計が逆行している"),
    LogFault.ENTRY_MISSING: told("an entry is missing or out of order", "記録の欠落または順序の入替えがある"),
    LogFault.LEAF_MISMATCH: told("an entry is not what its leaf was made of", "記録がその葉と一致しない"),
    LogFault.SEAL_BROKEN: told("an entry cannot be opened", "記録の封を開けない"),
    LogFault.TILE_MISMATCH: told("a tile is not that of the entries", "タイルが記録と一致しない"),
    LogFault.HEAD_MISMATCH: told("the signed head is not that of the entries", "署名された先端が記録と一致しない"),
}
"""What each code means to whoever reads it for the first time."""

out: Final = Console(highlight=False, soft_wrap=True)


@contextmanager
def bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how far an audit is; the function given is told entries done and entries in all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=say, disable=quiet) as progress:
        task = progress.add_task("entries", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def show_findings(findings: Sequence[AuditFinding]) -> None:
    """Print what is wrong, the nearest first."""
    for one in findings:
        out.print(f"[bold red]✗[/] {escape(one.where)}: {MEANINGS[one.code]}  [dim]{one.code}[/]")


def show_refusal(refused: LogRefused, *, json: bool) -> None:
    """Print why a file or checkpoint is not what it is shown for."""
    if json:
        print_json({"verified": False, "code": refused.code, "where": refused.where})
        return
    show_findings([AuditFinding(code=refused.code, where=refused.where or "-")])


def show_audit(opened: OpenedCheckpoint, findings: Sequence[AuditFinding], *, json: bool) -> None:
    """Print what came of an audit."""
    if json:
        print_json({"verified": not findings, **_head(opened), "findings": findings})
        return
    show_findings(findings)
    if not findings:
        out.print(f"[bold green]✓[/] {_said(opened)}")


def show_record(record: CheckedRecord, *, json: bool) -> None:
    """Print an access record that was found true."""
    if json:
        numbers = [link.number if link else None for link in record.links]
        print_json({"verified": True, **_head(record.opened), "numbers": numbers, "entries": record.disclosures})
        return
    table = Table(*map(str, COLUMNS))
    for link, one in zip(record.links, record.disclosures, strict=True):
        table.add_row(str(link.number if link else "-"), *map(escape, _row(one)))
    out.print(table)
    out.print(f"[bold green]✓[/] {_said(record.opened)}")


COLUMNS: Final = (
    "№",
    told("asked at (Japan)", "照会日時"),
    told("asked by", "照会者"),
    told("affair", "事務"),
    told("basis", "根拠"),
    told("items", "項目"),
    told("outcome", "結果"),
)


def _row(one: Disclosure) -> tuple[str, ...]:
    asked_by = " / ".join(filter(None, (one.body, one.handled_by, one.contractor)))
    outcome = " ".join((one.outcome, *sorted(one.codes)))
    number = told("number accessed", "個人番号") if one.number_accessed else ""
    items = ", ".join(filter(None, (number, *sorted(one.items))))
    at = one.asked_at.astimezone(JAPAN)
    return f"{at:%Y-%m-%d %H:%M:%S}", asked_by, one.affair or one.operation, one.basis, items, outcome


def _head(opened: OpenedCheckpoint) -> dict[str, Any]:
    checkpoint = opened.checkpoint
    cosigned = {name: datetime.fromtimestamp(at, UTC) for name, at in opened.cosigned_at.items()}
    head = {"origin": checkpoint.origin, "size": checkpoint.head.size, "root": checkpoint.head.root.hex()}
    return head | {"cosigned_at": cosigned}


def _said(opened: OpenedCheckpoint) -> str:
    """Say under which head everything holds, and who cosigned that when."""
    checkpoint = opened.checkpoint
    words = [
        told(
            f"{checkpoint.origin}: {checkpoint.head.size:,} entries", f"{checkpoint.origin}:{checkpoint.head.size:,} 件"
        ),
        *(
            told("cosigned by {} at {}", "連署 {}({})").format(
                name, f"{datetime.fromtimestamp(at, JAPAN):%Y-%m-%d %H:%M:%S}"
            )
            for name, at in opened.cosigned_at.items()
        ),
    ]
    return escape("; ".join(words))
