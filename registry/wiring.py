"""Where everything meets: settings become resources: a database, keys, clock and randomness.

Commands that ask and nightly runs need no more; what serves is put together in ``application``.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from registry import sequencing
from registry.contract.keys import SigningKey
from registry.contract.openid.providers import Provider, ProvidersRefused, read_providers
from registry.jpki.authorities import Authorities
from registry.rounds import Round, every
from registry.services import clockwork
from registry.services.code_tables import CodeTables
from registry.services.resources import OwnLog, Resources
from registry.settings import Settings, SettingsRefused
from registry.store import sandbox_clock
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.roles import APP, AUDITOR, SEQUENCER
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.note import KeyKind, of_signing_key
from registry.transparency.refusals import LogRefused
from registry.transparency.witness import read_witnesses
from registry.vault.keys import KeysRefused, read_private
from registry.vault.providers import key_provider
from registry.vault.pseudonyms import Pseudonyms
from registry.vault.sealing import SealBroken
from registry.vault.search_keys import SearchKeys

FIRST_GENERATION = 1
SIGNING_KEY_ID = "registry"
LOG_KEY_ID = "log"

LOOK_AT_CLOCK_EVERY = 0.5
KEYS_AHEAD = timedelta(days=1)

log = structlog.get_logger("registry.wiring")


class SandboxClock:
    """The real clock, put forward by what ``registry sandbox clock`` says; production never moves it."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        """Return the moment, in UTC."""
        return datetime.now(UTC) + self.offset

    async def read(self, work: UnitOfWork) -> None:
        """Read again how far it is put forward."""
        self.offset = timedelta(seconds=await sandbox_clock.offset(work))


def new_id() -> str:
    """Return a fresh random UUID (RFC 9562 § 5.4) as text, in half of the library's time: each entry takes two."""
    drawn = os.urandom(16).hex()
    variant = "89ab"[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


@asynccontextmanager
async def resources(settings: Settings, *, role: str | None = APP, pool_size: int = 16) -> AsyncIterator[Resources]:
    """Give the resources of one role for as long as the block lasts."""
    provider = key_provider(settings.keys, production=settings.production)
    clock = SandboxClock()
    engine = connect(settings.dsn, role=role, pool_size=pool_size)
    try:
        made = Resources(
            engine=engine,
            provider=provider,
            keyring=Keyring(provider),
            search_keys=SearchKeys(provider, FIRST_GENERATION),
            pseudonyms=Pseudonyms(provider),
            signing_key=SigningKey.from_pem(SIGNING_KEY_ID, settings.signing_key.read_bytes()),
            log=own_log(settings),
            codes=CodeTables(),
            clock=clock,
            new_id=new_id,
        )
        if not settings.production:
            await follow_clock(made)
        if role not in {SEQUENCER, AUDITOR}:  # neither looks for people
            await clockwork.follow_code_tables(made)
            made.search_keys.follow(await clockwork.search_generations(made))
        yield made
    finally:
        await engine.dispose()


def own_log(settings: Settings) -> OwnLog:
    """Return the log of disclosures as its key file and the list of its witnesses make it; raises KeysRefused."""
    try:
        key = SigningKey.from_pem(LOG_KEY_ID, read_private(settings.log_key))
        public = of_signing_key(key, settings.log_origin, KeyKind.LOG)
    except (OSError, ValueError) as error:
        raise KeysRefused(f"REGISTRY_LOG_KEY: {error}") from None
    except LogRefused as refused:
        raise KeysRefused(f"REGISTRY_PUBLIC_URL: {refused}") from None
    try:
        listed = "" if settings.witnesses is None else settings.witnesses.read_text(encoding="utf-8")
        return OwnLog(key=public, sign=key.sign, witnesses=read_witnesses(listed))
    except (OSError, ValueError, LogRefused) as error:
        raise KeysRefused(f"REGISTRY_WITNESSES: {error}") from None


def pinned(path: Path, *, production: bool) -> Authorities:
    """Return the CAs of JPKI that a file pins; raises KeysRefused, naming what is wrong with it."""
    try:
        return Authorities.read(path, production=production)
    except (OSError, ValueError) as error:
        raise KeysRefused(f"REGISTRY_AUTHORITIES: {error}") from None


def providers(path: Path, *, production: bool) -> tuple[Provider, ...]:
    """Read the file of REGISTRY_PROVIDERS; raises KeysRefused."""
    try:
        return read_providers(path, production=production)
    except ProvidersRefused as refused:
        raise KeysRefused(f"REGISTRY_PROVIDERS: {refused}") from None


@asynccontextmanager
async def sequencer_rounds(settings: Settings) -> AsyncIterator[tuple[Round, ...]]:
    """Give what the sequencer does again and again, under a role and with connections of its own.

    Raises SettingsRefused in production where nobody watches the log.
    """
    async with resources(settings, role=SEQUENCER, pool_size=sequencing.CONNECTIONS) as sequencer:
        demand_witnesses(settings, sequencer)
        async with sequencing.sequencing(sequencer) as rounds:
            if settings.production:
                yield rounds
            else:
                yield (*rounds, every(LOOK_AT_CLOCK_EVERY, lambda: follow_clock(sequencer)))


def demand_witnesses(settings: Settings, given: Resources) -> None:
    """Raise SettingsRefused in production where nobody watches the log."""
    if settings.production and not given.log.witnesses:
        raise SettingsRefused("production needs a witness of its log: set REGISTRY_WITNESSES")


async def prepare_keys(app: Resources) -> None:
    """Make the key of the month, a day ahead, so that its first transaction makes nobody wait.

    Today's comes last: it is the one that the keyring keeps at hand.
    """
    now = app.clock()
    try:
        for moment in (now + KEYS_AHEAD, now):
            async with app.work() as work:
                await app.keyring.prepare(work, moment)
                await work.commit()
    except SealBroken:
        log.warning("the master key does not open the key of the month: see registry doctor")
    except KeysRefused:
        log.warning("the token that holds the keys is away or refuses: see registry doctor")


async def follow_clock(follower: Resources) -> None:
    """Set the clock as the sandbox has it now."""
    if isinstance(follower.clock, SandboxClock):
        async with follower.work() as work:
            await follower.clock.read(work)
