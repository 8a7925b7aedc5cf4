"""One mission for all tests of a module; whoever came in leaves after each test, and takes the papers along."""

import pytest

from tests.embassy_gateway.console.mission_office import office
from tests.house import house
from tests.people.town import town


@pytest.fixture(scope="module")
async def opened(database_of_people, tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    async with house(database_of_people, folder) as built, town(built, folder) as place:
        (folder / "gateway").mkdir()
        async with office(place, folder / "gateway") as made:
            yield made


@pytest.fixture
async def mission(opened):
    yield opened
    await opened.place.leave()
    await opened.leave()
