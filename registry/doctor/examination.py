"""The whole examination: every check of every area, each by itself, so that one that breaks silences no other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from registry.doctor import contents, disclosure_log, key_files, machine, server, settings, stored_keys
from registry.doctor.finding import Area, Code, Finding, broken, wrong
from registry.doctor.patient import Patient
from registry.doctor.visit import Visit
from registry.store import health
from registry.store import sandbox_clock as stored_clock
from registry.store.engine import connect
from registry.store.roles import KEEPER, SEQUENCER
from registry.store.unit_of_work import StoreUnavailable, UnitOfWork

HERE: Final = {"settings": settings.CHECKS, "key files": key_files.CHECKS, "machine": machine.CHECKS}
INSIDE: Final = {
    "server": server.CHECKS,
    "contents": contents.CHECKS,
    "log of disclosures": disclosure_log.CHECKS,
    "stored keys": stored_keys.CHECKS,
}
EYES: Final = {"contents": KEEPER, "log of disclosures": SEQUENCER, "stored keys": KEEPER}
"""The role in which an area is looked at: who signs in sees no row about people, be it the owner of the tables."""
PATIENCE: Final = 10.0
"""Seconds within which the database must let us in."""

Clock = Callable[[], datetime]
CheckHere = Callable[[Patient], Iterator[Finding]]
CheckInside = Callable[[Visit], AsyncIterator[Finding]]


class Inside(msgspec.Struct, frozen=True):
    """What all visits of one examination share."""

    patient: Patient
    engine: AsyncEngine
    clock: Clock
    ahead: timedelta


def examine(environment: Mapping[str, str], clock: Clock = lambda: datetime.now(UTC)) -> tuple[Area, ...]:
    """Make every check; the database's where it can be reached. Changes nothing."""
    patient = Patient.read(environment)
    here = [_area_here(name, patient, checks) for name, checks in HERE.items()]
    return (*here, *asyncio.run(_inside(patient, clock)))


def _area_here(name: str, patient: Patient, checks: tuple[CheckHere, ...]) -> Area:
    found: list[Finding] = []
    for check in checks:
        with _unbroken(check.__name__, found):
            found.extend(check(patient))
    return Area(name=name, checks=len(checks), findings=tuple(found))


async def _inside(patient: Patient, clock: Clock) -> list[Area]:
    """Examine the database; where nobody is let in, say so once and leave its areas untouched."""
    try:
        engine = connect(patient.settings.dsn, pool_size=1)
    except (SQLAlchemyError, ValueError):
        return [_untouched(name) for name in INSIDE]  # the settings have said so
    try:
        await asyncio.wait_for(_knock(engine), PATIENCE)
        ahead = await _ahead(engine)
        return [
            await _area_inside(name, Inside(patient, engine, clock, ahead), checks) for name, checks in INSIDE.items()
        ]
    except (StoreUnavailable, SQLAlchemyError, OSError) as error:
        return [_untouched("server", _unreachable(error)), *(_untouched(name) for name in list(INSIDE)[1:])]
    finally:
        await engine.dispose()


async def _area_inside(name: str, inside: Inside, checks: tuple[CheckInside, ...]) -> Area:
    found: list[Finding] = []
    for check in checks:
        with _unbroken(check.__name__, found):
            async with UnitOfWork(inside.engine) as work:
                await health.read_only(work)
                if name in EYES:
                    await health.take_on(work, EYES[name])
                visit = Visit(patient=inside.patient, work=work, now=inside.clock(), ahead=inside.ahead)
                found.extend([finding async for finding in check(visit)])
    return Area(name=name, checks=len(checks), findings=tuple(found))


async def _knock(engine: AsyncEngine) -> None:
    async with UnitOfWork(engine) as work:
        await health.clock(work)


async def _ahead(engine: AsyncEngine) -> timedelta:
    """Return how far the sandbox's clock is moved; not at all where the schema has no such thing."""
    try:
        async with UnitOfWork(engine) as work:
            await health.take_on(work, KEEPER)
            return timedelta(seconds=await stored_clock.offset(work))
    except SQLAlchemyError:
        return timedelta()


@contextmanager
def _unbroken(check: str, found: list[Finding]) -> Iterator[None]:
    """Make a finding of whatever breaks a check."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one check that breaks must silence no other, whatever breaks it
        found.append(broken(check, error))


def _untouched(name: str, *findings: Finding) -> Area:
    return Area(name=name, checks=0, findings=findings)


def _unreachable(error: BaseException) -> Finding:
    """Return the finding that nobody is let in; the driver's text may name users and passwords, its kind does not."""
    cause = getattr(error.__cause__, "orig", None) or error.__cause__ or error
    kind = type(getattr(cause, "__cause__", None) or cause).__name__
    return wrong(
        Code.DATABASE_UNREACHABLE,
        (f"the database cannot be reached, or lets nobody in ({kind})", f"データベースに接続できません({kind})"),
        (
            "check that PostgreSQL runs, and that REGISTRY_DSN names it, its database and a user whom it lets in",
            "PostgreSQL の稼働と、REGISTRY_DSN の接続先・データベース・利用者を確かめてください",
        ),
        'psql "$REGISTRY_DSN" -c "SELECT 1"',
    )
