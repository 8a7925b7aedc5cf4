"""A whole registry for a test: its own database, keys and clock; callers that sign; no socket unless one is wanted."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from registry.contract.client import SignedClient
from registry.contract.decoding import encode
from registry.contract.evidence import EvidenceHeader, make_evidence
from registry.contract.keys import SigningKey
from registry.contract.messages import EVIDENCE_HEADER
from registry.contract.signing import SUBJECT_HEADER
from registry.domain.disclosure import BodyKind
from registry.services import clockwork, disclosure_log
from registry.services.key_directory import KeyDirectory
from registry.services.resources import Resources
from registry.services.subjects import Subjects
from registry.settings import Settings
from registry.store import callers
from registry.store.callers import RegisteredKey
from registry.store.engine import connect
from registry.store.roles import AUDITOR, EX_OFFICIO, SEQUENCER
from registry.vault.keys import FileKeyProvider
from registry.vault.token_uri import TokenUri
from registry.web.app import make_app
from registry.web.desk import Desk
from registry.wiring import resources
from tests.clerks import Line, claims_for, signed_token

NOW = datetime(2024, 12, 31, 3, 0, tzinfo=UTC)
URL = "http://registry.test"
MISSION = "JP-CG-NEW-YORK"
TOWN = "131016"
PENSION = "pension-office-1"
TAX = "tax-office-1"
HEALTH = "health-insurer-1"
CHECKER = "identity-checker-1"
SCHOOLS = f"{TOWN}-board-of-education"
ELECTIONS = f"{TOWN}-election-commission"
KINDS = {
    MISSION: BodyKind.MISSION,
    "JP-CG-BOSTON": BodyKind.MISSION,
    TOWN: BodyKind.MUNICIPALITY,
    "472018": BodyKind.MUNICIPALITY,
    PENSION: BodyKind.PENSION_OFFICE,
    TAX: BodyKind.TAX_OFFICE,
    HEALTH: BodyKind.HEALTH_INSURER,
    CHECKER: BodyKind.IDENTITY_CHECKER,
    SCHOOLS: BodyKind.BOARD_OF_EDUCATION,
    ELECTIONS: BodyKind.ELECTION_COMMISSION,
}


class SettableClock:
    """Shows what it was told; every reading is a moment later than the one before."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, **by) -> None:
        self.now += timedelta(**by)


class WallClock:
    """Shows the real time, put ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class House:
    """The registry, and whoever calls it."""

    def __init__(self, given, owner, ex_officio, auditor, sequencer, app) -> None:
        self.resources = given
        self.owner = owner
        self.ex_officio = ex_officio
        self.auditor = auditor
        self.sequencer = sequencer
        self.clock = given.clock
        self.wall_clock = given.wall_clock
        self.app = app
        self.keys = {body: SigningKey.generate(f"{body}-key") for body in KINDS}
        self.evidence_sent = 0
        self.watch = None

    async def register_everybody(self) -> None:
        async with self.owner.work() as work:
            for body, key in self.keys.items():
                await callers.register_key(
                    work,
                    RegisteredKey(
                        key_id=key.key_id,
                        body=body,
                        body_kind=KINDS[body],
                        public_key=key.verifying.to_pem(),
                        valid_from=NOW - timedelta(days=1),
                    ),
                )
            await work.commit()

    def caller(self, body, key=None) -> SignedClient:
        return SignedClient(
            URL,
            signing_key=key or self.keys[body],
            registry_keys={"registry": self.resources.signing_key.verifying},
            clock=self.clock,
            nonce=lambda: uuid4().hex,
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
        )

    async def begin_year(self) -> None:
        """Make the key of the log for this year, as a registry that runs has made it ahead."""
        async with self.resources.work() as work:
            await self.resources.keyring.log_year(work, self.clock.now)
            await work.commit()

    async def sequence(self) -> int:
        """Give the entries of the log their place; return how many they were."""
        return await disclosure_log.sequence(self.sequencer)

    async def stamp(self) -> None:
        await clockwork.stamp(self.sequencer)

    def evidence(self, body, report: bytes) -> str:
        self.evidence_sent += 1
        header = EvidenceHeader(
            key_id=self.keys[body].key_id, taken_at=self.clock(), sequence=self.evidence_sent, previous=None
        )
        if self.evidence_sent > 1:
            header = msgspec.structs.replace(header, previous="A" * 43)
        return make_evidence(report, self.keys[body], header)

    def on_behalf(self, body, path):
        """The token of a clerk, where a mission asks and not delivers."""
        if KINDS.get(body) is not BodyKind.MISSION or not ("inquiries" in path or "dry_run" in path):
            return ()
        claims = claims_for(body, self.keys[body].verifying, self.wall_clock())
        return ((SUBJECT_HEADER, signed_token(claims)),)

    async def post(self, body, path, message, *, key=None, headers=()):
        content = message if isinstance(message, bytes) else encode(message)
        headers = (*headers, *self.on_behalf(body, path))
        async with self.caller(body) as client:
            return await client.post(path, content, key or uuid4().hex, headers)

    async def get(self, body, path):
        async with self.caller(body) as client:
            return await client.get(path)

    async def submit(self, report, *, body=MISSION, key=None, dry_run=False):
        content = report if isinstance(report, bytes) else encode(report)
        headers = ((EVIDENCE_HEADER, self.evidence(body, content)),)
        path = "/v1/submissions?dry_run=true" if dry_run else "/v1/submissions"
        answer = await self.post(body, path, content, key=key, headers=headers)
        await self.stamp()
        return answer

    async def deliver(self, *records, body=TOWN, key=None, extract="extract-1", part=1):
        message = {"extract_id": extract, "part": part, "records": records}
        answer = await self.post(body, "/v1/removed-records", message, key=key)
        await self.stamp()
        return answer

    async def inquire(self, body, **fields):
        defaults = {
            "affair": "pension-benefit",
            "basis": "番号法19条8号",
            "handled_by": "clerk-7",
            "fields": ["name", "address_abroad", "status"],
        }
        return await self.post(body, "/v1/inquiries", defaults | fields)


def a_log_key(folder: Path) -> Path:
    """Return the file of the key that signs the log, made where it is not there."""
    path = folder / "log.pem"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(SigningKey.generate("log").to_pem())
    return path


@asynccontextmanager
async def _connections(dsn: str, role: str | None) -> AsyncIterator[AsyncEngine]:
    engine = connect(dsn, role=role, pool_size=4)
    try:
        yield engine
    finally:
        await engine.dispose()


_BUILT: list[tuple[Desk, Litestar]] = []


@contextmanager
def _application(given: Resources, directory: KeyDirectory, subjects: Subjects) -> Iterator[tuple[Desk, Litestar]]:
    """Give a desk and the application before it: to register its routes takes longer than most tests.

    So an application that no house needs any more is used again. Whatever in it remembers begins anew.
    """
    if _BUILT:
        desk, app = _BUILT.pop()
        desk.__init__(resources=given, keys=directory, public_url=URL, subjects=subjects)
        app.state.entrance.__init__(given, None, URL)
        app.asgi_handler._app.__init__(app.asgi_handler._app._app, given.clock)
    else:
        desk = Desk(resources=given, keys=directory, public_url=URL, subjects=subjects)
        app = make_app(desk)
    yield desk, app
    _BUILT.append((desk, app))


@asynccontextmanager
async def house(
    dsn: str,
    folder: Path,
    keys: Path | TokenUri | None = None,
    witnesses: Path | None = None,
    owner: str | None = None,
) -> AsyncIterator[House]:
    key_file, signing_key = folder / "keys.json", folder / "registry.pem"
    if not key_file.exists():
        FileKeyProvider.create(key_file)
        signing_key.write_bytes(SigningKey.generate("registry").to_pem())
    settings = Settings(
        dsn=dsn,
        keys=keys or key_file,
        signing_key=signing_key,
        log_key=a_log_key(folder),
        witnesses=witnesses,
        public_url=URL,
    )
    clocks = {"clock": SettableClock(), "wall_clock": WallClock()}
    async with (
        resources(settings) as app_resources,
        resources(settings, role=SEQUENCER, pool_size=1) as sequencer_resources,
        _connections(owner or dsn, None) as of_owner,
        _connections(dsn, EX_OFFICIO) as ex_officio,
        _connections(dsn, AUDITOR) as auditor,
    ):
        given, sequencer = (msgspec.structs.replace(one, **clocks) for one in (app_resources, sequencer_resources))
        directory = KeyDirectory(given)
        by_role = (msgspec.structs.replace(given, engine=one) for one in (of_owner, ex_officio, auditor))
        with _application(given, directory, Subjects(given, [Line()])) as (desk, app):
            opened = House(given, *by_role, sequencer, app)
            opened.watch = desk.watch
            await opened.register_everybody()
            await opened.begin_year()
            await opened.sequence()
            await directory.refresh()
            await opened.stamp()
            yield opened
