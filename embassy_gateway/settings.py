"""設定 — what the gateway of one mission is told by its environment. Nothing else is read from anywhere.

Keys are files, never values: the environment of a process is seen by more eyes than a file of mode 0600.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from embassy_gateway.sealing import SetupRefused, read_private
from registry.contract.decoding import decode
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.openid.providers import Provider, ProvidersRefused, read_providers
from registry.domain.account import OF_BODIES
from registry.domain.disclosure import BodyKind

PREFIX: Final = "EMBASSY_GATEWAY_"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = "8470"
_KEY_FILE: Final = ".pem"

_Path = Annotated[str, Meta(min_length=1, max_length=4096)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The variables, each named ``EMBASSY_GATEWAY_`` and its field in capitals.

    ``mission`` is the code of the mission; ``registry_url`` the registry without a path; ``key`` the gateway's private
    key and ``registry_keys`` the folder of the registry's public ones, all PEM files named ``<key id>.pem``; ``spool``
    the SQLite file and ``spool_key`` what seals it, on another medium where possible; ``host`` and ``port`` where
    ``serve`` listens. With ``providers``, the file of the mission's identity provider
    (``registry.contract.openid.providers``), staff have the console; ``console_url`` is where their browsers reach it,
    without a path, if that is not where ``serve`` listens.
    """

    mission: Annotated[str, Meta(min_length=1, max_length=60)]
    registry_url: Annotated[str, Meta(pattern=r"^https?://[a-z0-9.:\[\]-]+/?$")]
    key: _Path
    registry_keys: _Path
    spool: _Path
    spool_key: _Path
    host: Annotated[str, Meta(pattern="^[A-Za-z0-9.:-]+$")] = DEFAULT_HOST
    port: Annotated[str, Meta(pattern="^[0-9]{1,5}$")] = DEFAULT_PORT
    providers: _Path | None = None
    console_url: Annotated[str, Meta(pattern=r"^https?://[a-z0-9.:\[\]-]+/?$")] | None = None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises :class:`~registry.domain.errors.InvalidInput` with every one missing or wrong.

    A variable with the gateway's prefix that it does not know is wrong too: it is a misspelt one.
    """
    named = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    return decode(msgspec.json.encode(named), Settings)


def read_signing_key(path: Path) -> SigningKey:
    """Read the gateway's private key; its id is the name of the file. Raises :class:`SetupRefused`."""
    pem = read_private(path)
    try:
        return SigningKey.from_pem(path.name.removesuffix(_KEY_FILE), pem)
    except ValueError as error:
        raise SetupRefused(f"{path}: {error}") from None


def read_provider(path: Path) -> Provider:
    """Read the one provider at which this mission's staff sign in; raises :class:`SetupRefused`."""
    try:
        listed = read_providers(path, production=False)
    except ProvidersRefused as refused:
        raise SetupRefused(f"{path}: {refused}") from None
    if len(listed) != 1 or listed[0].audience is None or not listed[0].roles <= _OF_MISSIONS:
        raise SetupRefused(f"{path}: one provider, with roles of missions alone, and with the registry as audience")
    return listed[0]


_OF_MISSIONS: Final = frozenset(role for role, kind in OF_BODIES.items() if kind is BodyKind.MISSION)


def read_registry_keys(folder: Path) -> dict[str, VerifyingKey]:
    """Read the registry's public keys, by key id; raises :class:`SetupRefused`, also when there is none."""
    keys: dict[str, VerifyingKey] = {}
    for path in sorted(folder.glob(f"*{_KEY_FILE}")):
        try:
            key = VerifyingKey.from_pem(path.name.removesuffix(_KEY_FILE), path.read_bytes())
        except (OSError, ValueError) as error:
            raise SetupRefused(f"{path}: {error}") from None
        keys[key.key_id] = key
    if not keys:
        raise SetupRefused(f"{folder}: no public key of the registry (<key id>{_KEY_FILE}) lies here")
    return keys
