"""外字・代替表記 — characters that a system's code page lacks, and what stands in their place.

cp932 has no 𠮷 and no 邉 with a selector. Where a name needs one, municipal systems write a number of the 文字情報基盤
(MJ012345, &MJ012345;), a numeric reference (&#x20BB7;), a sign that something was there (〓), or a 外字 that only the
system itself can draw (the private use area). All of it goes along exactly as it stands, because nobody here can know
what was meant, and a guess would become somebody's name. The warning says where a person must look it up.

Cells are text and nothing in them is ever calculated. One that begins as a formula does is still most likely a mistake,
or bait for the spreadsheet that opens the file next.
"""

import re
from typing import Final

from municipality_sync.agent.findings import FileFault

_BY_REFERENCE: Final = re.compile(
    "&#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});?|&?MJ[0-9]{6}(?![0-9]);?|U\\+[0-9A-Fa-f]{4,6}(?![0-9A-Fa-f])"
)
_UNKNOWN: Final = re.compile("[〓□?？\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_FORMULA: Final = re.compile(r"\s*(?:[=@+]|-.)")

_WORTH_A_LOOK: Final = re.compile(f"{_BY_REFERENCE.pattern}|{_UNKNOWN.pattern}|^{_FORMULA.pattern}")

_EXPECTED: Final = {
    FileFault.CHARACTER_BY_REFERENCE: "the character itself; it was taken as written",
    FileFault.CHARACTER_UNKNOWN: "the character itself, for which a sign stands; it was taken as written",
    FileFault.FORMULA: "a text that does not begin with = + - @; it was taken as text",
}


def doubts(text: str) -> tuple[tuple[FileFault, str], ...]:
    """Return what is doubtful about a text that is taken as it stands: each code with what would be right."""
    if not _WORTH_A_LOOK.search(text):
        return ()
    found = (
        (FileFault.CHARACTER_BY_REFERENCE, _BY_REFERENCE.search(text)),
        (FileFault.CHARACTER_UNKNOWN, _UNKNOWN.search(text)),
        (FileFault.FORMULA, _FORMULA.match(text)),
    )
    return tuple((code, _EXPECTED[code]) for code, match in found if match)


def is_written_out(text: str) -> bool:
    """Whether every character of a text is the one that is meant, as far as anyone can tell by looking at it."""
    return not (_BY_REFERENCE.search(text) or _UNKNOWN.search(text))
