"""The key files and the token: is each there, can it be used, and by nobody else."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from registry.contract.keys import SigningKey
from registry.doctor.finding import Code, Finding, wrong
from registry.doctor.patient import Patient
from registry.vault.keys import FileKeyProvider, KeysRefused
from registry.vault.providers import key_provider
from registry.vault.token_uri import TokenUri
from registry.wiring import SIGNING_KEY_ID, own_log

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def absent(patient: Patient) -> Iterator[Finding]:
    """Find settings that name no file."""
    for name, path in _named(patient):
        if not path.is_file():
            yield wrong(
                Code.KEY_FILE_MISSING,
                (f"{name}: there is no file {path}", f"{name}: ファイル {path} がありません"),
                (
                    "put the key back from its safe copy; a new one opens nothing that is stored",
                    "保管してある写しから戻してください。新しい鍵では保存済みのものを開けません",
                ),
            )


def open_to_others(patient: Patient) -> Iterator[Finding]:
    """Find keys that other accounts of this machine may read or replace."""
    for name, path in _named(patient):
        if path.is_file() and path.stat().st_mode & OTHERS:
            yield wrong(
                Code.KEY_FILE_OPEN,
                (f"{name}: {path} is open to others", f"{name}: {path} が他の利用者に開かれています"),
                (
                    "close it, and find out who could have read it: a key that was read is known",
                    "閉じたうえ、誰が読み得たかを確かめてください。読まれた鍵は秘密ではありません",
                ),
                f"chmod 600 {path}",
            )


def unreadable(patient: Patient) -> Iterator[Finding]:
    """Find files that hold no key, or that may not be used as they lie there."""
    settings = patient.settings
    if patient.has("REGISTRY_KEYS") and isinstance(settings.keys, Path) and _is_closed(settings.keys):
        try:
            FileKeyProvider(settings.keys, production=False)
        except (KeysRefused, OSError):
            yield _unreadable("REGISTRY_KEYS", settings.keys)
    if patient.has("REGISTRY_SIGNING_KEY") and _is_closed(settings.signing_key):
        try:
            SigningKey.from_pem(SIGNING_KEY_ID, settings.signing_key.read_bytes())
        except (ValueError, OSError):
            yield _unreadable("REGISTRY_SIGNING_KEY", settings.signing_key)


def log_of_disclosures(patient: Patient) -> Iterator[Finding]:
    """Find a key that cannot sign a log, a list of witnesses that is none, and production without a witness."""
    settings = patient.settings
    if settings.production and settings.witnesses is None:
        yield _witnesses("production does not start without a witness", "本番は立会者なしでは起動しません")
    if not patient.has("REGISTRY_LOG_KEY") or not _is_closed(settings.log_key):
        return
    try:
        own_log(msgspec.structs.replace(settings, witnesses=None))
    except KeysRefused:
        yield _unreadable("REGISTRY_LOG_KEY", settings.log_key)
        return
    try:
        own_log(settings)
    except KeysRefused:
        yield _witnesses(f"{settings.witnesses} is no list of witnesses", f"{settings.witnesses} を読めません")


def for_development(patient: Patient) -> Iterator[Finding]:
    """Find keys in a file where only an HSM may hold them."""
    in_a_file = patient.has("REGISTRY_KEYS") and isinstance(patient.settings.keys, Path)
    if patient.settings.production and in_a_file:
        yield wrong(
            Code.KEYS_NOT_FOR_PRODUCTION,
            ("production would take its keys from a file, and refuses", "本番ではファイルの鍵を使えません"),
            ("keep the keys in an HSM (PKCS#11), or unset REGISTRY_ENV", "鍵を HSM(PKCS#11)に置いてください"),
        )


def token(patient: Patient) -> Iterator[Finding]:
    """Find a token that cannot be reached, does not let us in, or does not hold the keys as it should."""
    if not isinstance(patient.settings.keys, TokenUri):
        return
    try:
        key_provider(patient.settings.keys, production=patient.settings.production)
    except KeysRefused as refused:
        yield wrong(
            Code.TOKEN_UNUSABLE,
            (f"REGISTRY_KEYS: {refused}", f"REGISTRY_KEYS のトークンを使えません({refused})"),
            (
                "mend that; never make new keys where something is stored already: they open nothing",
                "原因を除いてください。保存済みのものは新しい鍵では開けないため、鍵を作り直さないでください",
            ),
        )


CHECKS: Final = (absent, open_to_others, unreadable, log_of_disclosures, for_development, token)


def _named(patient: Patient) -> Iterator[tuple[str, Path]]:
    settings = patient.settings
    named = {
        "REGISTRY_KEYS": settings.keys,
        "REGISTRY_SIGNING_KEY": settings.signing_key,
        "REGISTRY_LOG_KEY": settings.log_key,
    }
    return ((name, path) for name, path in named.items() if patient.has(name) and isinstance(path, Path))


def _is_closed(path: Path) -> bool:
    """Whether the other checks have nothing to say of the file."""
    return path.is_file() and not path.stat().st_mode & OTHERS


def _unreadable(name: str, path: Path) -> Finding:
    return wrong(
        Code.KEY_FILE_UNREADABLE,
        (f"{name}: {path} holds no key that this account can use", f"{name}: {path} を鍵として読めません"),
        (
            "put the key back from its safe copy, owned by the account that runs the registry",
            "保管してある写しから戻し、登録システムを動かす利用者の所有としてください",
        ),
    )


def _witnesses(what: str, what_ja: str) -> Finding:
    return wrong(
        Code.WITNESSES_UNUSABLE,
        (f"REGISTRY_WITNESSES: {what}", f"REGISTRY_WITNESSES: {what_ja}"),
        (
            "name a text file with a line `<vkey> <url>` for each witness of the log of disclosures",
            "情報提供等の記録の立会者ごとに1行「<公開鍵> <URL>」を記した文書ファイルを指定してください",
        ),
        "export REGISTRY_WITNESSES=…",
    )
