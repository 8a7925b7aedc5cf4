"""The settings of the registry, from the environment; each has one name and one meaning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from registry.vault.token_uri import SCHEME, TokenUri

REQUIRED: Final = ("REGISTRY_DSN", "REGISTRY_KEYS", "REGISTRY_SIGNING_KEY", "REGISTRY_LOG_KEY")
"""What a registry cannot do without; all else has a default."""


LEAST_DAYS_OF_ANSWERS: Final = 90
"""A mission may be off line for weeks and then send again what it sent. The database deletes no younger answer."""


class SettingsRefused(Exception):  # noqa: N818 - the settings are refused, as the rules refuse
    """The environment does not make a registry; the message names the variable and what it should be."""


class _Plain(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that msgspec reads by itself."""

    dsn: str
    signing_key: Path
    log_key: Path
    witnesses: Path | None = None
    providers: Path | None = None
    authorities: Path | None = None
    env: str = "development"
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8400
    public_url: str = ""
    answers_kept_days: Annotated[int, Meta(ge=LEAST_DAYS_OF_ANSWERS, le=36500)] = LEAST_DAYS_OF_ANSWERS


class Settings(_Plain, frozen=True, kw_only=True):
    """What differs from place to place.

    REGISTRY_DSN: PostgreSQL, with a user for each role (``store.engine.FOR_ROLE``), or as who may take on the roles of
    the program, or as the owner of the schema where a command says so (decision 0029).
    REGISTRY_ENV: "production" or anything else.
    REGISTRY_KEYS: the token that holds the keys (pkcs11:…, RFC 7512), or the key file (development).
    REGISTRY_SIGNING_KEY: the PEM of the key that signs answers. REGISTRY_LOG_KEY: the PEM (Ed25519) of the key that
    signs the log of disclosures. REGISTRY_WITNESSES: the file of who watches the log, a line ``<vkey> <url>`` for each.
    REGISTRY_PROVIDERS: the file of who may tell the registry who somebody is (``openid.providers``); without it
    there are no pages for people. REGISTRY_AUTHORITIES: the file of the CAs of JPKI that are pinned
    (``registry.jpki.authorities``); without it nobody signs with a card. REGISTRY_HOST, REGISTRY_PORT: where to listen.
    REGISTRY_PUBLIC_URL: the address that callers use and sign. REGISTRY_ANSWERS_KEPT_DAYS: after how many days, 90 or
    more, the nightly run deletes what was answered under a sender's key.
    """

    keys: Path | TokenUri

    @property
    def production(self) -> bool:
        """Whether nothing of the sandbox may run."""
        return self.env == "production"

    @property
    def address(self) -> str:
        """The address under which the registry is known, without a path."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def log_origin(self) -> str:
        """The name of the log of disclosures, for ever: the host under which the registry is known, and ``/log``."""
        return f"{urlsplit(self.address).netloc.rpartition('@')[2]}/log"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingsRefused naming what is missing, or the first that makes no sense."""
        if missing := [name for name in REQUIRED if name not in environment]:
            raise SettingsRefused(f"set {', '.join(missing)} in the environment; `registry doctor` says to what")
        given = {
            name.removeprefix("REGISTRY_").lower(): value
            for name, value in environment.items()
            if name.startswith("REGISTRY_")
        }
        try:
            plain = msgspec.convert(given, _Plain, strict=False, dec_hook=_path)
            return cls(keys=_keys(given["keys"]), **msgspec.structs.asdict(plain))
        except msgspec.ValidationError as error:
            raise SettingsRefused(f"set REGISTRY_… in the environment: {error}") from None


def _path(kind: type, value: object) -> Path:
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value)


def _keys(source: str) -> Path | TokenUri:
    if not source.startswith(SCHEME):
        return Path(source)
    try:
        return TokenUri.parse(source)
    except ValueError as error:
        raise SettingsRefused(f"set REGISTRY_KEYS in the environment: {error}") from None
