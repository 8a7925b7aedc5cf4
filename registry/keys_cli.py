"""``registry keys``: which keys there are, a month's made ahead, a token's made inside it. No secret is ever shown."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from registry.command_line import AsJson, print_json, told
from registry.running import run, say, settings
from registry.services.resources import Resources
from registry.settings import Settings
from registry.store import callers, health
from registry.store.callers import RegisteredKey
from registry.store.health import MonthKey
from registry.store.roles import KEEPER
from registry.vault import providers
from registry.vault.keys import KeyProvider
from registry.wiring import resources

FINGERPRINT_BYTES = 8

Month = Annotated[
    str | None,
    Parameter(
        help=told(
            "The month, as 2025-04; without it this one and the next.", "月(例 2025-04)。指定がなければ今月と翌月。"
        )
    ),
]


class ShownKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be said of a key: what it is for, its id, since and until when, its fingerprint, what it carries."""

    purpose: str
    key_id: str
    fingerprint: str
    since: str = ""
    until: str = ""
    note: str = ""


def show(*, json: AsJson = False) -> None:
    """Print which keys there are."""
    shown = run(_shown(settings()))
    if json:
        print_json({"keys": shown})
        return
    table = Table("purpose", "id", "since", "until", "fingerprint", "")
    for one in shown:
        table.add_row(*map(escape, (one.purpose, one.key_id, one.since, one.until, one.fingerprint, one.note)))
    Console(highlight=False, soft_wrap=True).print(table)


def prepare(*, month: Month = None, json: AsJson = False) -> None:
    """Make the key of a month ahead."""
    made = run(_prepared(settings(), month))
    if json:
        print_json({"months": made})
        return
    for name, is_new in made.items():
        say.print(f"{name}: {'made' if is_new else 'was there already'}")


def init_token() -> None:
    """Make the two keys inside the token that REGISTRY_KEYS names."""
    run(_made_in_token(settings()))
    say.print("made: registry-master and registry-mac. Back the token up now, as its maker says.")


async def _made_in_token(given_settings: Settings) -> None:
    providers.init_token(given_settings.keys)


async def _shown(given_settings: Settings) -> list[ShownKey]:
    async with resources(given_settings, role=KEEPER, pool_size=1) as given, given.work() as work:
        public, log_key, provider = given.signing_key.verifying, given.log.key, given.provider
        carried = await health.data_keys(work)
        return [
            ShownKey(purpose="signs answers", key_id=public.key_id, fingerprint=_fingerprint(public.to_pem())),
            ShownKey(purpose="signs the log", key_id=log_key.text, fingerprint=_fingerprint(log_key.public)),
            ShownKey(purpose="master and index", key_id="REGISTRY_KEYS", fingerprint=_check_value(provider)),
            *(_of_month(key, provider, carried.get(key.kek_id, 0)) for key in await health.month_keys(work)),
            *(_of_caller(key) for key in await callers.registered_keys(work)),
        ]


def _fingerprint(public: bytes) -> str:
    """Return the first bytes of the SHA-256 of what is no secret; of a PEM file, `sha256sum FILE` shows the same."""
    return sha256(public).digest()[:FINGERPRINT_BYTES].hex()


def _check_value(provider: KeyProvider) -> str:
    """Return what tells one key file from another and says nothing of what is in it: a MAC under a key of its own."""
    return provider.mac("check-value", b"")[:FINGERPRINT_BYTES].hex()


def _of_month(key: MonthKey, provider: KeyProvider, carried: int) -> ShownKey:
    keys = f"{carried:,} data keys"
    return ShownKey(
        purpose="month",
        key_id=str(key.kek_id),
        fingerprint=_fingerprint(key.wrapped),
        since=key.month,
        note=keys if key.opens_with(provider) else f"{keys}; the master key does not open it",
    )


def _of_caller(key: RegisteredKey) -> ShownKey:
    return ShownKey(
        purpose=f"caller {key.body}",
        key_id=key.key_id,
        fingerprint=_fingerprint(key.public_key),
        since=f"{key.valid_from:%Y-%m-%d}",
        until="" if key.valid_to is None else f"{key.valid_to:%Y-%m-%d}",
        note=str(key.body_kind),
    )


async def _prepared(given_settings: Settings, month: str | None) -> dict[str, bool]:
    """Make the keys of the months that are asked for; returns of each whether it is new."""
    async with resources(given_settings, pool_size=1) as given:
        now = given.clock()
        moments = [now, _next_month(now)] if month is None else [_first_of(month, now)]
        return {f"{moment:%Y-%m}": await _make(given, moment) for moment in moments}


async def _make(given: Resources, moment: datetime) -> bool:
    async with given.work() as work:
        before = await health.month_keys(work)
        await given.keyring.prepare(work, moment)
        await work.commit()
        return len(await health.month_keys(work)) > len(before)


def _next_month(now: datetime) -> datetime:
    return now.replace(year=now.year + now.month // 12, month=now.month % 12 + 1, day=1)


def _first_of(month: str, now: datetime) -> datetime:
    """Read a month; raises ValueError for what is none, and for one that is over: nobody needs its key any more."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("--month: a month as 2025-04") from None
    if (first.year, first.month) < (now.year, now.month):
        raise ValueError("--month: this month or one to come")
    return first
