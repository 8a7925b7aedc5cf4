"""``registry``: the commands of the log of disclosures, for the registry, for witnesses and for whoever checks it."""

from typing import Final

from registry.command_line import DONE, FAILED, NOT_UNDERSTOOD, SOMETHING_WRONG, Catalogue, ExitCodes, told

VERIFY_EXITS: Final[ExitCodes] = {
    DONE: told("it holds", "正しいと確認"),
    FAILED: told("it could not be checked; the message says why", "確認できなかった(理由を表示する)"),
    NOT_UNDERSTOOD: told("the command line makes no sense", "コマンドの誤り"),
    SOMETHING_WRONG: told(
        "it is not what it is shown for; the message says what and where", "改変あり(内容と箇所を表示する)"
    ),
}


def add_to(registry: Catalogue) -> None:
    """Add the commands to the catalogue of the program."""
    registry.add(
        "verify-log",
        "registry.verify_log_cli:verify_log",
        told(
            """Audit the whole log of disclosures: entries, chains, tiles, signed head, and what is remembered of it.

With --url, as it is served to everybody: no registry, no database, only the log's published key. Without it, the
database that REGISTRY_DSN names, with REGISTRY_KEYS, which open every entry. A log that was written anew with its own
key is found by an earlier checkpoint alone: keep one (curl …/checkpoint), better one that a witness cosigned.""",
            """情報提供等の記録の全体(記録、連鎖、タイル、署名された先端)を、過去のチェックポイントとも照らして監査する。

--url を付けると、公開されたログを公開鍵だけで監査する(データベースは要らない)。付けなければ REGISTRY_DSN の
データベースを監査し、REGISTRY_KEYS で全件を開封して確かめる。ログ自身の鍵で書き直されたログは、過去のチェックポイントが
なければ見破れない。立会者の連署があるもの(curl …/checkpoint)を保管すること。""",
        ),
        examples="registry verify-log --url https://registry.example/v1/log --log-key registry.example/log+… "
        "--remembered last-year.txt\nregistry verify-log --json",
        exits=VERIFY_EXITS,
    )
    registry.add(
        "verify-receipt",
        "registry.verify_cli:verify_receipt",
        told(
            """Check an access record, or a receipt, off line: with the published keys, and without the registry.

Each entry is in the tree that the log signed and the witnesses cosigned, and none is missing between two of them.""",
            """情報提供等の記録の写しを、公開鍵だけで確かめる。登録システムへの接続は要らない。

各記録が、ログの署名と立会者の連署のある木に含まれ、間に欠落がないことを確かめる。""",
        ),
        examples="registry verify-receipt record.json --log-key registry.example/log+… "
        "--witness-key witness.example/w1+…",
        exits=VERIFY_EXITS,
    )
    registry.add(
        "access-record",
        "registry.access_record_cli:hand_out",
        told(
            """Write a person's access record: who was told what of them, each entry with its proof.

What is not to be disclosed (番号法23条2項) is not in it. That the record was read is logged.""",
            """本人の情報提供等の記録の写しを書き出す。誰に何を提供したかを、一件ごとの証明とともに示す。

不開示情報(番号法23条2項)は含まない。写しを作ったこと自体も記録される。""",
        ),
        examples="registry access-record 3f2c1a7e-5b0d-4c8e-9a61-7d2f0e4b8c15 --handled-by desk-7 --out record.json",
    )
    witness = registry.group(
        "witness",
        told(
            """A witness of logs (C2SP tlog-witness): another's process, with a key and a memory of its own.

It cosigns only what continues all that it has cosigned before, and sees no entry. The registry discloses nothing
without its fresh word.""",
            """ログの立会者(C2SP tlog-witness)。ログとは別の組織が、独自の鍵と記憶で動かす。

かつて連署したものの続きであるものだけに連署し、記録の内容は見ない。新しい連署がなければ登録システムは情報を提供しない。""",
        ),
    )
    witness.add(
        "init",
        "registry.witness_cli:init",
        told(
            "Make a witness: its key, and a memory in which nothing stands yet. Both are made once.",
            "立会者の鍵と空の記憶を作る。いずれも一度だけ作る。",
        ),
        examples="registry witness init /var/lib/witness --name witness.example/w1",
    )
    witness.add(
        "serve",
        "registry.witness_cli:serve",
        told(
            "Cosign until Ctrl-C. What was cosigned stands on the disk before anybody sees the signature.",
            "Ctrl-C まで連署する。連署した内容は、署名を渡す前にディスクに記録する。",
        ),
        examples="registry witness serve /var/lib/witness registry.example/log+…",
    )
