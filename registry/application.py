"""The application as it serves: the resources with all that the web needs, and what runs beside the requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress

import httpx
import msgspec
import structlog
from litestar import Litestar
from sqlalchemy.exc import SQLAlchemyError

from registry.browser_files.style import StyleMissing, page_style
from registry.contract.openid.line import ProviderLine
from registry.jpki.revocation_lines import CrlLine
from registry.rounds import Round, every
from registry.services import area_changes, clockwork
from registry.services.jpki import Cards, SeenLists
from registry.services.key_directory import KeyDirectory
from registry.services.resources import Resources
from registry.services.sign_ins import SignIns
from registry.services.subjects import Subjects
from registry.settings import Settings, SettingsRefused
from registry.store.engine import connect
from registry.store.roles import EX_OFFICIO
from registry.store.unit_of_work import StoreUnavailable
from registry.web.app import make_app
from registry.web.desk import Desk
from registry.web.metrics import NARROWED
from registry.wiring import (
    LOOK_AT_CLOCK_EVERY,
    demand_witnesses,
    follow_clock,
    new_id,
    pinned,
    prepare_keys,
    providers,
    resources,
    sequencer_rounds,
)

EXCHANGE_EVERY = 1.0
"""Seconds after which every process knows who is narrowed, or is so no more."""
FORGET_EVERY = 60.0
PREPARE_KEYS_EVERY = 10.0
"""Seconds until a running registry wraps with a key that was made meanwhile, and forgets one that was destroyed."""
LOOK_AT_CODES_EVERY = 2.0
HEAR_OF_GENERATIONS_EVERY = 1.0
"""Seconds until a process searches by another generation of search keys; see TRUSTED_FOR."""
LOOK_AT_AREAS_EVERY = 30.0
LOOK_AT_LISTS_EVERY = 20.0
"""Seconds: less than a list of revoked certificates is renewed before its time."""

log = structlog.get_logger("registry.application")


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
        demand_witnesses(settings, app)
        app.codes.read()
        keys = KeyDirectory(app)
        await keys.refresh()
        lines = await _lines(settings, stack)
        desk = Desk(resources=app, keys=keys, public_url=settings.address, subjects=Subjects(app, lines))
        await _exchange(desk)
        sign_ins = SignIns(app, lines, settings.address) if lines else None
        cards, renewing = await _cards(settings, app, stack)
        beside = [
            *rounds,
            every(EXCHANGE_EVERY, lambda: _exchange(desk)),
            every(FORGET_EVERY, lambda: clockwork.forget(app)),
            every(PREPARE_KEYS_EVERY, lambda: prepare_keys(app)),
            every(LOOK_AT_CODES_EVERY, lambda: _follow_code_tables(app)),
            every(HEAR_OF_GENERATIONS_EVERY, lambda: _hear_of_generations(app)),
            every(LOOK_AT_AREAS_EVERY, lambda: _follow_areas(ex_officio)),
            *renewing,
        ]
        if not settings.production:
            beside.append(every(LOOK_AT_CLOCK_EVERY, lambda: follow_clock(app)))
        yield make_app(desk, sign_ins=sign_ins, cards=cards, ex_officio=ex_officio, beside=beside)
        with suppress(StoreUnavailable, SQLAlchemyError, OSError):
            await desk.watch.exchange()  # so that the last second before a restart counts as well


@asynccontextmanager
async def _in_another_role(given: Resources, settings: Settings, role: str) -> AsyncIterator[Resources]:
    """Give the same resources with other eyes in the database, for as long as the block lasts."""
    engine = connect(settings.dsn, role=role, pool_size=2)
    try:
        yield msgspec.structs.replace(given, engine=engine)
    finally:
        await engine.dispose()


async def _lines(settings: Settings, stack: AsyncExitStack) -> list[ProviderLine]:
    """Open the lines to the identity providers, if there are any: then there are pages.

    Raises KeysRefused for a file that makes no sense, SettingsRefused where pages would have no style.
    """
    if settings.providers is None:
        return []
    try:
        page_style()
    except StyleMissing as missing:
        raise SettingsRefused(f"REGISTRY_PROVIDERS: there can be no pages: {missing}") from None
    listed = providers(settings.providers, production=settings.production)
    lines = [ProviderLine(one, new_id=new_id, production=settings.production) for one in listed]
    return [await stack.enter_async_context(line) for line in lines]


async def _cards(settings: Settings, app: Resources, stack: AsyncExitStack) -> tuple[Cards | None, list[Round]]:
    """Return how cards of JPKI are verified, if CAs are pinned, with what renews their lists of revoked certificates.

    Raises KeysRefused for a file that makes no sense.
    """
    if settings.authorities is None:
        return None, []
    authorities = pinned(settings.authorities, production=settings.production)
    line = CrlLine(await stack.enter_async_context(httpx.AsyncClient(trust_env=False)), SeenLists(app))
    cards = Cards(resources=app, authorities=authorities, revocation=line, origin=settings.address)
    return cards, [every(LOOK_AT_LISTS_EVERY, lambda: line.keep_fresh(authorities, app.wall_clock()))]


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
