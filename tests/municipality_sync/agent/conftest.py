"""A registry to push to, on this machine."""

import pytest

from tests.municipality_sync.agent.registry_stand_in import serving


@pytest.fixture
def registry():
    with serving() as stand_in:
        yield stand_in
