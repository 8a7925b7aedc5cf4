"""The report for the vendor of the municipal system: where the file is wrong, and what would be right there.

It leaves the town hall. So it holds lines, columns, codes and words, and nothing of what stands in the file but codes
of the system itself (``findings``). A spreadsheet will open it: no cell begins as a formula does (ASVS 5.0, 1.2.10),
and the mark at the front makes Excel read UTF-8.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from municipality_sync.agent.findings import FaultKind, FaultList, UnknownCode
from municipality_sync.agent.wording import FAULTS
from registry.domain.errors import FaultCode

HEADINGS: Final = (
    "行 line",
    "列 column",
    "コード code",
    "区分 severity",
    "内容 what is wrong",
    "対応 what to do",
    "正しい値 what would be right",
    "件数 how many",
)

_BEGINS_A_FORMULA: Final = "=+-@＝＋－＠"  # the wide ones too: spreadsheets in Japanese take them for the narrow
_DELIMITER_OR_LINE_END: Final = str.maketrans("\t\r\n\0", "    ")


def write_report(file: Path, found: FaultList, unknown_codes: Iterable[UnknownCode] = ()) -> None:
    """Write what was found as CSV (UTF-8 with a mark, CRLF), over what was there; raises OSError when it cannot.

    The first faults of each kind have a line each; a kind with more has a line that says how many there are in all.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for row in (*_unknown(unknown_codes), *_first(found), *_in_all(found.kinds)):
        writer.writerow(map(harmless, row))
    file.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet calculates: a quotation mark before what would begin a formula."""
    plain = cell.translate(_DELIMITER_OR_LINE_END)
    return f"'{plain}" if plain.lstrip().startswith(tuple(_BEGINS_A_FORMULA)) else plain


def _unknown(codes: Iterable[UnknownCode]) -> Iterator[tuple[str, ...]]:
    for one in codes:
        meaning = f"コードの意味 the meaning of code {one.code}"
        yield (
            "",
            one.column,
            FaultCode.CODE_UNKNOWN,
            "error",
            *_words(FaultCode.CODE_UNKNOWN),
            meaning,
            str(one.lines),
        )


def _first(found: FaultList) -> Iterator[tuple[str, ...]]:
    for fault in found.faults:
        line = str(fault.line) if fault.line else ""
        yield (line, fault.column, fault.code, fault.severity, *_words(fault.code), fault.expected, "1")


def _in_all(kinds: Iterable[FaultKind]) -> Iterator[tuple[str, ...]]:
    for kind in kinds:
        if kind.count > len(kind.lines):
            words = f"他の行も同様 and other lines; {len(kind.lines)} are listed above", ""
            yield ("", kind.column, kind.code, kind.severity, *words, "", str(kind.count))


def _words(code: str) -> tuple[str, str]:
    words = FAULTS[code]
    return f"{words.title_ja} {words.title}", f"{words.advice_ja} {words.advice}"
