"""``municipality-sync``: the catalogue of the agent at a municipality and of the nightly run beside the registry.

Each command is imported when it is called, so that neither side needs what only the other has installed.
"""

import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import CycloptsError

from registry.command_line import DONE, FAILED, NOT_UNDERSTOOD, Catalogue, ExitCodes, told

ABOUT: Final = told(
    """Send the 除票 that may be sent to the registry of residents abroad, and reconcile them there.

Settings of the municipality, as variables of the environment, each MUNICIPALITY_SYNC_…. REGISTRY_URL: where the
registry is called, without a path. KEY: the municipality's private key, a PEM file `KEYID.pem` of mode 0600.
REGISTRY_KEYS: the folder of the registry's public keys, PEM files `KEYID.pem`. STATE: the folder for what was
acknowledged. PATIENCE: seconds to wait for one part while the line is down; 900 if not given. `init` and `check` need
none of them; `reconcile` and `report` take the settings of the registry (`registry --help`).""",
    """送ってよい除票を在外邦人登録システムに送り、登録システムの側で突合する。

市区町村の設定は MUNICIPALITY_SYNC_ で始まる環境変数から読む。REGISTRY_URL は登録システムの接続先(パスを除く)、KEY は
秘密鍵(`鍵ID.pem`、モード 0600)、REGISTRY_KEYS は登録システムの公開鍵(`鍵ID.pem`)を置くフォルダー、STATE は送信済みの
記録を置くフォルダー、PATIENCE は回線断のとき一回の送信を待つ秒数(既定は900)。`init` と `check` には設定が要らない。
`reconcile` と `report` は登録システムの設定による(`registry --help`)。""",
)
EXITS: Final[ExitCodes] = {
    0: told("everything is right", "すべて正しい"),
    1: told("some people are held back by faults", "誤りのため留め置いた人あり"),
    2: told(
        "the file, its layout, the settings or the command line cannot be read",
        "ファイル・対応表・設定・コマンドの誤り",
    ),
}
INIT_EXITS: Final[ExitCodes] = {
    0: told("written, and every line of the sample is right", "作成した。見本の行はすべて正しい"),
    1: told("written, and some lines of the sample are not right", "作成した。見本に誤りのある行あり"),
    2: told("nothing was written", "作成していない"),
}
PUSH_EXITS: Final[ExitCodes] = {
    0: told("everything was delivered", "すべて送った"),
    1: told("it was, but for people whom a fault holds back", "誤りのため留め置いた人を除き、送った"),
    2: told(
        "it was not, or not all: mend what is said and run the same command again",
        "送れなかったものあり。示された点を直し、同じコマンドを実行する",
    ),
}
ANSWER_EXITS: Final[ExitCodes] = {
    0: told("every question was answered", "すべての照会に回答した"),
    1: told("some stay open, or were refused; the list says why", "未回答または拒否されたものあり(理由を表示する)"),
    2: PUSH_EXITS[2],
}
NIGHTLY_EXITS: Final[ExitCodes] = {
    DONE: told("done", "完了"),
    FAILED: told("not done; the message says why", "実行できなかった(理由を表示する)"),
    NOT_UNDERSTOOD: told("the command line or the settings make no sense", "コマンドまたは設定の誤り"),
}

sync: Final = Catalogue.of_program("municipality-sync", ABOUT, EXITS)
app: Final = sync.app

# --------------------------------------------------------------------------------------- at the municipality

sync.add(
    "init",
    "municipality_sync.agent.init:init",
    told(
        """Write a layout, the map of a municipality's extract, from a sample: propose, ask, try it, write it.

Nothing of what stands in the sample is shown but its shape. With --yes nobody is asked, and what the sample does not
make plain ends the command; --like takes the codes from a layout of the same system elsewhere.""",
        """見本から対応表(抽出ファイルの列とコードの意味)を作る。案を示し、尋ね、試し、書き出す。

見本の内容は形のほか表示しない。--yes では何も尋ねず、見本から明らかでないことがあれば終わる。--like は同じシステムの
対応表からコードの意味を引き継ぐ。""",
    ),
    examples="municipality-sync init extract.csv --municipality 131016 --out layout.toml",
    exits=INIT_EXITS,
)
sync.add(
    "check",
    "municipality_sync.agent.commands:check",
    told(
        """Read an extract and say what is wrong, what would be sent and who stays. Sends nothing.

With --vendor-report FILE.csv the faults are also written for the vendor of the system, without personal data.""",
        """抽出ファイルを読み、誤り、送る人、残る人を示す。何も送らない。

--vendor-report FILE.csv は、システム事業者に渡す誤りの一覧を個人情報なしで書き出す。""",
    ),
    examples="municipality-sync check extract.csv --layout layout.toml --vendor-report faults.csv",
)
sync.add(
    "push",
    "municipality_sync.agent.commands:push",
    told(
        """Send of an extract what may be sent. The same file again sends nothing new; a broken-off push goes on.

Then what the registry asks for by name is looked up in the same extract, and sent where it stands there.""",
        """抽出ファイルのうち送ってよいものを送る。同じファイルを二度送ることはなく、中断した送信は続きから行う。

続いて、登録システムが照会している除票を同じファイルから探し、あれば送る。""",
    ),
    examples="municipality-sync push extract.csv --layout layout.toml --month 2025-03",
    exits=PUSH_EXITS,
)

sync.add(
    "answer",
    "municipality_sync.agent.commands:answer",
    told(
        """Answer which 除票 the registry asks for: send those that the extract holds, say of the others why not.

A push does the same from its own extract, but never says that a 除票 is not held. With --complete that is said of
whoever is not in the file; without it such questions stay open for another file. --dry-run answers nothing.""",
        """登録システムが照会する除票を抽出ファイルから探し、あれば送り、なければ理由を回答する。

push も同じ抽出ファイルから回答するが、「除票なし」とは回答しない。--complete ではファイルにない人を「除票なし」と
回答し、指定しなければ未回答のまま残す。--dry-run では何も送らない。""",
    ),
    examples="""municipality-sync answer all-removed.csv --layout layout.toml --complete --dry-run
municipality-sync answer all-removed.csv --layout layout.toml --complete""",
    exits=ANSWER_EXITS,
)

# ---------------------------------------------------------------------------------------- beside the registry

sync.add(
    "reconcile",
    "municipality_sync.nightly.commands:reconcile",
    told(
        """Beside the registry: hold the two sources of every record against each other again.

Before that, whoever was silent for too long is presumed to have left (転出扱い). Afterwards municipalities are asked
for 除票 that have not come in their time, and questions whose 除票 came are withdrawn. What was answered under a
sender's key is deleted after 90 days (REGISTRY_ANSWERS_KEPT_DAYS).
Settings are those of the registry (REGISTRY_DSN, REGISTRY_KEYS, REGISTRY_SIGNING_KEY). It can be broken off and run
again.""",
        """登録システムの側で、全記録の二つの出所(除票と在留届)を改めて突合する。

その前に、長期間連絡のない者を転出扱いとする。続いて、期間内に届かない除票を市区町村に照会し、届いたものの照会を取り下げる。再送に備えて保存した応答は90日
(REGISTRY_ANSWERS_KEPT_DAYS)の後に削除する。設定は登録システムと同じ(REGISTRY_DSN、REGISTRY_KEYS、REGISTRY_SIGNING_KEY)。中断し、再び実行できる。""",
    ),
    examples="municipality-sync reconcile",
    exits=NIGHTLY_EXITS,
)
sync.add(
    "report",
    "municipality_sync.nightly.commands:report",
    told(
        """Beside the registry: say how the records stood when they were last reconciled, and the inquiry list now.

It names the records whose time of retention is over; two people decide about each (`registry keys shred`).""",
        """登録システムの側で、前回の突合の結果と除票の照会の状況を表示する。

保存期間が満了した記録も表示する。消去は一件ごとに二人で決定する(`registry keys shred`)。""",
    ),
    examples="municipality-sync report --json",
    exits=NIGHTLY_EXITS,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; see ``municipality-sync COMMAND --help``."""
    try:
        sys.exit(app(arguments, exit_on_error=False, result_action="return_value"))
    except CycloptsError:
        sys.exit(NOT_UNDERSTOOD)
