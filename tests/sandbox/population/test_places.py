from datetime import date

import pytest

from registry.code_tables.files import load_missions, load_municipalities
from registry.domain.mission import Competence
from registry.domain.municipality import CodeStatus, MunicipalityCode
from registry.sandbox.population.names import within_cp932
from registry.sandbox.population.places import (
    EVERYWHERE,
    UnknownPlace,
    Where,
    address_abroad,
    atlas,
    before_merger,
    home_address,
    others_near,
    ward_on,
)
from registry.sandbox.population.truth import PRESENT_DAY

PLACES = sorted(set(atlas(EVERYWHERE).places.slots))
TOWNS = {str(town.code): town for town in set(atlas(EVERYWHERE).towns.slots)}
OLD, NEW = date(1985, 1, 1), PRESENT_DAY


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.mission} {place.city}")
def test_a_mission_is_certainly_competent_for_each_of_its_places(place):
    missions = load_missions()
    for day in (OLD, NEW):
        competence = missions.competence(place.mission, place.country, place.subdivision or None, day)
        assert competence is Competence.COMPETENT


def test_every_present_municipality_sends_somebody_and_no_ward_does():
    assert len(TOWNS) == 1741
    assert "011011" not in TOWNS


def test_large_municipalities_send_more():
    slots = [str(town.code) for town in atlas(EVERYWHERE).towns.slots]
    assert slots.count("141003") > 20 * slots.count("131016") > 20 * slots.count("133817")


def test_an_address_before_a_merger_has_the_code_of_that_day():
    municipalities = load_municipalities()
    for town in TOWNS.values():
        for day in (date(1995, 5, 1), NEW):
            code = home_address(town, day, 0.37).municipality
            assert municipalities.status(code, day) is not CodeStatus.UNKNOWN
    saitama = home_address(TOWNS["111007"], date(1999, 4, 1), 0.1).municipality
    assert municipalities.find(saitama, date(1999, 4, 1)).name in {"浦和市", "大宮市", "与野市", "岩槻市"}


def test_only_chosen_places_are_drawn():
    chosen = atlas(Where(municipalities=("131016",), missions=("JP-CG-NEW-YORK", "JP-EMB-FRA")))
    assert {town.code for town in chosen.towns.slots} == {MunicipalityCode("131016")}
    assert {place.mission for place in chosen.places.slots} == {"JP-CG-NEW-YORK", "JP-EMB-FRA"}


@pytest.mark.parametrize(
    "where",
    [Where(municipalities=("999999",)), Where(municipalities=("011011",)), Where(missions=("JP-CG-MAKASSAR",))],
    ids=["no municipality", "a ward", "a mission without places"],
)
def test_a_place_that_is_not_there_is_refused_by_name(where):
    with pytest.raises(UnknownPlace, match=(where.municipalities + where.missions)[0]):
        atlas(where)


def test_a_wrong_mission_is_another_one():
    for place in PLACES:
        assert place.mission not in others_near(place)
        assert others_near(place)


def test_addresses_are_invented():
    assert home_address(TOWNS["131016"], NEW, 0.5).text.count("九十") == 1
    lines = {address_abroad(PLACES[0], share / 97).lines[0] for share in range(97)}
    invented = ("Example", "Sample", "Placeholder", "Nowhere", "Specimen", "Exemple", "Muster", "Ejemplo", "Exemplo")
    assert all(any(word in line for word in invented) for line in lines)


def test_names_of_towns_can_be_written_by_every_system():
    assert {town.name for town in TOWNS.values() if within_cp932(town.name) != town.name} == set()


SHARES = [number / 40 for number in range(40)]


@pytest.mark.parametrize(("day", "is_there"), [(date(1997, 11, 3), False), (date(1997, 11, 4), True)], ids=str)
def test_a_ward_is_one_that_the_designated_city_had_on_that_day(day, is_there):
    names = {ward.name for share in SHARES if (ward := ward_on(TOWNS["011002"], day, share)) is not None}
    assert ("札幌市清田区" in names) is is_there
    assert len(names) == 9 + is_there


def test_what_is_no_designated_city_has_no_wards():
    assert sum(bool(town.wards) for town in TOWNS.values()) == 20
    assert ward_on(TOWNS["131016"], NEW, 0.5) is None


def test_a_place_is_called_by_the_name_of_a_municipality_that_its_own_took_over():
    place = "愛知県豊田市本町九十一丁目1番地"
    before = {before_merger(place, share) for share in SHARES}
    assert "愛知県小原村本町九十一丁目1番地" in before
    assert place not in before
    assert all(one.endswith("本町九十一丁目1番地") for one in before)


@pytest.mark.parametrize(
    "place", ["東京都千代田区本町九十一丁目1番地", "東京都", ""], ids=["no merger", "prefecture", "blank"]
)
def test_a_place_without_a_merger_stays_as_it_is(place):
    assert before_merger(place, 0.5) == place
