"""``registry``: the catalogue of its commands. What each of them does lies in the module that it names."""

import sys
from typing import Final

from cyclopts import CycloptsError

from registry import authority_catalogue, card_catalogue, log_catalogue
from registry.command_line import (
    DONE,
    FAILED,
    NOT_UNDERSTOOD,
    SOMETHING_NEAR,
    SOMETHING_WRONG,
    Catalogue,
    ExitCodes,
    told,
)

ABOUT: Final = told(
    """The registry of Japan's residents abroad: one virtual municipality.

Settings come from the environment: REGISTRY_DSN, REGISTRY_KEYS, REGISTRY_SIGNING_KEY, REGISTRY_LOG_KEY and, where
needed, REGISTRY_ENV, REGISTRY_HOST, REGISTRY_PORT, REGISTRY_PUBLIC_URL, REGISTRY_WITNESSES, REGISTRY_PROVIDERS,
REGISTRY_AUTHORITIES, REGISTRY_ANSWERS_KEPT_DAYS. `registry demo` needs none of them. Where something does not work,
`registry doctor` says what is wrong and how to mend it.""",
    """在外邦人登録システム。国外に住む日本国民のための仮想の自治体。

設定は環境変数から読む。REGISTRY_DSN、REGISTRY_KEYS、REGISTRY_SIGNING_KEY、REGISTRY_LOG_KEY は必須、REGISTRY_ENV、
REGISTRY_HOST、REGISTRY_PORT、REGISTRY_PUBLIC_URL、REGISTRY_WITNESSES、REGISTRY_PROVIDERS、
REGISTRY_AUTHORITIES、REGISTRY_ANSWERS_KEPT_DAYS は任意。`registry demo` には設定が要らない。うまく動かないときは
`registry doctor` が原因と直し方を示す。""",
)
EXITS: Final[ExitCodes] = {
    DONE: told("done", "完了"),
    FAILED: told("not done; the message says why", "実行できなかった(理由を表示する)"),
    NOT_UNDERSTOOD: told("the command line or the settings make no sense", "コマンドまたは設定の誤り"),
}
DOCTOR_EXITS: Final[ExitCodes] = {
    DONE: told("nothing is wrong", "異常なし"),
    NOT_UNDERSTOOD: told("the command line makes no sense", "コマンドの誤り"),
    SOMETHING_WRONG: told("something is wrong", "異常あり"),
    SOMETHING_NEAR: told("nothing is wrong yet, but something soon will be", "異常はないが、近く異常となるものあり"),
}

registry: Final = Catalogue.of_program("registry", ABOUT, EXITS)
app: Final = registry.app

# ------------------------------------------------------------------------------------------------ the service

registry.add(
    "serve",
    "registry.service_cli:serve",
    told(
        "Serve the signed interface until Ctrl-C. The sequencer runs along, unless it is told to be elsewhere.",
        "署名付きの通信を Ctrl-C まで受け付ける。指定がなければ把握日時の付与と記録の編成も行う。",
    ),
    examples="REGISTRY_DSN=postgresql://… REGISTRY_KEYS=keys.json REGISTRY_SIGNING_KEY=registry.pem "
    "REGISTRY_LOG_KEY=log.pem registry serve\nregistry serve --without-sequencer",
)
registry.add(
    "sequencer",
    "registry.sequencer_cli:sequencer",
    told(
        """Be the sequencer until Ctrl-C, beside `registry serve --without-sequencer`, with the same settings.

It stamps what was accepted, gives entries of the log of disclosures their place, brings its heads to the witnesses and
destroys the keys of years that are over. Several may run: one works, and where it dies another one goes on.""",
        """把握日時の付与と情報提供等の記録の編成を Ctrl-C まで行う。設定は `registry serve` と同じ。

`registry serve --without-sequencer` とともに用いる。立会者の連署を求め、
保存期間の過ぎた年の鍵を廃棄する。複数動かせば一つが働き、止まれば他が引き継ぐ。""",
    ),
    examples="registry sequencer",
)
registry.add(
    "migrate",
    "registry.service_cli:migrate",
    told(
        """Bring the schema to the newest revision; what is there stays. Run it as the owner of the schema.

The first time it also puts in the tables of codes that come with this program; `registry codes import` renews them.""",
        """データベースの構造を最新にする。データはそのまま残る。所有者の権限で実行する。

初回は付属のコード表も取り込む。その後の更新は `registry codes import` で行う。""",
    ),
    examples="registry migrate",
)
registry.add(
    "doctor",
    "registry.doctor_cli:doctor",
    told(
        """Say what is wrong with this registry and how to mend it: settings, keys, database, roles, clock, callers.

It changes nothing and shows neither personal data nor secrets.""",
        """設定・鍵・データベース・ロール・時計・接続元を点検し、異常とその直し方を示す。

何も変更せず、個人情報も鍵も表示しない。""",
    ),
    examples="registry doctor\nregistry doctor --json | jq '.findings[].code'",
    exits=DOCTOR_EXITS,
)
registry.add(
    "openapi",
    "registry.service_cli:openapi",
    told(
        "Print the interface in OpenAPI 3.1, as GET /schema answers it.",
        "通信仕様を OpenAPI 3.1 で出力する(GET /schema と同じ)。",
    ),
    examples="registry openapi > openapi.json",
)
registry.add(
    "demo",
    "registry.sandbox.commands:demo",
    told(
        "Play the story of first light with real processes, and serve it until Ctrl-C.",
        "一連の流れを実際のプログラムで演じ、Ctrl-C まで動かし続ける。",
    ),
    examples="registry demo\nregistry demo --once",
)

# ---------------------------------------------------------- keys, callers, grants; the log of disclosures

authority_catalogue.add_to(registry)
log_catalogue.add_to(registry)

# ------------------------------------------------------------------------------------------ tables of codes

codes: Final = registry.group(
    "codes",
    told(
        """The tables of codes: municipalities, missions and their areas, countries.

The registry takes them from its database; a change is followed by every process within seconds. Gateways and agents
keep those of their own package, so the registry has the last word.""",
        """コード表(地方公共団体、在外公館と管轄区域、国)。

登録システムはデータベースのコード表を用い、変更は数秒で全プロセスに及ぶ。在外公館と市区町村のプログラムは付属の表を
用いるため、最終的な判断は登録システムが行う。""",
    ),
)
codes.add(
    "import",
    "registry.codes_cli:import_file",
    told(
        """Renew a table from an official file: show what is different, ask, and put it in. Run it as the owner.

The file has the columns of `registry codes show`, or for municipalities those of the list of 全国地方公共団体コード
that 総務省 publishes. What the file no longer has ends on that day; nothing is deleted. People whose area moves to
another mission are moved with it, and both missions are told. With --json nothing is asked, and nothing put in
without --yes.""",
        """公的なファイルでコード表を更新する。新旧の違いを示し、確認のうえ取り込む。所有者の権限で実行する。

ファイルの列は `registry codes show` の出力と同じ。地方公共団体は総務省の全国地方公共団体コードの一覧も可。ファイルに
なくなったものはその日に終わり、削除はされない。管轄が移る区域の人は新しい公館に移り、双方の公館に知らせる。--json では
確認せず、--yes がなければ取り込まない。""",
    ),
    examples="registry codes import areas-2025.csv --table areas --from 2025-04-01",
)
codes.add(
    "reassign",
    "registry.codes_cli:reassign",
    told(
        """Give people in moved areas their new mission, as the registry does by itself within a minute.

A run that was broken off goes on. --again also goes through areas that were done: for reports of the old mission
that arrived late.""",
        """管轄の移った区域の人を新しい公館に移す。稼働中のシステムは1分以内に自ら行う。

中断した処理は続きから行う。--again は済んだ区域も改めて調べる(旧公館の届書が遅れて届いた場合)。""",
    ),
    examples="registry codes reassign --again",
)
codes.add(
    "show",
    "registry.codes_cli:show",
    told(
        "Print the rows of a table that are valid on a day, or which tables are in force.",
        "ある日に有効な行、または適用中のコード表を表示する。",
    ),
    examples="registry codes show\nregistry codes show --table areas --on 2025-04-01",
)
codes.add(
    "list",
    "registry.codes_cli:list_versions",
    told(
        "Print every version of every table: from when it applies, where it came from, who put it in.",
        "全コード表の全版を、適用日・出所・取込者とともに表示する。",
    ),
    examples="registry codes list --json",
)

# ------------------------------------------------------------------------------------------------- J-LIS

jlis: Final = registry.group(
    "jlis",
    told(
        """J-LIS (機構): the 戸籍の附票 as second source, and changes of numbers and codes.

Where it is: REGISTRY_JLIS_URL. The public key (PEM) that signs its answers: REGISTRY_JLIS_KEY. The registry signs with
REGISTRY_SIGNING_KEY. `registry sandbox jlis serve` plays it.""",
        """地方公共団体情報システム機構(J-LIS)。戸籍の附票の照会と、番号・コードの変更情報。

接続先は REGISTRY_JLIS_URL、回答の署名を確かめる公開鍵(PEM)は REGISTRY_JLIS_KEY。要求の署名は REGISTRY_SIGNING_KEY で
行う。`registry sandbox jlis serve` が機構の役を演じる。""",
    ),
)
jlis.add(
    "ask",
    "registry.jlis_cli:ask",
    told(
        """Ask whatever is due, collect answers and change facts, and end: run it by a timer, every few minutes.

Two runs at once do not disturb each other. A line that is down ends the run; nothing is lost, the next one goes on.""",
        """期限の来た照会を送り、回答と変更情報を受け取って終わる。数分ごとに定期実行する。

同時に二つ実行しても支障ない。回線が切れれば終わるが、何も失われず、次の実行が続きを行う。""",
    ),
    examples="registry jlis ask",
)
jlis.add(
    "status",
    "registry.jlis_cli:status",
    told(
        """Say what came of the questions so far, and who has each open one now, since when and until when.

Records are named by their ids only.""",
        """照会の結果の件数と、未了の照会を現に誰がいつから持ち、期限がいつかを表示する。

記録は ID でのみ示す。""",
    ),
    examples="registry jlis status --json",
)

# ------------------------------------------------------------------------------------------------ sandbox

sandbox: Final = registry.group(
    "sandbox",
    told(
        "What only a sandbox may do; refuses when REGISTRY_ENV=production.",
        "試験環境でのみ行えること。REGISTRY_ENV=production では拒否する。",
    ),
)
clock: Final = sandbox.group(
    "clock",
    told(
        "Move the sandbox's clock. Every process of the sandbox follows within a second.",
        "試験環境の時計を動かす。全プロセスが1秒以内に従う。",
    ),
)
clock.add(
    "set",
    "registry.sandbox.commands:set_clock",
    told(
        "Set the sandbox's clock to a moment (UTC where no offset is given).",
        "試験環境の時計を合わせる(時差の指定がなければ UTC)。",
    ),
    examples="registry sandbox clock set 2025-04-01T09:00:00+09:00",
)
clock.add(
    "advance",
    "registry.sandbox.commands:advance",
    told("Put the sandbox's clock forward.", "試験環境の時計を進める。"),
    examples="registry sandbox clock advance --days 90",
)
sandbox.add(
    "populate",
    "registry.sandbox.population.commands:populate",
    told(
        """Write a made-up population: extracts of municipalities and their layouts, reports of missions, and the truth.

The same NUMBER, seed, rates and places give the same files. Memory does not grow with NUMBER (up to 10,000,000).""",
        """架空の住民を作る。市区町村の抽出ファイルと対応表、在外公館の届書、正解を書き出す。

同じ人数・シード・割合・場所からは同じファイルができる。使用メモリーは人数(1,000万まで)によらない。""",
    ),
    examples="registry sandbox populate 100000 --out var/people --municipality 131016 141003 --mission JP-CG-NEW-YORK\n"
    "registry sandbox populate 2000 --out var/twins --concentrate --municipality 131016 --rate twins=1 children=1",
)
played_jlis: Final = sandbox.group(
    "jlis",
    told(
        "Play J-LIS (機構): 附票, numbers and change facts of people who do not exist.",
        "機構(J-LIS)の役を演じる。実在しない人の附票・番号・変更情報。",
    ),
)
played_jlis.add(
    "serve",
    "registry.sandbox.jlis:serve",
    told(
        "Serve until Ctrl-C. What was asked and given out is forgotten at the end.",
        "Ctrl-C まで応答する。照会と生成の内容は終了時に忘れる。",
    ),
    examples="registry sandbox jlis serve book.json --key j-lis.pem --registry-key registry.pub.pem",
)
card_catalogue.add_to(sandbox)
identity_provider: Final = sandbox.group(
    "identity-provider",
    told(
        "Play an identity provider (OpenID Connect): one chooses who to be, and no password is asked.",
        "本人確認の提供者(OpenID Connect)の役を演じる。誰になるかを選ぶだけで、パスワードは尋ねない。",
    ),
)
identity_provider.add(
    "init",
    "registry.sandbox.identity_provider_cli:init",
    told(
        "Write the keys of registry and gateways there, and the files for their settings …_PROVIDERS.",
        "登録システムと在外公館ゲートウェイが用いる鍵と、それぞれの …_PROVIDERS のファイルを書き出す。",
    ),
    examples="registry sandbox identity-provider init var/identity-provider --port 8420",
)
identity_provider.add(
    "serve",
    "registry.sandbox.identity_provider_cli:serve",
    told(
        "Serve until Ctrl-C. Who signed in is forgotten at the end.",
        "Ctrl-C まで応答する。サインインの状態は終了時に忘れる。",
    ),
    examples="registry sandbox identity-provider serve var/identity-provider --registry-url http://127.0.0.1:8400",
)


def main() -> None:
    """Run one command and exit with its code."""
    try:
        sys.exit(app(exit_on_error=False, result_action="return_value"))
    except CycloptsError:
        sys.exit(NOT_UNDERSTOOD)
