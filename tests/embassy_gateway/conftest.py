"""The mission that most tests of the gateway use."""

import pytest

from tests.embassy_gateway.mission import mission_in


@pytest.fixture
def mission(tmp_path):
    with mission_in(tmp_path) as mission:
        yield mission
