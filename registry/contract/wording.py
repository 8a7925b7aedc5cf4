"""What every problem says to people: what is wrong and what to do next, in English and in Japanese.

The keys are the codes of problems as they stand on the wire; ``fault_wording`` holds the words for the codes of
faults. A test holds both tables against their families, so that a code without words, or words without a
code, does not pass. The words never hold a value that was received.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Wording(msgspec.Struct, frozen=True):
    """The words for one code: ``title`` says what is wrong, ``advice`` what to do next; ``_ja`` in Japanese."""

    title: str
    title_ja: str
    advice: str
    advice_ja: str


_CALLERS = {
    "signature-missing": Wording(
        "The request is not signed",
        "要求に署名がありません",
        "Sign every request (RFC 9421) with the registered key.",
        "登録した鍵ですべての要求に署名してください(RFC 9421)。",
    ),
    "signature-invalid": Wording(
        "The signature does not hold",
        "署名が正しくありません",
        "Check what is covered, its form, the key and its algorithm, and the address as called.",
        "署名の対象と書式、鍵とそのアルゴリズム、呼出し先の URL を確かめてください。",
    ),
    "signature-expired": Wording(
        "The signature has expired",
        "署名の有効期限が切れています",
        "Set the clock by the signed time, sign anew and send again with the same idempotency key.",
        "署名付き時刻に時計を合わせ、署名し直して、同じ冪等キーで送ってください。",
    ),
    "signature-replayed": Wording(
        "This signature has been used before",
        "使用済みの署名です",
        "Sign each attempt anew with a fresh nonce; keep the idempotency key.",
        "送るたびに新しいノンスで署名し直し、冪等キーは変えないでください。",
    ),
    "key-unknown": Wording(
        "The key is not registered",
        "登録されていない鍵です",
        "Have the key registered, or use the one that is.",
        "鍵の登録を受けるか、登録済みの鍵を使ってください。",
    ),
    "digest-mismatch": Wording(
        "The body is not the one that was signed",
        "本文が署名されたものと一致しません",
        "Send exactly the bytes that were signed, with Content-Digest (RFC 9530, sha-256).",
        "署名した本文をそのまま、Content-Digest(RFC 9530、sha-256)とともに送ってください。",
    ),
    "clock-skew": Wording(
        "The signature was made in the future",
        "署名の時刻が未来です",
        "Set the clock by the signed time and sign anew.",
        "署名付き時刻に時計を合わせ、署名し直してください。",
    ),
    "evidence-invalid": Wording(
        "The evidence does not belong to the report",
        "受付の証跡が届書と一致しません",
        "Send the evidence made at intake over exactly this report.",
        "この届書そのものについて受付時に作成した証跡を送ってください。",
    ),
    "subject-missing": Wording(
        "The request does not say for whom it asks",
        "要求に担当者の証明がありません",
        "A mission sees people through a signed-in clerk alone: send the clerk's token in Registry-Subject.",
        "在外公館が人の記録を見るにはサインインが必要です。担当者のトークンを Registry-Subject に付けてください。",
    ),
    "subject-invalid": Wording(
        "The clerk's token cannot be believed",
        "担当者の証明を確認できません",
        "Exchange the clerk's sign-in for a token of the provider that the registry knows, and send it unchanged.",
        "登録システムが認める提供者のトークンを担当者のサインインから取得し、そのまま送ってください。",
    ),
    "subject-expired": Wording(
        "The clerk's token has expired",
        "担当者の証明の有効期限が切れています",
        "Exchange the sign-in for a new token, of five minutes at most; after 12 hours the clerk signs in again.",
        "サインインから新しいトークン(5分以内)を取得してください。12時間を過ぎたら担当者がサインインし直してください。",
    ),
    "subject-of-another-key": Wording(
        "The clerk's token is bound to another key",
        "担当者の証明が別の鍵に結び付いています",
        "Exchange the sign-in with a proof of the key that signs the request (DPoP).",
        "要求に署名する鍵の証明(DPoP)を付けてトークンを取得してください。",
    ),
    "subject-of-another-body": Wording(
        "The clerk works for another office",
        "担当者の所属がこの機関と異なります",
        "The clerk signs in at the gateway of the office that they work for.",
        "担当者は自分の所属する機関のゲートウェイでサインインしてください。",
    ),
    "subject-not-permitted": Wording(
        "The clerk's role does not allow this",
        "担当者の役割ではこの操作ができません",
        "Ask the administrator of the office for the role, then sign in again.",
        "所属先の管理者に役割の付与を依頼し、サインインし直してください。",
    ),
    "idempotency-key-missing": Wording(
        "The idempotency key is missing",
        "冪等キーがありません",
        "Give every submission its own Idempotency-Key: 8 to 100 characters of A-Z a-z 0-9 . _ : -",
        "送信ごとに固有の Idempotency-Key(英数字と . _ : - の 8〜100 字)を付けてください。",
    ),
    "idempotency-key-reused": Wording(
        "The idempotency key was used with another body",
        "別の本文に使われた冪等キーです",
        "Use a new key for a new submission; repeat the same body under the same key.",
        "新しい送信には新しいキーを、再送には同じ本文と同じキーを使ってください。",
    ),
}

_PEOPLE = {
    "sign-in-needed": Wording(
        "Nobody is signed in, or not surely enough",
        "サインインしていないか、本人認証のレベルが足りません",
        "Sign in at the level that this needs, then send it again.",
        "必要なレベルでサインインしてから、もう一度送ってください。",
    ),
    "cross-site": Wording(
        "This was sent from a page of another site",
        "別のサイトの画面から送られています",
        "Open the registry's own page and send it from there.",
        "登録システムの画面を開いて、そこから送ってください。",
    ),
    "card-refused": Wording(
        "The card's signature is not accepted",
        "カードによる署名を受け付けられません",
        "See what is wrong with it, mend that, and sign anew.",
        "示された理由を確かめ、それを解消してから署名し直してください。",
    ),
    "card-challenge-unknown": Wording(
        "There is no such signing to finish",
        "該当する署名の手続がありません",
        "Begin anew and sign once more.",
        "初めからやり直し、もう一度署名してください。",
    ),
    "card-standing-unknown": Wording(
        "Whether the card is revoked cannot be learnt now",
        "カードの失効の有無を現在確認できません",
        "Nothing is wrong with the card; wait as long as Retry-After says, then send the same again.",
        "カードに問題はありません。Retry-After の時間だけ待って、同じものを送り直してください。",
    ),
}

_SERVICE = {
    "body-too-large": Wording(
        "The body is too large",
        "本文が大きすぎます",
        "Send it in smaller parts.",
        "小さく分けて送ってください。",
    ),
    "unsupported-media-type": Wording(
        "The media type is not accepted here",
        "受け付けない媒体型です",
        "Send application/json in UTF-8, not compressed.",
        "application/json を UTF-8、非圧縮で送ってください。",
    ),
    "method-not-allowed": Wording(
        "The method is not allowed here",
        "このメソッドは使えません",
        "Use the method that the interface description names.",
        "インターフェース仕様のメソッドを使ってください。",
    ),
    "rate-limited": Wording(
        "Too many requests",
        "要求が多すぎます",
        "Wait as long as Retry-After says, then send again.",
        "Retry-After の時間だけ待って、送り直してください。",
    ),
    "not-ready": Wording(
        "The registry cannot serve at the moment",
        "ただいま処理できません",
        "Wait as long as Retry-After says, then send the same again; nothing was stored.",
        "Retry-After の時間だけ待って、同じものを送り直してください。何も記録されていません。",
    ),
    "log-not-watched": Wording(
        "Nothing is disclosed while nobody watches the log of disclosures",
        "情報提供等の記録が監視されていないため、提供を止めています",
        "Wait as long as Retry-After says, then ask again; whoever runs the registry has to bring its witness back.",
        "Retry-After の時間だけ待って、照会し直してください。運営者は記録の監視を回復させる必要があります。",
    ),
    "internal": Wording(
        "The registry has a fault of its own",
        "システムの内部で誤りが起きました",
        "Send the same again later under the same idempotency key; quote the correlation id when asking for help.",
        "後ほど同じ冪等キーで送り直してください。お問合せの際は相関 ID をお知らせください。",
    ),
}

_RULES = {
    "invalid-input": Wording(
        "What was sent has faults",
        "送られた内容に誤りがあります",
        "Mend every fault listed and send again under a new idempotency key.",
        "列挙された誤りをすべて直し、新しい冪等キーで送り直してください。",
    ),
    "not-permitted": Wording(
        "This is not permitted to the caller",
        "この要求は認められません",
        "See the list of grants; asking again in the same way will not help.",
        "権限の一覧を確かめてください。同じ要求を繰り返しても認められません。",
    ),
    "not-competent": Wording(
        "Another office is in charge",
        "管轄が異なります",
        "Send it through the mission or municipality in charge on that day.",
        "その日に管轄する在外公館または市区町村を通じて送ってください。",
    ),
    "conflict": Wording(
        "It contradicts what was accepted before",
        "受理済みの内容と食い違います",
        "Look at what was accepted; to change it, send a correction.",
        "受理済みの内容を確かめ、変えるには訂正を送ってください。",
    ),
    "not-found": Wording(
        "There is nothing to be given under this",
        "該当するものがありません",
        "Check the identifier and the address.",
        "識別子と URL を確かめてください。",
    ),
    "not-known-yet": Wording(
        "The registry has not come to that moment yet",
        "その時点の記録はまだ確定していません",
        "Ask again in a few seconds, or about an earlier moment.",
        "数秒後に改めて照会するか、より前の時点を指定してください。",
    ),
}

PROBLEM_WORDING: Mapping[str, Wording] = MappingProxyType(_CALLERS | _PEOPLE | _SERVICE | _RULES)
