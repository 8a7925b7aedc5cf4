"""``registry doctor``: one screen of what is wrong and how to mend it.

It comes in when something does not work, so it loads what it examines only when it begins: a library that is missing
is a finding as well.
"""

import os
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from registry.command_line import DONE, SOMETHING_NEAR, SOMETHING_WRONG, AsJson, print_json, told
from registry.doctor.finding import Area, Code, Finding, Gravity, wrong

EXAMINATION: Final = "registry.doctor.examination"
AREAS: Final = {
    "settings": told("settings", "設定"),
    "key files": told("key files", "鍵ファイル"),
    "machine": told("machine", "この機械"),
    "server": told("database server", "データベース"),
    "contents": told("contents", "データの内容"),
    "log of disclosures": told("log of disclosures", "情報提供等の記録"),
    "stored keys": told("keys and data", "鍵とデータ"),
    "installation": told("installation", "プログラム"),
}
SIGNS: Final = {Gravity.WRONG: "[bold red]✗[/]", Gravity.NEAR: "[bold yellow]![/]"}

MOST_OF_A_CODE: Final = 5

out: Final = Console(highlight=False, soft_wrap=True)


def doctor(*, json: AsJson = False) -> int:
    """Make every check and tell what was found; returns the exit code."""
    areas = _examined()
    findings = [finding for area in areas for finding in area.findings]
    if json:
        print_json(_as_json(areas, findings))
    else:
        _show(areas, findings)
    gravities = {finding.gravity for finding in findings}
    return SOMETHING_WRONG if Gravity.WRONG in gravities else SOMETHING_NEAR if gravities else DONE


def _examined() -> tuple[Area, ...]:
    try:
        examination: Any = import_module(EXAMINATION)
    except ImportError as error:
        return (Area(name="installation", checks=1, findings=(_incomplete(error),)),)
    areas: tuple[Area, ...] = examination.examine(os.environ)
    return areas


def _incomplete(error: ImportError) -> Finding:
    return wrong(
        Code.INSTALLATION_BROKEN,
        (f"a library cannot be loaded: {error.name}", f"ライブラリー {error.name} を読み込めません"),
        ("install the locked requirements again", "固定された必要ライブラリーを入れ直してください"),
        "make setup",
    )


def _as_json(areas: tuple[Area, ...], findings: list[Finding]) -> dict[str, Any]:
    counts = Counter(finding.gravity for finding in findings)
    return {
        "wrong": counts[Gravity.WRONG],
        "near": counts[Gravity.NEAR],
        "checks": {area.name: area.checks for area in areas},
        "findings": findings,
    }


def _show(areas: tuple[Area, ...], findings: list[Finding]) -> None:
    """Print a line for all areas, then each finding with what to do, the worst first."""
    out.print("  ".join(f"{_sign_of(area)} {AREAS[area.name]}" for area in areas))
    for finding in _shown(sorted(findings, key=lambda one: one.gravity is Gravity.NEAR)):
        out.print(f"{SIGNS[finding.gravity]} {escape(told(finding.what, finding.what_ja))}  [dim]{finding.code}[/]")
        out.print(f"    {escape(told(finding.mend, finding.mend_ja))}")
        if finding.command:
            out.print(f"    [bold]$ {escape(finding.command)}[/]")
    for code, count in Counter(finding.code for finding in findings).items():
        if count > MOST_OF_A_CODE:
            more = count - MOST_OF_A_CODE
            out.print(
                told(f"… and {more} more of {code}; --json lists them", f"… {code} が他に {more} 件(--json で全件)")
            )
    if not findings:
        out.print(told("Nothing is wrong.", "異常はありません。"))


def _shown(findings: list[Finding]) -> Iterator[Finding]:
    """Leave out what would push everything else off the screen: the sixth finding of one code and all after it."""
    seen: Counter[Code] = Counter()
    for finding in findings:
        seen[finding.code] += 1
        if seen[finding.code] <= MOST_OF_A_CODE:
            yield finding


def _sign_of(area: Area) -> str:
    gravities = {finding.gravity for finding in area.findings}
    worst = next((gravity for gravity in Gravity if gravity in gravities), None)
    if worst is not None:
        return SIGNS[worst]
    return "[green]✓[/]" if area.checks else "[dim]–[/]"
