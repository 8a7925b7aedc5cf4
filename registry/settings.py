"""The settings of the registry, from the environment; each has one name and one meaning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import msgspec
from msgspec import Meta


class SettingsRefused(Exception):  # noqa: N818 - the settings are refused, as the rules refuse
    """The environment does not make a registry; the message names the variable and what it should be."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from place to place.

    REGISTRY_DSN: PostgreSQL, as the owner of the schema. REGISTRY_ENV: "production" or anything else.
    REGISTRY_KEYS: the key file (development). REGISTRY_SIGNING_KEY: the PEM of the key that signs answers.
    REGISTRY_HOST, REGISTRY_PORT: where to listen. REGISTRY_PUBLIC_URL: the address that callers use and sign.
    """

    dsn: str
    keys: Path
    signing_key: Path
    env: str = "development"
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8400
    public_url: str = ""

    @property
    def production(self) -> bool:
        """Whether nothing of the sandbox may run."""
        return self.env == "production"

    @property
    def address(self) -> str:
        """The address under which the registry is known, without a path."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingsRefused naming the first variable that is missing or makes no sense."""
        given = {
            name.removeprefix("REGISTRY_").lower(): value
            for name, value in environment.items()
            if name.startswith("REGISTRY_")
        }
        try:
            return msgspec.convert(given, cls, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise SettingsRefused(f"set REGISTRY_… in the environment: {error}") from None


def _path(kind: type, value: object) -> Path:
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value)
