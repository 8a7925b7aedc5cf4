"""``embassy-gateway``: the catalogue of its commands. What each of them does lies in the module that it names."""

import sys
from typing import Final

from cyclopts import CycloptsError

from embassy_gateway.exits import MEANINGS, Exit
from registry.command_line import Catalogue, told

ABOUT: Final = told(
    """The gateway of a mission: takes residence reports (在留届) in, keeps them sealed while the line is down, delivers
each to the registry exactly once.

Settings, as variables of the environment, each EMBASSY_GATEWAY_…. MISSION: the code of this mission. REGISTRY_URL:
where the registry is called, without a path. KEY: the private key of this gateway, a PEM file `KEYID.pem` of mode 0600.
REGISTRY_KEYS: the folder of the registry's public keys, PEM files `KEYID.pem`. SPOOL: the SQLite file. SPOOL_KEY: what
seals it, a file of mode 0600, made at the first start. HOST, PORT: where `serve` listens; 127.0.0.1 and 8470 if not
given. PROVIDERS: the file of the identity provider of this mission's staff (TOML); with it `serve` has a console for
them, /console. CONSOLE_URL: where their browsers reach it, without a path, if not where `serve` listens.""",
    """在外公館ゲートウェイ。在留届等を受け付け、回線が切れている間は封印して保管し、登録システムに一度だけ届ける。

設定は EMBASSY_GATEWAY_ で始まる環境変数から読む。MISSION は公館のコード、REGISTRY_URL は登録システムの接続先(パスを
除く)、KEY は秘密鍵(`鍵ID.pem`、モード 0600)、REGISTRY_KEYS は登録システムの公開鍵(`鍵ID.pem`)を置くフォルダー、SPOOL は
受付簿(SQLite)、SPOOL_KEY はその封印鍵(モード 0600。初回に作る)、HOST と PORT は `serve` の待受け(既定は 127.0.0.1 の
8470)。PROVIDERS は公館職員の本人確認の提供者のファイル(TOML)で、指定すると `serve` に担当者の画面(/console)が加わる。
CONSOLE_URL は職員のブラウザーから見た画面の URL(パスを除く。待受けと異なるとき)。""",
)

gateway: Final = Catalogue.of_program("embassy-gateway", ABOUT, MEANINGS)
app: Final = gateway.app

gateway.add(
    "submit",
    "embassy_gateway.commands:submit",
    told(
        """Check report files and take them into the spool.

Each FILE is JSON (a report, or a list of them), or a table with one row a person (.csv, .tsv): the staff's own
form, or with --map an export of another service. Good reports wait for delivery; one that was taken in before is
not taken in twice. Of a JSON file, faulty ones are kept as dead letters; of a table they stay in the file, to be
mended there and handed in again.""",
        """届書のファイルを点検し、受け付ける。

ファイルは JSON(届書またはその一覧)か、一人一行の表(.csv、.tsv。一括届の様式、または --map を付けた他システムの出力)。
正しい届書は送信を待つ。受付済みのものは二重に受け付けない。誤りのある届書は、JSON なら要訂正として保管し、表なら
ファイルに残るので、直して再び受け付ける。""",
    ),
    examples="embassy-gateway submit report.json\n"
    "embassy-gateway submit --check reports.csv\n"
    "embassy-gateway submit export.csv --map orrnet.toml",
)
gateway.add(
    "template",
    "embassy_gateway.commands:template",
    told(
        "Write the staff's batch form: a CSV with one row a person, its columns explained, with an example.",
        "一括届の様式を書き出す。一人一行の CSV で、列の説明と記入例を含む。",
    ),
    examples="embassy-gateway template --out reports.csv",
)
gateway.add(
    "status",
    "embassy_gateway.commands:status",
    told("Show what waits, what needs staff and what to do next.", "送信待ちと要対応の届書、次に行うことを表示する。"),
    examples="embassy-gateway status\nembassy-gateway status --json",
)
gateway.add(
    "deliver",
    "embassy_gateway.commands:deliver",
    told(
        "Deliver what waits to the registry, oldest first. Without options: until Ctrl-C.",
        "待っている届書を古い順に登録システムへ送る。指定がなければ Ctrl-C まで続ける。",
    ),
    examples="embassy-gateway deliver --once\nembassy-gateway deliver --until-empty",
)
gateway.add(
    "serve",
    "embassy_gateway.serve_command:serve",
    told(
        "Take reports in over HTTP on this machine, serve the console of staff, and deliver, until Ctrl-C.",
        "この機械上の HTTP と担当者の画面で届書を受け付け、Ctrl-C まで送信を続ける。",
    ),
    examples="embassy-gateway serve",
)


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    try:
        result = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return Exit.REFUSED  # cyclopts has said what is wrong
    except KeyboardInterrupt:
        return Exit.DONE
    return result if isinstance(result, int) else Exit.DONE


def main() -> None:
    """Run the command that was typed."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
