"""A unit of work as the application has it, and rows to put into it."""

import pytest

from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.roles import EX_OFFICIO
from registry.store.unit_of_work import UnitOfWork


@pytest.fixture
async def work(shared_database):
    """A transaction in the shared database that sees every record; whatever the test does is undone.

    Its role has the application's rights, and all rows in sight: whose rows the application sees, test_sight.py tells.
    """
    engine = connect(shared_database, role=EX_OFFICIO, pool_size=1)
    async with UnitOfWork(engine) as opened:
        yield opened
    await engine.dispose()


@pytest.fixture
async def engine(database):
    """Connections to a database of the test's own, for tests that commit; with the rights of the application."""
    opened = connect(database, role=EX_OFFICIO, pool_size=8)
    yield opened
    await opened.dispose()


@pytest.fixture
async def owner_engine(database):
    """Connections of the owner, who also sees what others wait for."""
    opened = connect(database, pool_size=2)
    yield opened
    await opened.dispose()


@pytest.fixture
async def sequencer_engine(database):
    opened = connect(database, role="registry_sequencer", pool_size=3)
    yield opened
    await opened.dispose()


@pytest.fixture
def keyring(known_keys):
    return Keyring(known_keys)
