"""What the agent says to people: every fault of a file and every way to end, in English and in Japanese.

The words for faults of values are those of the contract (``registry.contract.fault_wording``). What stands here beside
them is about files; and some codes need other advice where what is to be mended is a municipal system and no report.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from municipality_sync.agent.findings import FileFault
from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.wording import Wording
from registry.domain.errors import FaultCode


class Ending(StrEnum):
    """Why a command could not do what it was asked."""

    EXTRACT_UNREADABLE = "extract-unreadable"
    INPUT_WRONG = "input-wrong"
    ANOTHER_RUN = "another-run"
    LINE_DOWN = "line-down"
    SOMEBODY_ELSE = "somebody-else"
    FILE_UNUSABLE = "file-unusable"
    NOT_WRITTEN = "not-written"


ENDINGS: Final[Mapping[Ending, Wording]] = MappingProxyType(
    {
        Ending.EXTRACT_UNREADABLE: Wording(
            "The extract cannot be read as its layout says",
            "抽出ファイルを対応表のとおりに読み取れません",
            "Nothing was sent of it. Mend what is named and run the same command again.",
            "何も送信していません。示された点を直し、同じコマンドを実行してください。",
        ),
        Ending.INPUT_WRONG: Wording(
            "The layout, the settings or an option are not right",
            "対応表・設定・指定のいずれかが正しくありません",
            "Nothing was done. Mend what is named and run the same command again.",
            "何も行っていません。示された点を直し、同じコマンドを実行してください。",
        ),
        Ending.ANOTHER_RUN: Wording(
            "Another push is on in the same state folder",
            "同じ作業フォルダーで送信が行われています",
            "Wait until it has ended.",
            "終わるまで待ってください。",
        ),
        Ending.LINE_DOWN: Wording(
            "The registry cannot be reached",
            "登録システムに接続できません",
            "What was acknowledged is kept: run the same command later.",
            "受領済みの分は保存されています。後で同じコマンドを実行してください。",
        ),
        Ending.SOMEBODY_ELSE: Wording(
            "Somebody else answered in the registry's place",
            "登録システム以外のものが応答しました",
            "Send nothing more and tell those who run the line.",
            "送信を止め、回線の管理者に知らせてください。",
        ),
        Ending.FILE_UNUSABLE: Wording(
            "A file cannot be used",
            "ファイルを使用できません",
            "Check that it is there, may be written, and that the disk has room.",
            "所在、書込みの権限、ディスクの空きを確かめてください。",
        ),
        Ending.NOT_WRITTEN: Wording(
            "No layout was written",
            "対応表を作成していません",
            "Run the command again and answer what is open, or name a layout of the same system with --like.",
            "もう一度実行し、残りの問いに答えるか、同じシステムの対応表を --like で指定してください。",
        ),
    }
)

_FILE: Final[dict[str, Wording]] = {
    FileFault.NOT_TEXT: Wording(
        "The file is no text",
        "テキストファイルではありません",
        "Have the system write a CSV; unpack an archive first, and do not save through a spreadsheet.",
        "システムから CSV で出力してください。圧縮は展開し、表計算ソフトでの保存は避けてください。",
    ),
    FileFault.WRONG_ENCODING: Wording(
        "The file is in another encoding",
        "文字コードが違います",
        "Correct the encoding in the layout, or have the file written in the one it names.",
        "対応表の encoding を直すか、指定の文字コードで出力してください。",
    ),
    FileFault.WRONG_DELIMITER: Wording(
        "The columns are separated by another sign",
        "区切り文字が違います",
        "Correct the delimiter in the layout.",
        "対応表の delimiter を直してください。",
    ),
    FileFault.NO_HEADING: Wording(
        "The first line is not the heading that the layout expects",
        "一行目が対応表の見出しではありません",
        "Check that it is the right file; have it written with the names of the columns in the first line.",
        "正しいファイルか確かめ、一行目に項目名を付けて出力してください。",
    ),
    FileFault.COLUMN_MISSING: Wording(
        "A column that the layout names is missing",
        "対応表にある列がありません",
        "Have the column added, or correct its name in the layout.",
        "列を追加して出力するか、対応表の列名を直してください。",
    ),
    FileFault.COLUMN_DOUBLED: Wording(
        "A column stands twice",
        "同じ名前の列が二つあります",
        "Have each column named once.",
        "列名が重ならないように出力してください。",
    ),
    FileFault.OTHER_FILE_NAME: Wording(
        "The file is not named as the system names its extracts",
        "ファイル名が対応表の形式と違います",
        "Choose the right file, give it back the name it had, or correct file_name in the layout.",
        "正しいファイルを選ぶか、元の名前に戻すか、対応表の file_name を直してください。",
    ),
    FileFault.OTHER_MUNICIPALITY: Wording(
        "The extract is of another municipality",
        "他の市区町村の抽出ファイルです",
        "Choose the right file, or the layout of that municipality.",
        "正しいファイルを選ぶか、その市区町村の対応表を指定してください。",
    ),
    FileFault.OTHER_MONTH: Wording(
        "The extract is of another month",
        "別の月の抽出ファイルです",
        "Choose the file of the right month; if this one is meant, name its month with --month.",
        "正しい月のファイルを選んでください。この月でよければ --month で指定してください。",
    ),
    FileFault.TOO_MANY_LINES: Wording(
        "The file has too many lines",
        "行数が多すぎます",
        "Split it so that all lines of a person are in one file.",
        "一人の行が同じファイルに収まるように分けて出力してください。",
    ),
    FileFault.CHANGED_MEANWHILE: Wording(
        "The file was changed while it was being read",
        "読取りの途中でファイルが変更されました",
        "Copy it to where nobody writes, and run the same command again.",
        "誰も書き込まない場所に写し、同じコマンドを実行してください。",
    ),
    FileFault.UNDECODABLE: Wording(
        "A byte is no character of the encoding",
        "文字コードにないバイトがあります",
        "Mend the character in the system, or write 〓 in its place.",
        "システムで文字を直すか、〓 に置き換えて出力してください。",
    ),
    FileFault.COLUMN_COUNT: Wording(
        "The line has more or fewer columns than the heading",
        "列の数が見出しと違います",
        "Put cells that hold the delimiter in quotation marks.",
        "区切り文字を含む値を引用符で囲んで出力してください。",
    ),
    FileFault.QUOTING: Wording(
        "Quotation marks do not come in pairs",
        "引用符の対応が取れません",
        "Double a quotation mark within a cell; keep line breaks out of cells.",
        "値の中の引用符は二つ重ね、値の中で改行しないでください。",
    ),
    FileFault.TRUNCATED: Wording(
        "The file is cut off in this line",
        "この行でファイルが途切れています",
        "Have it transferred again as a whole and compare its size.",
        "ファイルを送り直し、大きさを照らし合わせてください。",
    ),
    FileFault.LINE_TOO_LONG: Wording(
        "The line is too long",
        "行が長すぎます",
        "Check that lines end with a line break.",
        "行末に改行があるか確かめてください。",
    ),
    FileFault.CHARACTER_BY_REFERENCE: Wording(
        "A number stands for a character",
        "文字の代わりに文字番号が入っています",
        "It goes along as written. Where the system can write the character, have it written.",
        "そのまま送ります。文字で出力できる場合は文字で出力してください。",
    ),
    FileFault.CHARACTER_UNKNOWN: Wording(
        "A sign stands for a character that could not be written",
        "書けない文字が〓などに置き換わっています",
        "It goes along as written, and a person must look the name up. Have the MJ number written instead.",
        "そのまま送りますが、人による確認が要ります。MJ文字図形名で出力してください。",
    ),
    FileFault.FORMULA: Wording(
        "A text begins as a formula does",
        "数式のように始まる値です",
        "It goes along as text. Check it in the system, and open the file in no spreadsheet.",
        "文字として送ります。システムで確かめ、表計算ソフトでは開かないでください。",
    ),
}

_ELSEWHERE: Final[dict[str, Wording]] = {
    FaultCode.CODE_UNKNOWN: Wording(
        "The code stands neither in the layout nor in the table of codes",
        "対応表にもコード表にもないコードです",
        "Add it to the layout with the meaning that the vendor gives it, or correct it in the system.",
        "提供事業者に意味を確かめて対応表に加えるか、システムで直してください。",
    ),
    FaultCode.DATE_IN_THE_FUTURE: Wording(
        "The date lies in the future",
        "未来の日付です",
        "Correct it in the system.",
        "システムで直してください。",
    ),
    FaultCode.CHECK_DIGIT: Wording(
        "The check digit is wrong",
        "検査数字が合いません",
        "Check that the column is the right one and that leading zeros are kept; then correct the number.",
        "列の取り違えや先頭の 0 の欠落がないか確かめ、番号を直してください。",
    ),
    FaultCode.NUMBER_MALFORMED: Wording(
        "The number does not have the required form",
        "番号の形式が正しくありません",
        "Check that the column is the right one and that leading zeros are kept; then correct the number.",
        "列の取り違えや先頭の 0 の欠落がないか確かめ、番号を直してください。",
    ),
    FaultCode.DUPLICATE: Wording(
        "The same thing is stated twice",
        "重複しています",
        "Have each line of a history written once, as it stands now.",
        "履歴は最新の内容で一行ずつ出力してください。",
    ),
    FaultCode.EMPTY: Wording(
        "The file is empty",
        "ファイルが空です",
        "Have it transferred again and compare its size.",
        "ファイルを送り直し、大きさを照らし合わせてください。",
    ),
}

FAULTS: Final[Mapping[str, Wording]] = MappingProxyType({**FAULT_WORDING, **_FILE, **_ELSEWHERE})
"""The words for every code of a fault that the agent can name."""
