"""What every refusal says to people: what is wrong with a signature and what to do next, in English and in Japanese.

A test holds the table against the codes. The words never hold anything of a certificate.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from registry.contract.wording import Wording
from registry.jpki.refusals import JpkiFault

_SOFTWARE: Final = ("Tell who made the software that signs.", "署名に使ったソフトウェアの提供者に知らせてください。")
_SIGN_ANEW: Final = ("Begin anew and sign once more.", "初めからやり直し、もう一度署名してください。")
_NEW_CARD: Final = (
    "Have a new certificate issued at a mission or by the municipality of your 本籍.",
    "在外公館または本籍地の市区町村で、新しい電子証明書の発行を受けてください。",
)
_LATER: Final = (
    "Nothing is wrong with your card. Try again in a few minutes.",
    "カードに問題はありません。数分後にもう一度お試しください。",
)
_RIGHT_KEY: Final = (
    "Use the signing certificate to sign, and the one for user authentication to sign in.",
    "署名には署名用電子証明書を、サインインには利用者証明用電子証明書をお使いください。",
)

WORDING: Final[Mapping[JpkiFault, Wording]] = MappingProxyType(
    {
        JpkiFault.FORM_MALFORMED: Wording(
            "This is no signature of the right form", "署名の形式が正しくありません", *_SOFTWARE
        ),
        JpkiFault.ALGORITHM_NOT_ALLOWED: Wording(
            "The signature uses another algorithm than RS256", "署名のアルゴリズムが RS256 ではありません", *_SOFTWARE
        ),
        JpkiFault.OTHER_PURPOSE: Wording(
            "The certificate is for another purpose", "用途の異なる電子証明書です", *_RIGHT_KEY
        ),
        JpkiFault.ORIGIN_WRONG: Wording("This was signed for another site", "別のサイトのための署名です", *_SIGN_ANEW),
        JpkiFault.CERTIFICATE_MALFORMED: Wording(
            "The certificate cannot be read", "電子証明書を読み取れません", *_SOFTWARE
        ),
        JpkiFault.AUTHORITY_UNKNOWN: Wording(
            "The certificate is none of JPKI", "公的個人認証の電子証明書ではありません", *_RIGHT_KEY
        ),
        JpkiFault.ISSUER_WRONG: Wording(
            "The certificate was not issued by the CA that it names",
            "記載された認証局が発行した電子証明書ではありません",
            *_NEW_CARD,
        ),
        JpkiFault.NOT_YET_VALID: Wording(
            "The certificate is not valid yet", "電子証明書の有効期間が始まっていません", *_LATER
        ),
        JpkiFault.EXPIRED: Wording("The certificate has expired", "電子証明書の有効期間が満了しています", *_NEW_CARD),
        JpkiFault.KEY_USAGE_WRONG: Wording(
            "The certificate does not allow this use", "この用途に使えない電子証明書です", *_RIGHT_KEY
        ),
        JpkiFault.POLICY_WRONG: Wording(
            "The certificate was issued under another policy", "証明書ポリシーが異なります", *_RIGHT_KEY
        ),
        JpkiFault.EXTENDED_KEY_USAGE_WRONG: Wording(
            "The certificate is for something else", "拡張鍵用途が異なります", *_RIGHT_KEY
        ),
        JpkiFault.EXTENSION_NOT_UNDERSTOOD: Wording(
            "The certificate demands something that is not understood here",
            "電子証明書に解釈できない重要な拡張があります",
            *_NEW_CARD,
        ),
        JpkiFault.KEY_WEAK: Wording("The key is too weak", "鍵の強度が足りません", *_NEW_CARD),
        JpkiFault.SERIAL_NOT_POSITIVE: Wording(
            "The certificate has no valid serial", "電子証明書の発行番号が正しくありません", *_NEW_CARD
        ),
        JpkiFault.SIGNATURE_WRONG: Wording(
            "What was signed is not what arrived", "署名された内容と届いた内容が一致しません", *_SIGN_ANEW
        ),
        JpkiFault.REVOKED: Wording("The certificate is revoked", "電子証明書が失効しています", *_NEW_CARD),
        JpkiFault.REVOCATION_UNAVAILABLE: Wording(
            "Whether the certificate is revoked cannot be learnt now", "失効の有無を現在確認できません", *_LATER
        ),
        JpkiFault.REVOCATION_TOO_LARGE: Wording(
            "The answer about revocation is too large", "失効情報が大きすぎます", *_LATER
        ),
        JpkiFault.REVOCATION_MALFORMED: Wording(
            "The answer about revocation cannot be read", "失効情報を読み取れません", *_LATER
        ),
        JpkiFault.REVOCATION_OF_ANOTHER: Wording(
            "The answer about revocation is not of this CA", "当該認証局の失効情報ではありません", *_LATER
        ),
        JpkiFault.REVOCATION_STALE: Wording(
            "The answer about revocation is out of date", "失効情報が古くなっています", *_LATER
        ),
        JpkiFault.REVOCATION_ROLLED_BACK: Wording(
            "The answer about revocation is older than one seen before", "失効情報が以前のものに戻っています", *_LATER
        ),
        JpkiFault.REVOCATION_PARTIAL: Wording(
            "The list of revoked certificates is not complete", "失効リストが全体を含んでいません", *_LATER
        ),
        JpkiFault.REVOCATION_UNKNOWN: Wording(
            "The CA does not know this certificate", "認証局がこの電子証明書を把握していません", *_NEW_CARD
        ),
        JpkiFault.HOLDER_UNREADABLE: Wording(
            "Who the holder is cannot be read from the certificate", "電子証明書から名義人を読み取れません", *_NEW_CARD
        ),
        JpkiFault.CHALLENGE_UNKNOWN: Wording(
            "This was signed too late, or used before", "有効な時間を過ぎたか、使用済みの署名です", *_SIGN_ANEW
        ),
    }
)
