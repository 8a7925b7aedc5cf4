"""The file of providers (TOML): who may tell us who somebody is, and what of it is believed.

"We" are the registry (REGISTRY_PROVIDERS) or the gateway of a mission (EMBASSY_GATEWAY_PROVIDERS).

    [[provider]]
    name = "staff"                      # stands in addresses; two providers never share one
    label = "職員"                      # what people read
    label_en = "Staff"
    issuer = "https://idp.example"
    client_id = "registry"              # what we are called there
    key = "staff-client.pem"            # P-256 (PEM, 0600), beside this file: signs for us (private_key_jwt)
    roles = ["municipal-clerk"]         # no other role is believed of this provider
    audience = "registry"               # of a gateway alone: what the registry is called there
    acr = { jpki = ["…"], password = ["…"] }

What a provider says of ``acr`` and no list has, is no level at all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey
from msgspec import Meta

from registry.contract.private_file import read_private
from registry.domain.account import Role
from registry.domain.sign_in import Level

_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class ProvidersRefused(Exception):  # noqa: N818 - a refusal to start, not an accident
    """A file of providers makes no sense as a whole; the message says what is wrong in it."""


class _Levels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    jpki: tuple[_Text, ...] = ()
    password: tuple[_Text, ...] = ()


class _Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    label: _Text
    label_en: _Text
    issuer: _Text
    client_id: _Text
    key: _Text
    roles: frozenset[Role]
    acr: _Levels
    audience: _Text | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: tuple[_Provider, ...]


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenID Connect provider as we know it: its issuer, our id and key there, what it may say.

    ``levels`` gives the level of an ``acr``; ``roles`` are those that are believed of it. ``audience`` is what the
    registry is called there, for a gateway that asks it on behalf of its clerks.
    """

    name: str
    label: str
    label_en: str
    issuer: str
    client_id: str
    key: ECKey
    roles: frozenset[Role]
    levels: Mapping[str, Level]
    audience: str | None = None

    def level_of(self, acr: str | None) -> Level:
        """Return what an ``acr`` stands for; what is not listed stands for nothing."""
        return Level.NONE if acr is None else self.levels.get(acr, Level.NONE)

    def acr_values(self, wanted: Level) -> tuple[str, ...]:
        """Return every ``acr`` that reaches a level, the weakest first: nobody is asked for more than is needed."""
        reaching = [acr for acr, level in self.levels.items() if level.reaches(wanted)]
        return tuple(sorted(reaching, key=lambda acr: self.levels[acr] is Level.JPKI))


def read_providers(path: Path, *, production: bool) -> tuple[Provider, ...]:
    """Read the file; raises ProvidersRefused, saying what is wrong, rather than leave a provider out."""
    try:
        listed = msgspec.toml.decode(path.read_bytes(), type=_File).provider
    except (OSError, ValueError) as error:  # a path with a null byte as well
        raise ProvidersRefused(f"{error}") from None
    for field in ("name", "issuer"):
        if len({getattr(one, field) for one in listed}) < len(listed):
            raise ProvidersRefused(f"two providers of one {field}")
    return tuple(_provider(one, path.parent, production=production) for one in listed)


def _provider(one: _Provider, folder: Path, *, production: bool) -> Provider:
    if not is_safe(one.issuer, production=production) or urlsplit(one.issuer).query or urlsplit(one.issuer).fragment:
        raise ProvidersRefused(f"the issuer of {one.name} must be an https address without query")
    if set(one.acr.jpki) & set(one.acr.password):
        raise ProvidersRefused(f"{one.name} has an acr of two levels")
    levels = dict.fromkeys(one.acr.password, Level.PASSWORD) | dict.fromkeys(one.acr.jpki, Level.JPKI)
    return Provider(
        name=one.name,
        label=one.label,
        label_en=one.label_en,
        issuer=one.issuer,
        client_id=one.client_id,
        key=_key(one.name, folder / one.key),
        roles=one.roles,
        levels=levels,
        audience=one.audience,
    )


def _key(name: str, path: Path) -> ECKey:
    try:
        pem = read_private(path)
        private = load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ProvidersRefused(f"the key of {name}: {error}") from None
    if not (isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1)):
        raise ProvidersRefused(f"the key of {name} must be on P-256")
    key = ECKey.import_key(pem)
    key.ensure_kid()
    return key


def is_safe(address: str, *, production: bool) -> bool:
    """Whether an address may be spoken to: over TLS, or on this very machine where this is not production."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK and not production)
