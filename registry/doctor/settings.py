"""The settings: is each there, does it make sense, is it spelt as the program reads it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from registry.contract.openid.providers import ProvidersRefused, read_providers
from registry.doctor.finding import Code, Finding, near, wrong
from registry.doctor.patient import KNOWN, Patient
from registry.vault.keys import KeysRefused
from registry.wiring import pinned

MEANINGS: Final = {
    "REGISTRY_DSN": (
        "postgresql://USER@HOST/DATABASE, as a user who may take on the registry's roles",
        "登録システムのロールを使える利用者としての接続先",
    ),
    "REGISTRY_KEYS": (
        "the token, pkcs11:token=…?module-path=/…&pin-source=file:/…, or the path of a key file",
        "トークン(pkcs11:token=…?module-path=/…&pin-source=file:/…)または鍵ファイルのパス",
    ),
    "REGISTRY_SIGNING_KEY": ("the path of the PEM of the key that signs answers", "回答に署名する鍵(PEM)のパス"),
    "REGISTRY_LOG_KEY": (
        "the path of the PEM (Ed25519) of the key that signs the log of disclosures",
        "情報提供等の記録に署名する鍵(PEM、Ed25519)のパス",
    ),
    "REGISTRY_PORT": ("a number from 0 to 65535", "0 から 65535 までの数"),
}


def missing(patient: Patient) -> Iterator[Finding]:
    """Find settings that a registry cannot do without."""
    for name in sorted(patient.missing - patient.bad):
        expected, expected_ja = MEANINGS[name]
        yield wrong(
            Code.SETTING_MISSING,
            (f"{name} is not set", f"{name} が設定されていません"),
            (f"set it: {expected}", f"設定してください({expected_ja})"),
            f"export {name}=…",
        )


def senseless(patient: Patient) -> Iterator[Finding]:
    """Find settings whose value cannot be one."""
    for name in sorted(patient.bad):
        yield _senseless(name, *MEANINGS.get(name, ("another value", "別の値")))
    if patient.settings.env != "production" and patient.settings.env.strip().lower().startswith("prod"):
        expected = "exactly `production`; anything else is a sandbox, with its clock and its made-up people"
        yield _senseless("REGISTRY_ENV", expected, "`production` と正確に記す。それ以外はすべて試験環境とみなされる")
    if patient.settings.public_url and not _is_address(patient):
        expected = "http(s)://HOST[:PORT] without a path, and https in production"
        yield _senseless("REGISTRY_PUBLIC_URL", expected, "パスのない http(s)://ホスト[:ポート]。本番では https")
    if (providers := patient.settings.providers) is not None:
        yield from _providers(providers, production=patient.settings.production)
    if (authorities := patient.settings.authorities) is not None:
        yield from _authorities(authorities, production=patient.settings.production)


def unknown(patient: Patient) -> Iterator[Finding]:
    """Find settings that nothing reads: as a rule, a known one misspelt."""
    for name in sorted(patient.given - KNOWN):
        yield near(
            Code.SETTING_UNKNOWN,
            (f"{name} is set, and nothing reads it", f"{name} が設定されていますが、どこでも使われません"),
            (
                f"correct its name or unset it; known are {', '.join(sorted(KNOWN))}",
                "名前を正すか、設定を除いてください",
            ),
            f"unset {name}",
        )


CHECKS: Final = (missing, senseless, unknown)


def _senseless(name: str, expected: str, expected_ja: str) -> Finding:
    return wrong(
        Code.SETTING_SENSELESS,
        (f"{name} makes no sense", f"{name} の値が正しくありません"),
        (f"set it to {expected}", f"正しい値: {expected_ja}"),
        f"export {name}=…",
    )


def _providers(path: Path, *, production: bool) -> Iterator[Finding]:
    """Find a file of identity providers with which the registry would not start; what is wrong there is told."""
    try:
        read_providers(path, production=production)
    except ProvidersRefused as refused:
        expected = "the path of a file as registry/contract/openid/providers.py describes it"
        yield _senseless(
            "REGISTRY_PROVIDERS", f"{expected} ({refused})", f"本人確認の提供者の一覧ファイルのパス({refused})"
        )


def _authorities(path: Path, *, production: bool) -> Iterator[Finding]:
    """Find a file of CAs with which the registry would not start: not there, unreadable, or of the sandbox."""
    try:
        pinned(path, production=production)
    except KeysRefused as refused:
        expected = "the path of a file as registry/jpki/authorities.py describes it, in production with CAs of J-LIS"
        yield _senseless(
            "REGISTRY_AUTHORITIES",
            f"{expected} ({refused})",
            f"公的個人認証の認証局の一覧ファイルのパス。本番では機構の認証局に限る({refused})",
        )


def _is_address(patient: Patient) -> bool:
    try:
        parts = urlsplit(patient.settings.public_url)
        schemes = {"https"} if patient.settings.production else {"http", "https"}
        return parts.scheme in schemes and bool(parts.hostname) and parts.path in {"", "/"} and parts.port != 0
    except ValueError:
        return False
