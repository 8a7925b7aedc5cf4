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
    home_address,
    others_near,
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
