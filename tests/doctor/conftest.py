"""A sound registry to spoil: a durable PostgreSQL, one resident under real keys, and a doctor who is called to it."""

import asyncio
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from registry.doctor.examination import examine
from registry.sandbox.programs import free_port
from registry.settings import Settings
from registry.store.embedded import EmbeddedServer
from registry.store.migrate import migrate
from registry.wiring import prepare_keys, resources
from tests.acceptance.papers import line, removed_record
from tests.house import URL, house


class Ward:
    """One registry: its settings, its database and its key files, each to be spoilt; ``found`` calls the doctor."""

    def __init__(self, dsn, folder, undo):
        self.dsn = dsn
        self.folder = folder
        self.environment = {
            "REGISTRY_DSN": dsn,
            "REGISTRY_KEYS": str(folder / "keys.json"),
            "REGISTRY_SIGNING_KEY": str(folder / "registry.pem"),
            "REGISTRY_LOG_KEY": str(folder / "log.pem"),
            "REGISTRY_PORT": str(free_port()),
            "REGISTRY_PUBLIC_URL": URL,
        }
        self.clock = lambda: datetime.now(UTC)
        self.undo = undo

    def sql(self, *statements, undo=()):
        """Run statements as the owner; ``undo`` those that reach beyond this database."""
        for one in undo:
            self.undo.callback(run, self.dsn, one)
        for one in statements:
            run(self.dsn, one)

    def insert(self, statement, *arguments):
        run(self.dsn, statement, *arguments)

    def areas(self):
        return examine(self.environment, self.clock)

    def findings(self):
        return [finding for area in self.areas() for finding in area.findings]

    def found(self):
        return {str(finding.code) for finding in self.findings()}


@pytest.fixture(scope="session")
def sound(postgres_binaries, tmp_path_factory):
    """The server, the folder of the keys and the database of a registry that nothing is wrong with."""
    folder = tmp_path_factory.mktemp("sound")
    with EmbeddedServer(None, binaries=postgres_binaries) as server:
        run(server.dsn(), "CREATE DATABASE sound")
        asyncio.run(settle(server.dsn("sound"), folder))
        yield server, folder


@pytest.fixture
def ward(sound, tmp_path):
    server, folder = sound
    for name in ("keys.json", "registry.pem", "log.pem"):
        shutil.copy2(folder / name, tmp_path / name)
    with ExitStack() as undo:
        name = f"ward_{uuid4().hex}"
        run(server.dsn(), f"CREATE DATABASE {name} TEMPLATE sound")
        undo.callback(run, server.dsn(), f"DROP DATABASE {name} WITH (FORCE)")
        yield Ward(urlsplit(server.dsn())._replace(path=f"/{name}").geturl(), tmp_path, undo)


async def settle(dsn, folder):
    """Migrate, make the keys, and take one 除票 in."""
    await migrate(dsn)
    async with house(dsn, folder) as opened:
        answer = await opened.deliver(removed_record(line()))
        assert answer.status == 200
        await opened.sequence()
    for file in ("keys.json", "registry.pem"):
        (folder / file).chmod(0o600)
    settings = Settings(
        dsn=dsn, keys=folder / "keys.json", signing_key=folder / "registry.pem", log_key=folder / "log.pem"
    )
    async with resources(settings) as given:
        await prepare_keys(given)


def run(dsn, statement, *arguments):
    async def execute():
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    asyncio.run(execute())
