"""終了コード — how a command of the gateway ends, for staff and for whatever starts it."""

from enum import IntEnum
from typing import Final

from registry.command_line import ExitCodes, told


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0
    NEEDS_STAFF = 1
    REFUSED = 2
    LINE_DOWN = 3
    ALARM = 4


MEANINGS: Final[ExitCodes] = {
    Exit.DONE: told("done", "完了"),
    Exit.NEEDS_STAFF: told(
        "a report needs staff: faulty or refused, see `status`",
        "職員の対応が必要な届書あり(誤り、または不受理。`status` を参照)",
    ),
    Exit.REFUSED: told(
        "the arguments, settings, keys or spool do not allow it", "コマンド・設定・鍵・受付簿のいずれかに問題あり"
    ),
    Exit.LINE_DOWN: told(
        "reports still wait: the line is down, or the registry asked to come again",
        "未送信の届書あり(回線断、または登録システムが再送を求めた)",
    ),
    Exit.ALARM: told(
        "alarm: an answer could not be trusted, or a key was used with another body",
        "警報(信用できない応答、または同じ鍵で別の内容)",
    ),
}
