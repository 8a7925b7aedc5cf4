"""What can go wrong before people's eyes, in words for people: a closed family, like the problems of the wire.

The words never repeat what was sent, and never say which check failed: who attacks learns nothing from them.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec


class Trouble(StrEnum):
    """Why somebody sees another page than they wanted. A code is never renamed: people quote it."""

    SIGN_IN_REFUSED = "sign-in-refused"
    SIGN_IN_AGAIN = "sign-in-again"
    FORM_REFUSED = "form-refused"
    NOT_PERMITTED = "not-permitted"
    NOT_FOUND = "not-found"
    NOT_UNDERSTOOD = "not-understood"
    TOO_MANY = "too-many"
    NOT_READY = "not-ready"
    INTERNAL = "internal"


class Words(msgspec.Struct, frozen=True):
    """What is wrong and what to do next, in Japanese and in English."""

    title_ja: str
    title: str
    advice_ja: str
    advice: str


WORDS: Final[Mapping[Trouble, Words]] = MappingProxyType(
    {
        Trouble.SIGN_IN_REFUSED: Words(
            "サインインできませんでした",
            "Signing in did not work",
            "何も変更されていません。もう一度サインインしてください。続けて失敗するときは、下の番号を添えてお問い合わせください。",
            "Nothing was changed. Sign in once more. If it fails again, ask for help and quote the reference below.",
        ),
        Trouble.SIGN_IN_AGAIN: Words(
            "もう一度サインインしてください",
            "Please sign in again",
            "送られた内容は処理されていません。サインインの後で、もう一度送ってください。",
            "What you sent was not processed. Sign in, then send it again.",
        ),
        Trouble.FORM_REFUSED: Words(
            "この画面からの送信を受け付けられません",
            "This form cannot be taken in",
            "送られた内容は処理されていません。画面を開き直して、もう一度送ってください。",
            "What you sent was not processed. Open the page again and send it once more.",
        ),
        Trouble.NOT_PERMITTED: Words(
            "この画面を使う権限がありません",
            "This page is not for your role",
            "担当が変わったときは、所属先の管理者に権限の変更を依頼してください。",
            "If your duties have changed, ask the administrator of your office to change your role.",
        ),
        Trouble.NOT_FOUND: Words(
            "ページが見つかりません",
            "There is no such page",
            "URL を確かめてください。",
            "Check the address.",
        ),
        Trouble.NOT_UNDERSTOOD: Words(
            "送られた内容を読み取れません",
            "What was sent cannot be read",
            "何も変更されていません。画面を開き直して、もう一度送ってください。",
            "Nothing was changed. Open the page again and send it once more.",
        ),
        Trouble.TOO_MANY: Words(
            "ただいま混み合っています",
            "Too many people at once",
            "少し待ってから、もう一度お試しください。",
            "Wait a moment, then try again.",
        ),
        Trouble.NOT_READY: Words(
            "ただいま処理できません",
            "This cannot be done at the moment",
            "何も変更されていません。少し待ってから、もう一度お試しください。",
            "Nothing was changed. Wait a moment, then try again.",
        ),
        Trouble.INTERNAL: Words(
            "システムの内部で誤りが起きました",
            "The registry has a fault of its own",
            "何も変更されていません。下の番号を添えてお問い合わせください。",
            "Nothing was changed. Ask for help and quote the reference below.",
        ),
    }
)


class PageRefused(Exception):  # noqa: N818 - a refusal is an answer, not an accident of the program
    """Somebody gets another page than they wanted; ``again`` is where a link leads by which it can be mended."""

    def __init__(self, trouble: Trouble, *, again: str | None = None, retry_after: int | None = None) -> None:
        """Carry the code; ``retry_after`` is after how many seconds it may work."""
        super().__init__(trouble.value)
        self.trouble = trouble
        self.again = again
        self.retry_after = retry_after
