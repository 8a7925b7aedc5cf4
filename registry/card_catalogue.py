"""``registry sandbox card``: the catalogue of its commands."""

from registry.command_line import Catalogue, told


def add_to(sandbox: Catalogue) -> None:
    """Add the commands to the catalogue of the sandbox."""
    card = sandbox.group(
        "card",
        told(
            """Cards of JPKI (公的個人認証) for people who do not exist, and CAs that nobody else trusts.

The PIN of a card comes from --pin-file, from SANDBOX_CARD_PIN, or is asked for. It locks after wrong tries: five for
signing, three for login. A new card has new ones.""",
            """実在しない人の公的個人認証(JPKI)のカードと、試験用の認証局。

暗証番号は --pin-file か SANDBOX_CARD_PIN から読み、なければ尋ねる。署名用は5回、利用者証明用は3回続けて誤ると
ロックされる。再交付で解除される。""",
        ),
    )
    card.add(
        "issue",
        "registry.sandbox.jpki.commands:issue_cards",
        told(
            """Issue cards to the people of the sample reports; the folder with its CAs is made where it is missing.

Who had a card before gets a new one, and what was on the old one is revoked.""",
            """サンプルの届書の人々にカードを交付する。認証局のフォルダーがなければ作る。

既にカードを持つ人には新しいカードを交付し、旧カードの証明書は失効させる。""",
        ),
        examples="registry sandbox card issue\nregistry sandbox card issue takasaki-hanako --folder var/jpki",
    )
    card.add(
        "sign",
        "registry.sandbox.jpki.commands:sign",
        told(
            "Sign the exact bytes of a file with the signing key, and print the signature (a detached JWS).",
            "ファイルの全バイトに署名用の鍵で署名し、署名(分離型 JWS)を出力する。",
        ),
        examples="registry sandbox card sign application.json --card takasaki-hanako --nonce 4fzzzk2pZq0RQm1sXc8Tnw "
        "--origin https://registry.example > application.jws",
    )
    card.add(
        "login",
        "registry.sandbox.jpki.commands:login",
        told(
            "Answer the challenge of a sign-in with the login key, and print the answer.",
            "サインインの番号に利用者証明用の鍵で応答し、応答を出力する。",
        ),
        examples="registry sandbox card login --card takasaki-hanako --nonce 4fzzzk2pZq0RQm1sXc8Tnw "
        "--origin https://registry.example",
    )
    card.add(
        "verify",
        "registry.sandbox.jpki.commands:verify",
        told(
            """Verify a signature over a file as the registry does, but for its nonce. The CAs must be served.

What is wrong is said by the code of the step that fails.""",
            """ファイルの署名を登録システムと同じ手順で検証する(一回限りの番号は除く)。認証局を起動しておくこと。

誤りは、不合格となった段階の理由で示す。""",
        ),
        examples="registry sandbox card verify application.json application.jws --origin https://registry.example",
    )
    card.add(
        "revoke",
        "registry.sandbox.jpki.commands:revoke",
        told(
            "Revoke the certificates on a card from now on, as when it is lost.",
            "カードの証明書を今から失効させる(紛失したときと同じ)。",
        ),
        examples="registry sandbox card revoke takasaki-hanako",
    )
    card.add(
        "serve",
        "registry.sandbox.jpki.commands:serve",
        told(
            "Serve what the CAs have revoked, by CRL and by OCSP, until Ctrl-C.",
            "認証局の失効情報を CRL と OCSP で Ctrl-C まで提供する。",
        ),
        examples="registry sandbox card serve --folder var/jpki",
    )
