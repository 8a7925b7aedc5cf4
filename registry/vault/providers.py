"""Which provider holds the keys: a token of production, or a file of development. REGISTRY_KEYS says so."""

from pathlib import Path
from types import ModuleType

from registry.vault.keys import FileKeyProvider, KeyProvider, KeysRefused
from registry.vault.token_uri import TokenUri


def key_provider(source: Path | TokenUri, *, production: bool) -> KeyProvider:
    """Return the provider of the keys; raises KeysRefused where they cannot be used, or not in production."""
    if isinstance(source, Path):
        return FileKeyProvider(source, production=production)
    provider: KeyProvider = _pkcs11().Pkcs11KeyProvider(source)
    return provider


def init_token(source: Path | TokenUri) -> None:
    """Make the keys inside a token that has none; raises KeysRefused where there is any, or no token."""
    if isinstance(source, Path):
        raise KeysRefused("REGISTRY_KEYS names a file: set it to the token, pkcs11:token=…")
    _pkcs11().make_keys(source)


def _pkcs11() -> ModuleType:
    try:
        from registry.vault import pkcs11_provider  # noqa: PLC0415 - its library is an extra that only tokens need
    except ImportError:
        raise KeysRefused("keys in a token need the extra `hsm` of this package: install python-pkcs11") from None
    return pkcs11_provider
