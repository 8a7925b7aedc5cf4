"""The gateway of one mission, put together: settings, keys, spool, clock and chance meet here and nowhere else."""

import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import anyio
import msgspec

from embassy_gateway.delivery import Deliverer, Ports, Tally
from embassy_gateway.intake import Examined, Rules, examine
from embassy_gateway.outbox import Outbox
from embassy_gateway.schema import State
from embassy_gateway.sealing import SetupRefused, SpoolKey
from embassy_gateway.settings import Settings, read_registry_keys, read_signing_key
from embassy_gateway.spool import Entry, Intake, Spool, SpoolRefused
from registry.code_tables.files import load_countries, load_missions
from registry.contract.client import SignedClient
from registry.contract.evidence import EvidenceHeader, make_evidence
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.problems import ProblemCode, problem
from registry.domain.errors import Fault
from registry.domain.mission import TwoClocks, two_clocks

_UNPROCESSABLE: Final = 422


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report of a file: its place in the file and in the spool, and what was found.

    ``days`` are the dates of the intake at the mission and in Japan. ``is_new`` False: the same report was taken in
    before; ``state`` says how it stands. ``left`` counts the foreign members left at the mission.
    """

    place: int
    days: TwoClocks
    id: int
    state: State
    is_new: bool
    left: int
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a command needs. ``clock`` gives aware times; ``token`` 22 or more characters of base64url."""

    rules: Rules
    zone: tzinfo
    registry_url: str
    signing_key: SigningKey
    registry_keys: Mapping[str, VerifyingKey]
    spool: Spool
    clock: Callable[[], datetime]
    token: Callable[[], str]
    chance: Callable[[], float]
    pause: Callable[[float], Awaitable[None]]

    def take_in(self, text: bytes, mends: int | None = None) -> Iterator[Taken]:
        """Take a file in, report by report; each is on disk when it is yielded.

        ``mends`` is the dead letter that the one report of the file replaces. Raises
        :class:`~embassy_gateway.spool.SpoolRefused` when it cannot be replaced, ``SpoolUnavailable`` when the
        spool cannot be written.
        """
        days = two_clocks(self._now(), self.zone)
        found: Iterable[tuple[bytes, Examined]] = self.examine(text)
        if mends is not None:
            found = tuple(found)
            if len(found) != 1:
                raise SpoolRefused("what mends a report is a file with that one report")
        for place, (came, examined) in enumerate(found):
            entry = self.keep(came, examined, mends)
            yield Taken(
                place=place,
                days=days,
                id=entry.id,
                state=entry.state,
                is_new=entry.is_new,
                left=examined.left,
                faults=examined.faults,
                warnings=examined.warnings,
            )

    def examine(self, text: bytes) -> Iterator[tuple[bytes, Examined]]:
        """Check a file as of today at the mission; write nothing."""
        return examine(text, self.rules, two_clocks(self._now(), self.zone).local_date)

    def keep(self, came: bytes, examined: Examined, mends: int | None = None, *, clerk: str | None = None) -> Entry:
        """Queue a good report with its evidence; keep a faulty one. What nobody can read stays with its sender.

        ``clerk`` is how evidence names who typed it. Raises as :meth:`take_in`.
        """
        body, moment = examined.body, self._now()
        intake = Intake(
            digest=self.spool.key.digest(came if body is None else body),
            body=body,
            taken_at=moment,
            idempotency_key=self.token(),
            left=examined.left,
            mends=mends,
        )
        if body is None or examined.faults:
            faults = problem(
                ProblemCode.INVALID_INPUT, status=_UNPROCESSABLE, correlation_id="", faults=examined.faults
            )
            return self.spool.keep(intake, faults)

        def sign(sequence: int, previous: str | None) -> str:
            key = self.signing_key
            header = EvidenceHeader(
                key_id=key.key_id, taken_at=moment, sequence=sequence, previous=previous, clerk=clerk
            )
            return make_evidence(body, key, header)

        return self.spool.queue(intake, sign)

    def _now(self) -> datetime:
        """Return the time at the mission."""
        return self.clock().astimezone(self.zone)

    def line(self) -> SignedClient:
        """Return a line to the registry, to be opened."""
        return SignedClient(
            self.registry_url,
            signing_key=self.signing_key,
            registry_keys=self.registry_keys,
            clock=self.clock,
            nonce=self.token,
        )

    @asynccontextmanager
    async def delivering(self, notice: Callable[[Tally], None]) -> AsyncIterator[Deliverer]:
        """Open the line to the registry; ``notice`` hears of every step."""
        ports = Ports(clock=self.clock, chance=self.chance, pause=self.pause, notice=notice)
        async with self.line() as client:
            yield Deliverer(Outbox(self.spool, self.token()), client, self.registry_keys, ports)


@contextmanager
def open_gateway(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Iterator[Gateway]:
    """Put the gateway together; raises ``SetupRefused``, ``SpoolRefused`` or ``SpoolUnavailable``."""
    missions = load_missions()
    mission = missions.find(settings.mission)
    if mission is None or mission.time_zone is None:
        raise SetupRefused(f"{settings.mission}: no mission with a known time zone")
    path = Path(settings.spool)
    signing_key = read_signing_key(Path(settings.key))
    registry_keys = read_registry_keys(Path(settings.registry_keys))
    with Spool(path, SpoolKey.load_or_create(Path(settings.spool_key), spool=path)) as spool:
        yield Gateway(
            rules=Rules(mission=mission.code, missions=missions, countries=load_countries(), sent_as=spool.sent_as),
            zone=ZoneInfo(mission.time_zone),
            registry_url=settings.registry_url,
            signing_key=signing_key,
            registry_keys=registry_keys,
            spool=spool,
            clock=clock,
            token=lambda: secrets.token_urlsafe(24),
            chance=random.SystemRandom().random,
            pause=pause,
        )
