"""``registry``: the catalogue of its commands. What each of them does lies in the module that it names."""

import sys
from typing import Final

from cyclopts import CycloptsError

from registry import log_catalogue
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
needed, REGISTRY_ENV, REGISTRY_HOST, REGISTRY_PORT, REGISTRY_PUBLIC_URL, REGISTRY_WITNESSES. `registry demo` needs none
of them. Where something does not work, `registry doctor` says what is wrong and how to mend it.""",
    """在外邦人登録システム。国外に住む日本国民のための仮想の自治体。

設定は環境変数から読む。REGISTRY_DSN、REGISTRY_KEYS、REGISTRY_SIGNING_KEY、REGISTRY_LOG_KEY は必須、REGISTRY_ENV、
REGISTRY_HOST、REGISTRY_PORT、REGISTRY_PUBLIC_URL、REGISTRY_WITNESSES は任意。`registry demo` には設定が要らない。うまく
動かないときは `registry doctor` が原因と直し方を示す。""",
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
        "Serve the signed interface until Ctrl-C. The sequencers of known time and of the log run along.",
        "署名付きの通信を Ctrl-C まで受け付ける。把握日時の付与と情報提供等の記録の編成も並行して行う。",
    ),
    examples="REGISTRY_DSN=postgresql://… REGISTRY_KEYS=keys.json REGISTRY_SIGNING_KEY=registry.pem "
    "REGISTRY_LOG_KEY=log.pem registry serve",
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

# ------------------------------------------------------------------------------------------ keys and callers

keys: Final = registry.group(
    "keys", told("The keys of the registry, which are never shown.", "鍵(鍵そのものは表示しない)。")
)
keys.add(
    "show",
    "registry.keys_cli:show",
    told(
        "Print which keys there are, since when, and what they are known by; never a secret.",
        "どの鍵があるか、いつからか、識別子は何かを表示する。秘密は表示しない。",
    ),
    examples="registry keys show\nregistry keys show --json",
)
keys.add(
    "prepare",
    "registry.keys_cli:prepare",
    told(
        """Make the key of a month ahead, so that its first transaction waits for nobody. Again, it does nothing.

A running registry does so by itself, the day before the month begins.""",
        """ある月の鍵を前もって作り、月初の処理が待たされないようにする。既にあれば何もしない。

稼働中のシステムは月が替わる前日に自ら行う。""",
    ),
    examples="registry keys prepare\nregistry keys prepare --month 2025-04",
)
keys.add(
    "init-token",
    "registry.keys_cli:init_token",
    told(
        """Make the master key and the key of the MACs inside the token that REGISTRY_KEYS names, once and for all.

They never leave it. Where the token has either, nothing happens and the command fails. The token itself, its user and
PIN are made with its maker's tools before.""",
        """REGISTRY_KEYS のトークン(HSM)の中に、マスター鍵と検索鍵の元を一度だけ作る。鍵がトークンの外に出ることはない。

どちらかが既にあれば何もせず失敗する。トークンの初期化と PIN の設定は、製品付属の道具で先に行う。""",
    ),
    examples="registry keys init-token",
)
rotate: Final = keys.group(
    "rotate", told("Put newer keys in the place of older ones, while the registry serves.", "稼働中に鍵を新しくする。")
)
rotate.add(
    "kek",
    "registry.rotation_cli:rotate_kek",
    told(
        """Wrap every key anew with the newest key of this month; what is sealed stays as it is. Run it as the owner.

Run it by a timer, once a month. A run that was broken off goes on. Keys that wrap nothing any more are destroyed by
`registry keys destroy-old`, 35 days later.""",
        """すべての鍵を今月の最新の鍵で包み直す。封印された内容は変わらない。所有者の権限で実行する。

毎月一度、定期実行する。中断した場合は再び実行すれば続きから行う。使われなくなった鍵は35日後に
`registry keys destroy-old` で破棄する。""",
    ),
    examples="registry keys rotate kek\nregistry keys rotate kek --fresh --json",
)
rotate.add(
    "index",
    "registry.rotation_cli:rotate_index",
    told(
        """Let everybody be found by search keys of a new generation: where the present ones may be known.

Run it as the owner. Until everybody is written anew the present ones are searched, and whatever comes is written in
both. A run that was broken off goes on.""",
        """検索鍵を新しい世代に切り替える(現在の検索鍵が漏れた疑いのある場合)。所有者の権限で実行する。

全員の書き込みが終わるまでは現在の世代で検索し、その間の届出は両方の世代で記録する。中断した場合は再び実行すれば続きから
行う。""",
    ),
    examples="registry keys rotate index\nregistry keys rotate index --json",
)
keys.add(
    "destroy-old",
    "registry.rotation_cli:destroy_old",
    told(
        """Destroy the keys of months that wrapped nothing for 35 days. Run it by a timer, as the owner.

Until then they are needed to restore a backup. Afterwards nothing opens what older exports of the keys hold of people
who were shredded.""",
        """35日間何も包んでいない月鍵を破棄する。所有者の権限で定期実行する。

それまではバックアップの復元に必要である。破棄の後は、消去された人の鍵が古い書き出しに残っていても開けない。""",
    ),
    examples="registry keys destroy-old --json",
)
keys.add(
    "shred",
    "registry.rotation_cli:shred",
    told(
        """Make one record unreadable for good, by the decision of two people; the log says so. Run it as the owner.

Grounds: retention-over (150 years after the end), unlawfully-held, erasure-granted. The person is nobody from then on,
and the number is free. With --json nothing is asked, and nothing shredded without --yes.""",
        """一人の記録を二人の決定により永久に読めなくし、記録に残す。所有者の権限で実行する。

事由は retention-over(終了から150年)、unlawfully-held(収集・保管の制限違反)、erasure-granted(消去の決定)。以後その人は
登録のない人となり、番号は空く。--json では確認せず、--yes がなければ消去しない。""",
    ),
    examples="registry keys shred 6f1c2f5e-8a53-4a3e-9a39-0d3f6c1b2a10 --ground unlawfully-held \\\n"
    '  --reason "foreign national" --by office-3 --approved-by legal-1',
)
callers: Final = registry.group(
    "callers",
    told(
        "Those who may call: their public keys, and whether they may ask freely.",
        "接続を許す相手の公開鍵の登録と、照会の制限の解除。",
    ),
)
callers.add(
    "register",
    "registry.callers_cli:register",
    told(
        "Register a public key (PEM) for a body; the same key id again replaces the key.",
        "機関の公開鍵(PEM)を登録する。同じ鍵 ID であれば置き換える。",
    ),
    examples="registry callers register ny-2026 ny-2026.pub.pem --body JP-CG-NEW-YORK --kind mission",
)
callers.add(
    "list",
    "registry.callers_cli:list_callers",
    told(
        "Print who may call, what each asked today, and who may ask only narrowly since when and why.",
        "接続を許す相手ごとに、本日の照会件数と、制限中であればその開始と理由を表示する。",
    ),
    examples="registry callers list\nregistry callers list --json | jq '.callers[] | select(.narrowed)'",
)
callers.add(
    "lift",
    "registry.callers_cli:lift",
    told(
        """Let a body ask freely again that was narrowed because its inquiries looked like trawling.

Find out with the body first what asked like that. Who lifted it and why stays on record; counting begins anew. Run it
as the owner.""",
        """探索的な照会の疑いで制限された機関の制限を解除する。所有者の権限で実行する。

先に機関とともに原因を確かめること。解除した者と理由は記録に残り、件数は数え直しとなる。""",
    ),
    examples='registry callers lift pension-office-1 --reason "a test batch; the office has stopped it"',
)

grants: Final = registry.group(
    "grants",
    told(
        """The table of grants: who may ask and submit what. What no row grants is refused.

Rows by statute come with the schema. A row by ordinance (条例による独自利用) is proposed by one official, approved
within 72 hours by another of another unit, and in force at once.""",
        """提供の根拠の表。どの機関が何を照会・提出できるか。表にないものは全て拒否する。

法令による行はデータベースの構造とともに入る。条例による独自利用の行は、一人が提案し、別の部署の者が72時間以内に承認
すると直ちに有効となる。""",
    ),
)
grants.add(
    "list",
    "registry.grants_cli:list_grants",
    told(
        "Print the rows in force or to come, and the proposals that wait for approval.",
        "有効な行・今後有効となる行と、承認待ちの提案を表示する。",
    ),
    examples="registry grants list\nregistry grants list --body 131016 --json",
)
grants.add(
    "propose",
    "registry.grants_cli:propose",
    told(
        """Propose a row that an ordinance adds for one body; the file says it all. Run it as the owner.

No row can grant more than the law lets ordinances grant: one organ, its own former residents, listed items.""",
        """条例による行を一つの機関について提案する。内容はファイルに書く。所有者の権限で実行する。

法律が条例に認める範囲を超える行(他の機関、他の住民、列挙外の項目)は提案できない。""",
    ),
    examples="registry grants propose row.json --by sato --unit residents",
)
grants.add(
    "approve",
    "registry.grants_cli:approve",
    told(
        "Approve what somebody of another unit proposed. It takes effect at once. Run it as the owner.",
        "別の部署の者が提案したものを承認し、直ちに有効とする。所有者の権限で実行する。",
    ),
    examples="registry grants approve 6f1d2c1e-… --by suzuki --unit audit",
)
grants.add(
    "end",
    "registry.grants_cli:end",
    told(
        "Propose that a row by ordinance end; it is approved in the same way. Run it as the owner.",
        "条例による行の失効を提案する。承認は同じ手順による。所有者の権限で実行する。",
    ),
    examples="registry grants end 6f1d2c1e-… --on 2027-04-01 --by sato --unit residents",
)

# ------------------------------------------------------------------------------------ the log of disclosures

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


def main() -> None:
    """Run one command and exit with its code."""
    try:
        sys.exit(app(exit_on_error=False, result_action="return_value"))
    except CycloptsError:
        sys.exit(NOT_UNDERSTOOD)
