"""One town for all tests of a module: registry and identity provider stay, whoever came in leaves after each test."""

import pytest

from tests.house import house
from tests.people.town import town


@pytest.fixture(scope="module")  # what is open longer keeps tests of other modules from running a loop of their own
async def opened(database_of_people, tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    async with house(database_of_people, folder) as built, town(built, folder) as made:
        yield made


@pytest.fixture
async def place(opened):
    # A line that has read the provider's keys just now looks for no others for some real seconds.
    lines, keys = opened.sign_ins._lines, opened.provider._keys
    yield opened
    opened.sign_ins._lines, opened.provider._keys = lines, keys
    await opened.leave()
