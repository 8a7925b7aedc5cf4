"""``registry``: the commands of keys, callers, grants and sessions: who may do what, and by which key."""

from registry.command_line import Catalogue, told


def add_to(registry: Catalogue) -> None:
    """Add the commands to the catalogue of the program."""
    _keys(registry)
    _callers(registry)
    _grants(registry)
    _sessions(registry)


def _keys(registry: Catalogue) -> None:
    """Add ``registry keys``."""
    keys = registry.group(
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
            """REGISTRY_KEYS のトークン(HSM)の中に、マスター鍵と検索鍵の元を一度だけ作る。鍵は外に出ない。

どちらかが既にあれば何もせず失敗する。トークンの初期化と PIN の設定は、製品付属の道具で先に行う。""",
        ),
        examples="registry keys init-token",
    )
    rotate = keys.group(
        "rotate",
        told("Put newer keys in the place of older ones, while the registry serves.", "稼働中に鍵を新しくする。"),
    )
    rotate.add(
        "kek",
        "registry.rotation_cli:rotate_kek",
        told(
            """Wrap every key anew with the newest key of this month; what is sealed stays as it is. Run as the keeper.

Run it by a timer, once a month. A run that was broken off goes on. Keys that wrap nothing any more are destroyed by
`registry keys destroy-old`, 35 days later.""",
            """すべての鍵を今月の最新の鍵で包み直す。封印された内容は変わらない。keeper の権限で実行する。

毎月一度、定期実行する。中断した場合は再び実行すれば続きから行う。使われなくなった鍵は35日後に
`registry keys destroy-old` で破棄する。""",
        ),
        examples="registry keys rotate kek\nregistry keys rotate kek --fresh --json",
    )
    rotate.add(
        "data",
        "registry.rotation_cli:rotate_data",
        told(
            """Give every record and submission a new data key; what the old one sealed is sealed anew. Run it as owner.

Where data keys may be known to somebody, after `rotate kek --fresh`. A run that was broken off goes on. Make a new
backup and a new export of the keys when it is done: older backups open only with the older export.""",
            """記録と届出のすべてのデータ鍵を新しくし、内容を封印し直す。所有者の権限で実行する。

データ鍵が漏れた疑いのある場合に、`rotate kek --fresh` の後に行う。中断した場合は再び実行すれば続きから行う。終わったら
バックアップと鍵の書き出しを取り直すこと。以前のバックアップは以前の書き出しでしか開けない。""",
        ),
        examples="registry keys rotate data\nregistry keys rotate data --json",
    )
    rotate.add(
        "index",
        "registry.rotation_cli:rotate_index",
        told(
            """Let everybody be found by search keys of a new generation: where the present ones may be known.

Run it as the keeper. Until everybody is written anew the present ones are searched, and whatever comes is written in
both. A run that was broken off goes on.""",
            """検索鍵を新しい世代に切り替える(現在の検索鍵が漏れた疑いのある場合)。keeper の権限で実行する。

全員の書き込みが終わるまでは現在の世代で検索し、その間の届出は両方の世代で記録する。中断した場合は再び実行すれば続きから
行う。""",
        ),
        examples="registry keys rotate index\nregistry keys rotate index --json",
    )
    keys.add(
        "destroy-old",
        "registry.rotation_cli:destroy_old",
        told(
            """Destroy the keys of months that wrapped nothing for 35 days. Run it by a timer, as the keeper.

Until then they are needed to restore a backup. Afterwards nothing opens what older exports of the keys hold of people
who were shredded.""",
            """35日間何も包んでいない月鍵を破棄する。keeper の権限で定期実行する。

それまではバックアップの復元に必要である。破棄の後は、消去された人の鍵が古い書き出しに残っていても開けない。""",
        ),
        examples="registry keys destroy-old --json",
    )
    keys.add(
        "shred",
        "registry.rotation_cli:shred",
        told(
            """Make one record unreadable for good, by the decision of two people; the log says so. Run as the keeper.

Grounds: retention-over (150 years after the end), unlawfully-held, erasure-granted. The person is nobody from then on,
and the number is free. With --json nothing is asked, and nothing shredded without --yes.""",
            """一人の記録を二人の決定により永久に読めなくし、記録に残す。keeper の権限で実行する。

事由は retention-over(終了から150年)、unlawfully-held(収集・保管の制限違反)、erasure-granted(消去の決定)。以後その人は
登録のない人となり、番号は空く。--json では確認せず、--yes がなければ消去しない。""",
        ),
        examples="registry keys shred 6f1c2f5e-8a53-4a3e-9a39-0d3f6c1b2a10 --ground unlawfully-held \\\n"
        '  --reason "foreign national" --by office-3 --approved-by legal-1',
    )


def _callers(registry: Catalogue) -> None:
    """Add ``registry callers``."""
    callers = registry.group(
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


def _grants(registry: Catalogue) -> None:
    """Add ``registry grants``."""
    grants = registry.group(
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


def _sessions(registry: Catalogue) -> None:
    """Add ``registry sessions``."""
    sessions = registry.group(
        "sessions", told("People who are signed in at their browsers.", "ブラウザーでサインインしている利用者。")
    )
    sessions.add(
        "end",
        "registry.sessions_cli:end",
        told(
            """End every session of an account, at once: somebody has left, or a device was stolen. Or of everybody.

It keeps nobody from signing in again: that is for the identity provider.""",
            """利用者のサインインをすべて直ちに終える(離任、端末の盗難など)。全利用者についても行える。

再びサインインすることは妨げない。それを止めるのは本人確認の提供者である。""",
        ),
        examples="registry sessions end 3f786850e387550fdab836ed7e6dc881de23001b\n"
        "registry sessions end --everybody --json",
    )
