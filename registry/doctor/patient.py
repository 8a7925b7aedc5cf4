"""Who is examined: the settings as far as they make sense, each by itself, so that one wrong value stops no check."""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy.exc import ArgumentError

from registry.settings import REQUIRED, Settings, SettingsRefused
from registry.store.engine import asyncpg_url

PREFIX: Final = "REGISTRY_"
OF_COMMANDS: Final = frozenset({"REGISTRY_JLIS_URL", "REGISTRY_JLIS_KEY"})
"""Settings that single commands read."""
KNOWN: Final = frozenset(f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__) | OF_COMMANDS


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says; in ``settings`` those ``missing`` are empty and those ``bad`` have their default."""

    settings: Settings
    given: frozenset[str]
    missing: frozenset[str]
    bad: frozenset[str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Patient":
        """Read the environment; nothing in it can make this fail."""
        given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
        empty = dict.fromkeys(REQUIRED, "")
        bad = frozenset(name for name, value in given.items() if not _is_possible({name: value}, empty))
        kept = {name: value for name, value in given.items() if name not in bad}
        return cls(
            settings=Settings.read(empty | kept),
            given=frozenset(given),
            missing=frozenset(name for name in REQUIRED if not kept.get(name)),
            bad=bad,
        )

    def has(self, name: str) -> bool:
        """Whether a required setting is there."""
        return name not in self.missing


def _is_possible(given: Mapping[str, str], empty: Mapping[str, str]) -> bool:
    try:
        Settings.read({**empty, **given})
    except SettingsRefused:
        return False
    return "REGISTRY_DSN" not in given or _is_dsn(given["REGISTRY_DSN"])


def _is_dsn(dsn: str) -> bool:
    """Whether the DSN is an address of a database; it may hold a password, so it is never shown."""
    try:
        url = asyncpg_url(dsn)
    except (ArgumentError, ValueError):
        return False
    return dsn.startswith(("postgresql://", "postgres://")) and bool(url.database)
