"""What is said of every fault of a batch file, in English and in Japanese.

The words for faults of values are those of the contract (``registry.contract.fault_wording``).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from embassy_gateway.batch.findings import FileFault
from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.wording import Wording
from registry.domain.errors import FaultCode

_FILE: Final[dict[str, Wording]] = {
    FileFault.NOT_TEXT: Wording(
        "The file is no text",
        "テキストファイルではありません",
        "Save it from the spreadsheet as CSV UTF-8; unpack an archive first.",
        "表計算ソフトで「CSV UTF-8」として保存してください。圧縮は展開してください。",
    ),
    FileFault.WRONG_ENCODING: Wording(
        "The file is in another encoding",
        "文字コードが違います",
        "Save it as CSV UTF-8, or correct the encoding in the map.",
        "「CSV UTF-8」として保存するか、対応表の encoding を直してください。",
    ),
    FileFault.NO_HEADING: Wording(
        "The first line is not the heading expected",
        "一行目が見出しではありません",
        "Put the names of the columns in the first line; `embassy-gateway template` writes them.",
        "一行目に列名を置いてください。`embassy-gateway template` で様式を作成できます。",
    ),
    FileFault.COLUMN_MISSING: Wording(
        "A column is missing",
        "列がありません",
        "Add the column, or correct its name in the file or the map.",
        "列を加えるか、ファイルまたは対応表の列名を直してください。",
    ),
    FileFault.COLUMN_DOUBLED: Wording(
        "A column stands twice",
        "同じ名前の列が二つあります",
        "Name each column once.",
        "列名が重ならないようにしてください。",
    ),
    FileFault.COLUMN_UNKNOWN: Wording(
        "The form has no such column",
        "様式にない列名です",
        "Correct its name, or delete the column; the export of another service needs its map (--map).",
        "列名を直すか、列を削除してください。他のサービスのファイルには対応表(--map)が要ります。",
    ),
    FileFault.TOO_MANY_ROWS: Wording(
        "There are too many rows",
        "行数が多すぎます",
        "Split the file so that a household stays in one; check the number of the household.",
        "一世帯が同じファイルに収まるように分けてください。世帯番号も確かめてください。",
    ),
    FileFault.CHANGED_MEANWHILE: Wording(
        "The file was changed while it was being read",
        "読取りの途中でファイルが変更されました",
        "Close it elsewhere and hand it in again; what was taken in is not taken in twice.",
        "他で閉じてから再提出してください。受付済みの届が重複することはありません。",
    ),
    FileFault.UNDECODABLE: Wording(
        "A byte is no character of the encoding",
        "文字コードにないバイトがあります",
        "Type the character again and save the file as CSV UTF-8.",
        "文字を入力し直し、「CSV UTF-8」として保存してください。",
    ),
    FileFault.QUOTING: Wording(
        "Quotation marks do not come in pairs",
        "引用符の対応が取れません",
        "Double a quotation mark within a cell; keep line breaks out of cells.",
        "値の中の引用符は二つ重ね、セルの中で改行しないでください。",
    ),
    FileFault.COLUMN_COUNT: Wording(
        "The row has more or fewer columns than the heading",
        "列の数が見出しと違います",
        "Complete the row; put cells that hold a comma in quotation marks.",
        "行を補い、コンマを含む値は引用符で囲んでください。",
    ),
    FileFault.LINE_TOO_LONG: Wording(
        "The line is too long",
        "行が長すぎます",
        "Check that every row ends with a line break.",
        "行末に改行があるか確かめてください。",
    ),
    FileFault.TRUNCATED: Wording(
        "The file ends within this row",
        "この行でファイルが途切れています",
        "Get the file again as a whole; if the row is complete, put a line break after it.",
        "ファイル全体を取り直してください。行が揃っていれば、行末に改行を加えてください。",
    ),
    FileFault.HOUSEHOLD_UNKNOWN: Wording(
        "The row does not say whose household it belongs to",
        "どの世帯の行か分かりません",
        "Give the number of the household; the households beside it wait as well.",
        "世帯番号を入れてください。前後の世帯も受け付けていません。",
    ),
    FileFault.FORMULA: Wording(
        "A formula, or its error, stands in place of a value",
        "値ではなく数式(またはそのエラー)が入っています",
        "Paste the value as text, make the column wide enough, and save again.",
        "値を文字列として貼り付け、列幅を広げて保存し直してください。",
    ),
    FileFault.CHARACTER_LOST: Wording(
        "? or 〓 stands in place of a character",
        "文字が ? や〓 に置き換わっています",
        "Type the character as on the paper and save the file as CSV UTF-8.",
        "届書のとおりの文字を入力し、「CSV UTF-8」として保存してください。",
    ),
    FileFault.HOUSEHOLD_DIFFERS: Wording(
        "Rows of one household say different things",
        "同じ世帯の行で内容が異なります",
        "Correct it, leave it blank after the first row, or give the person a household number of their own.",
        "直すか、二行目以降を空欄にするか、別の世帯番号にしてください。",
    ),
    FileFault.HEAD_UNCLEAR: Wording(
        "It is not clear who heads the household",
        "筆頭者を特定できません",
        "Mark one row of the household as the head's; check `heads` in the map.",
        "世帯の一行だけを筆頭者としてください。対応表の heads も確かめてください。",
    ),
}

_ELSEWHERE: Final[dict[str, Wording]] = {
    FaultCode.CODE_UNKNOWN: Wording(
        "The code or word is not known",
        "不明なコードまたは語です",
        "Use one that the form names; for an export, add it to the map with its meaning.",
        "様式にあるものを使ってください。他のサービスのファイルでは、意味を確かめて対応表に加えてください。",
    ),
    FaultCode.EMPTY: Wording(
        "Nothing is there",
        "何もありません",
        "Fill it in, or check that it is the right file.",
        "記入するか、正しいファイルか確かめてください。",
    ),
}

WORDING: Final[Mapping[str, Wording]] = MappingProxyType({**FAULT_WORDING, **_FILE, **_ELSEWHERE})
"""The words for every code of a fault that a batch file can have."""
