"""Where everything meets: settings become an application with its database, keys, clock and randomness."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from litestar import Litestar
from sqlalchemy.exc import SQLAlchemyError

from registry import sequencing
from registry.contract.keys import SigningKey
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.providers import Provider, ProvidersRefused, read_providers
from registry.rounds import Round, every
from registry.services import area_changes, clockwork
from registry.services.code_tables import CodeTables
from registry.services.key_directory import KeyDirectory
from registry.services.resources import OwnLog, Resources
from registry.services.sign_ins import SignIns
from registry.services.subjects import Subjects
from registry.settings import Settings, SettingsRefused
from registry.store import sandbox_clock
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.roles import APP, AUDITOR, EX_OFFICIO, SEQUENCER
from registry.store.unit_of_work import StoreUnavailable, UnitOfWork
from registry.transparency.note import KeyKind, of_signing_key
from registry.transparency.refusals import LogRefused
from registry.transparency.witness import read_witnesses
from registry.vault.keys import KeysRefused, read_private
from registry.vault.providers import key_provider
from registry.vault.pseudonyms import Pseudonyms
from registry.vault.sealing import SealBroken
from registry.vault.search_keys import SearchKeys
from registry.web.app import make_app
from registry.web.desk import Desk
from registry.web.metrics import NARROWED

FIRST_GENERATION = 1
SIGNING_KEY_ID = "registry"
LOG_KEY_ID = "log"

LOOK_AT_CLOCK_EVERY = 0.5
EXCHANGE_EVERY = 1.0
"""Seconds after which every process knows who is narrowed, or is so no more."""
FORGET_EVERY = 60.0
PREPARE_KEYS_EVERY = 10.0
"""Seconds until a running registry wraps with a key that was made meanwhile, and forgets one that was destroyed."""
KEYS_AHEAD = timedelta(days=1)
LOOK_AT_CODES_EVERY = 2.0
HEAR_OF_GENERATIONS_EVERY = 1.0
"""Seconds until a process searches by another generation of search keys; see TRUSTED_FOR."""
LOOK_AT_AREAS_EVERY = 30.0

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
            await _follow_clock(made)
        if role not in {SEQUENCER, AUDITOR}:  # neither looks for people
            await clockwork.follow_code_tables(made)
            made.search_keys.follow(await clockwork.search_generations(made))
        yield made
    finally:
        await engine.dispose()


@asynccontextmanager
async def _in_another_role(given: Resources, settings: Settings, role: str) -> AsyncIterator[Resources]:
    """Give the same resources with other eyes in the database, for as long as the block lasts."""
    engine = connect(settings.dsn, role=role, pool_size=2)
    try:
        yield msgspec.structs.replace(given, engine=engine)
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


@asynccontextmanager
async def application(settings: Settings, *, sequences: bool = True) -> AsyncIterator[Litestar]:
    """Give the application with all that runs beside it; unless it ``sequences``, another process has to.

    Raises SettingsRefused in production where nobody watches the log.
    """
    sequencer = sequencer_rounds(settings) if sequences else nullcontext(())
    async with (
        resources(settings) as app,
        _in_another_role(app, settings, EX_OFFICIO) as ex_officio,
        sequencer as rounds,
        AsyncExitStack() as stack,
    ):
        _demand_witnesses(settings, app)
        app.codes.read()
        keys = KeyDirectory(app)
        await keys.refresh()
        lines = await _lines(settings, stack)
        desk = Desk(resources=app, keys=keys, public_url=settings.address, subjects=Subjects(app, lines))
        await _exchange(desk)
        sign_ins = SignIns(app, lines, settings.address) if lines else None
        beside = [
            *rounds,
            every(EXCHANGE_EVERY, lambda: _exchange(desk)),
            every(FORGET_EVERY, lambda: clockwork.forget(app)),
            every(PREPARE_KEYS_EVERY, lambda: prepare_keys(app)),
            every(LOOK_AT_CODES_EVERY, lambda: _follow_code_tables(app)),
            every(HEAR_OF_GENERATIONS_EVERY, lambda: _hear_of_generations(app)),
            every(LOOK_AT_AREAS_EVERY, lambda: _follow_areas(ex_officio)),
        ]
        if not settings.production:
            beside.append(every(LOOK_AT_CLOCK_EVERY, lambda: _follow_clock(app)))
        yield make_app(desk, sign_ins=sign_ins, beside=beside)
        with suppress(StoreUnavailable, SQLAlchemyError, OSError):
            await desk.watch.exchange()  # so that the last second before a restart counts as well


async def _lines(settings: Settings, stack: AsyncExitStack) -> list[ProviderLine]:
    """Open the lines to the identity providers, if there are any; raises KeysRefused for a file that makes no sense."""
    if settings.providers is None:
        return []
    listed = providers(settings.providers, production=settings.production)
    lines = [ProviderLine(one, new_id=new_id, production=settings.production) for one in listed]
    return [await stack.enter_async_context(line) for line in lines]


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
        _demand_witnesses(settings, sequencer)
        async with sequencing.sequencing(sequencer) as rounds:
            if settings.production:
                yield rounds
            else:
                yield (*rounds, every(LOOK_AT_CLOCK_EVERY, lambda: _follow_clock(sequencer)))


def _demand_witnesses(settings: Settings, given: Resources) -> None:
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


async def _exchange(desk: Desk) -> None:
    await desk.watch.exchange()
    NARROWED.set(len(desk.watch.narrowed))


async def _follow_code_tables(app: Resources) -> None:
    if await clockwork.follow_code_tables(app):
        await asyncio.to_thread(app.codes.read)
        log.info("tables of codes taken over")


async def _hear_of_generations(app: Resources) -> None:
    app.search_keys.hears(await clockwork.search_generations(app))


async def _follow_areas(ex_officio: Resources) -> None:
    """Go through the records when areas have changed, unless another process is at it."""
    with suppress(area_changes.AlreadyRunning):
        async with area_changes.alone(ex_officio):
            if await area_changes.catch_up(ex_officio):
                log.info("records moved to the missions of their areas")


async def _follow_clock(follower: Resources) -> None:
    """Set the clock as the sandbox has it now."""
    if isinstance(follower.clock, SandboxClock):
        async with follower.work() as work:
            await follower.clock.read(work)
