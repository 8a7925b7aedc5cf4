"""The code tables as they ship: complete, consistent, and right about cases that everyone can check."""

from datetime import date
from zoneinfo import available_timezones

import pytest

from registry.code_tables.files import load_countries, load_missions, load_municipalities
from registry.domain.mission import Competence, MissionKind
from registry.domain.municipality import VIRTUAL_MUNICIPALITY, CodeStatus, MunicipalityCode

TODAY = date(2024, 4, 1)
LONG_AGO = date(1985, 4, 1)
COMPETENT, POSSIBLY, NOT_COMPETENT = Competence.COMPETENT, Competence.POSSIBLY, Competence.NOT_COMPETENT

# ---------------------------------------------------------------- municipalities

SPECIAL_WARDS = 23
NUMBER_OF_WARDS = {date(1970, 4, 1): 72, date(2012, 4, 1): 175, date(2023, 12, 31): 175, date(2024, 1, 1): 171}
"""行政区 of the 指定都市: those of the six cities of 1970; 20 cities since 熊本市; 浜松市 made three of seven."""
# Published numbers of 市町村, without the special wards of Tokyo (総務省 市町村数の推移).
NUMBER_OF_MUNICIPALITIES = {
    date(1985, 4, 1): 3253,
    date(1995, 4, 1): 3234,
    date(1999, 3, 31): 3232,
    date(2003, 4, 1): 3190,
    date(2004, 4, 1): 3100,
    date(2005, 4, 1): 2395,
    date(2006, 3, 31): 1821,
    date(2010, 4, 1): 1727,
    date(2014, 4, 5): 1718,
    TODAY: 1718,
}


def test_there_are_1741_municipalities_and_47_prefectures_today_and_every_code_fits_its_check_digit():
    # The reader makes every code a MunicipalityCode, which refuses one that does not fit.
    present = [row for row in load_municipalities() if row.valid_on(TODAY) and row.city is None]
    assert sum(row.code.is_prefecture for row in present) == 47
    assert sum(not row.code.is_prefecture for row in present) == 1741
    assert all(row.name_kana for row in present)
    assert all(bool(row.name) != row.code.is_prefecture for row in present)


@pytest.mark.parametrize(("day", "number"), NUMBER_OF_MUNICIPALITIES.items(), ids=map(str, NUMBER_OF_MUNICIPALITIES))
def test_there_were_as_many_municipalities_as_published(day, number):
    valid = [row for row in load_municipalities() if row.valid_on(day) and not row.code.is_prefecture]
    assert sum(row.city is None for row in valid) - SPECIAL_WARDS == number


@pytest.mark.parametrize(("day", "number"), NUMBER_OF_WARDS.items(), ids=map(str, NUMBER_OF_WARDS))
def test_there_were_as_many_wards_of_designated_cities_as_everyone_knows(day, number):
    wards = [row for row in load_municipalities() if row.valid_on(day) and row.city is not None]
    assert len(wards) == number


def test_every_ward_lies_in_a_designated_city_of_its_name_and_has_a_reading_while_it_stands():
    table = load_municipalities()
    for row in table:
        if row.city is None:
            continue
        (city,) = [one for one in table.history(row.city) if one.valid_to is None]
        assert row.name.startswith(city.name), row
        assert row.name.endswith("区"), row
        assert row.prefecture == city.prefecture
        assert row.name_kana or row.valid_to, row


def test_every_code_abolished_since_1970_leads_to_one_that_stands():
    # A plain reading of the compiled changes finds 2,086 codes that left the list of present municipalities and gets
    # 2,047 of them to one that stands. The 39 others are wards, or towns that became part of one: with the wards in
    # the table, 19 of the 39 turn out to stand still, and one of the 2,086 (17420) is a 郡 and no municipality.
    table = load_municipalities()
    abolished = {row.code for row in table if table.status(row.code, TODAY) is CodeStatus.ABOLISHED}
    wards = {code for code in abolished if table.history(code)[0].city is not None}
    assert (len(abolished), len(wards)) == (2066, 15)
    assert len(abolished) == 2086 - 19 - 1
    assert all(table.successors(code, since=LONG_AGO, on=TODAY) for code in abolished if not _young(table, code))
    assert all(table.successors(code, since=TODAY, on=TODAY) for code in abolished)


def _young(table, code):
    return all(row.valid_from is not None and row.valid_from > LONG_AGO for row in table.history(code))


def test_every_municipality_that_ended_has_successors_that_stand_today():
    table = load_municipalities()
    for row in table:
        since = row.valid_from or LONG_AGO
        keepers = table.successors(row.code, since=since, on=TODAY)
        assert keepers, row
        assert all(table.status(keeper, TODAY) is CodeStatus.VALID for keeper in keepers)


SUCCESSIONS = {
    "浦和市 → さいたま市": ("112046", "2000-01-01", "2001-05-01", {"112445": "さいたま市"}),
    "大宮市 → さいたま市, designated since": ("112054", "2000-01-01", "2024-04-01", {"111007": "さいたま市"}),
    "与野市 → さいたま市, designated since": ("112208", "2000-01-01", "2024-04-01", {"111007": "さいたま市"}),
    "大宮市 the day before": ("112054", "2000-01-01", "2001-04-30", {"112054": "大宮市"}),
    "熊毛町 → 周南市": ("353451", "2000-01-01", "2024-04-01", {"352152": "周南市"}),
    "清水市 → 静岡市, designated since": ("222046", "2000-01-01", "2024-04-01", {"221007": "静岡市"}),
    "由比町 → a ward of 静岡市": ("223832", "2000-01-01", "2024-04-01", {"221007": "静岡市", "221031": "静岡市清水区"}),
    "京北町 → a ward of 京都市": ("263818", "2000-01-01", "2024-04-01", {"261009": "京都市", "261084": "京都市右京区"}),
    "葺合区 → 中央区 of 神戸市": ("281034", "1975-01-01", "2024-04-01", {"281000": "神戸市", "281107": "神戸市中央区"}),
    "浜松市北区, split": (
        "221350",
        "2020-01-01",
        "2024-04-01",
        {"221309": "浜松市", "221384": "浜松市中央区", "221392": "浜松市浜名区"},
    ),
    "a ward that gave a part away": (
        "011045",
        "1985-01-01",
        "2024-04-01",
        {"011002": "札幌市", "011045": "札幌市白石区"},
    ),
    "上九一色村 split": ("193411", "2000-01-01", "2024-04-01", {"192015": "甲府市", "194301": "富士河口湖町"}),
    "山口村 into another prefecture": ("204315", "2000-01-01", "2024-04-01", {"212067": "中津川市"}),
    "三好町, twice on one day": ("235211", "2000-01-01", "2024-04-01", {"232360": "みよし市"}),
    "篠山市 renamed": ("282219", "2005-01-01", "2024-04-01", {"282219": "丹波篠山市"}),
    "弘前市 founded anew under its own code": ("022021", "2000-01-01", "2024-04-01", {"022021": "弘前市"}),
    "仙台市 designated": ("042013", "1985-01-01", "2024-04-01", {"041009": "仙台市"}),
}


@pytest.mark.parametrize(("text", "since", "on", "keepers"), SUCCESSIONS.values(), ids=SUCCESSIONS)
def test_the_records_of_a_municipality_that_is_no_more_are_where_everyone_knows(text, since, on, keepers):
    table, day = load_municipalities(), date.fromisoformat(on)
    found = table.successors(MunicipalityCode(text), since=date.fromisoformat(since), on=day)
    assert {str(code): table.find(code, day).name for code in found} == keepers


@pytest.mark.parametrize(
    ("text", "on", "expected"),
    [
        ("112046", "2001-04-30", CodeStatus.VALID),
        ("112046", "2001-05-01", CodeStatus.ABOLISHED),
        ("111007", "2003-03-31", CodeStatus.NOT_YET),
        ("131016", "1970-01-01", CodeStatus.VALID),
        ("282219", "2019-05-01", CodeStatus.VALID),
        ("111015", "2024-04-01", CodeStatus.VALID),
        ("111015", "2003-03-31", CodeStatus.NOT_YET),
        ("221317", "2024-01-01", CodeStatus.ABOLISHED),
        ("016951", "2024-04-01", CodeStatus.UNKNOWN),
    ],
    ids=[
        "last day",
        "first day after",
        "not yet designated",
        "a special ward",
        "renamed",
        "a ward",
        "a ward before its city was designated",
        "a ward reorganised",
        "a village of the Northern Territories, not in the table",
    ],
)
def test_a_code_has_the_status_of_the_day(text, on, expected):
    assert load_municipalities().status(MunicipalityCode(text), date.fromisoformat(on)) is expected


def test_the_virtual_municipality_stands_in_no_table():
    assert load_municipalities().status(VIRTUAL_MUNICIPALITY.code, TODAY) is CodeStatus.UNKNOWN


# ---------------------------------------------------------------- missions


def test_the_missions_of_the_law_of_2013_are_there_with_their_kinds():
    kinds = [mission.kind for mission in load_missions() if mission.open_on(date(2013, 12, 31))]
    assert {kind: kinds.count(kind) for kind in MissionKind} == {
        MissionKind.EMBASSY: 194,
        MissionKind.CONSULATE_GENERAL: 61,
        MissionKind.PERMANENT_DELEGATION: 9,
        MissionKind.EXCHANGE_ASSOCIATION: 2,
    }


def test_every_mission_stands_in_a_country_and_a_time_zone_that_exist():
    zones, countries = available_timezones(), load_countries()
    for mission in load_missions():
        assert mission.country in countries, mission
        assert mission.time_zone in zones, mission


def test_only_embassies_are_without_a_post():
    concurrent = [mission for mission in load_missions() if mission.concurrent]
    assert {mission.kind for mission in concurrent} == {MissionKind.EMBASSY}
    assert {"JP-EMB-BTN", "JP-EMB-AND"} <= {mission.code for mission in concurrent}


def test_the_exchange_association_took_its_present_name_in_2017():
    taipei = load_missions().find("JP-EA-TAIPEI")
    assert taipei.name_on(date(2016, 12, 31)) == "交流協会台北事務所"
    assert taipei.name_on(date(2017, 1, 1)) == "日本台湾交流協会台北事務所"


@pytest.mark.parametrize(
    ("code", "closed"),
    [("JP-CG-MAKASSAR", date(2009, 1, 1)), ("JP-CG-GENEVA", date(2010, 1, 1))],
)
def test_a_closed_mission_is_known_and_not_open(code, closed):
    missions = load_missions()
    assert missions.find(code).closed == closed
    assert not missions.open_on(code, closed)
    assert missions.competence(code, missions.find(code).country, None, TODAY) is NOT_COMPETENT


# ---------------------------------------------------------------- consular areas

AREAS = {
    "Fairfield county belongs to New York": ("JP-CG-NEW-YORK", "US", "Connecticut/Fairfield", COMPETENT),
    "Fairfield county is not Boston's": ("JP-CG-BOSTON", "US", "Connecticut/Fairfield", NOT_COMPETENT),
    "the rest of Connecticut is Boston's": ("JP-CG-BOSTON", "US", "Connecticut/Hartford", COMPETENT),
    "the rest of Connecticut is not New York's": ("JP-CG-NEW-YORK", "US", "Connecticut/Hartford", NOT_COMPETENT),
    "Connecticut alone may be New York's": ("JP-CG-NEW-YORK", "US", "Connecticut", POSSIBLY),
    "Connecticut alone may be Boston's": ("JP-CG-BOSTON", "US", "Connecticut", POSSIBLY),
    "Connecticut is not Chicago's": ("JP-CG-CHICAGO", "US", "Connecticut", NOT_COMPETENT),
    "Manhattan": ("JP-CG-NEW-YORK", "US", "New York/New York", COMPETENT),
    "Orange county": ("JP-CG-LOS-ANGELES", "US", "California/Orange", COMPETENT),
    "Santa Clara county": ("JP-CG-SAN-FRANCISCO", "US", "California/Santa Clara", COMPETENT),
    "Puerto Rico as a country": ("JP-CG-NEW-YORK", "PR", None, COMPETENT),
    "Guam as a country": ("JP-CG-HAGATNA", "GU", None, COMPETENT),
    "Tahiti is Honolulu's": ("JP-CG-HONOLULU", "PF", None, COMPETENT),
    "Maryland is the embassy's": ("JP-EMB-USA", "US", "Maryland", COMPETENT),
    "a state that is none": ("JP-CG-SEATTLE", "US", "Cascadia", POSSIBLY),
    "São Paulo without its accent": ("JP-CG-SAO-PAULO", "BR", "Sao Paulo", COMPETENT),
    "Uberlândia is São Paulo's": ("JP-CG-SAO-PAULO", "BR", "Minas Gerais/Uberlandia", COMPETENT),
    "Belo Horizonte is Rio's": ("JP-CG-RIO-DE-JANEIRO", "BR", "Minas Gerais/Belo Horizonte", COMPETENT),
    "Recife is the embassy's": ("JP-EMB-BRA", "BR", "Pernambuco", COMPETENT),
    "Tamil Nadu": ("JP-CG-CHENNAI", "IN", "Tamil Nadu", COMPETENT),
    "Karnataka, in 2013": ("JP-EMB-IND", "IN", "Karnataka", COMPETENT),
    "Wagga Wagga is the embassy's": ("JP-EMB-AUS", "AU", "New South Wales/Wagga Wagga", COMPETENT),
    "Darwin is Sydney's": ("JP-CG-SYDNEY", "AU", "Northern Territory", COMPETENT),
    "Ottawa is the embassy's": ("JP-EMB-CAN", "CA", "Ontario/Ottawa", COMPETENT),
    "Toronto": ("JP-CG-TORONTO", "CA", "Ontario/Toronto", COMPETENT),
    "Hong Kong as a country": ("JP-CG-HONG-KONG", "HK", None, COMPETENT),
    "Dalian": ("JP-CG-SHENYANG", "CN", "Liaoning/Dalian", COMPETENT),
    "Bavaria in German": ("JP-CG-MUNICH", "DE", "Bayern", COMPETENT),
    "Hamburg, in 2013": ("JP-EMB-DEU", "DE", "Hamburg", COMPETENT),
    "Scotland": ("JP-CG-EDINBURGH", "GB", "Scotland", COMPETENT),
    "Northern Ireland is Dublin's": ("JP-EMB-IRL", "GB", "Northern Ireland", COMPETENT),
    "England alone may be London's": ("JP-EMB-GBR", "GB", "England", POSSIBLY),
    "Batam is Singapore's": ("JP-EMB-SGP", "ID", "Riau Islands/Batam", COMPETENT),
    "Tainan": ("JP-EA-KAOHSIUNG", "TW", "Tainan", COMPETENT),
    "Tainan is not Taipei's": ("JP-EA-TAIPEI", "TW", "Tainan", NOT_COMPETENT),
    "Taiwan alone": ("JP-EA-TAIPEI", "TW", None, POSSIBLY),
    "Iraq was Amman's": ("JP-EMB-JOR", "IQ", None, COMPETENT),
    "Bhutan, served from elsewhere": ("JP-EMB-IND", "BT", None, POSSIBLY),
    "France is not Berlin's": ("JP-EMB-DEU", "FR", "Paris", NOT_COMPETENT),
    "Antarctica is nobody's": ("JP-EMB-NZL", "AQ", None, POSSIBLY),
}


@pytest.mark.parametrize(("code", "country", "subdivision", "expected"), AREAS.values(), ids=AREAS)
def test_a_consul_is_competent_for_the_places_that_the_law_gives_him(code, country, subdivision, expected):
    assert load_missions().competence(code, country, subdivision, TODAY) is expected


# fmt: off
UNDIVIDED_AMERICAN_STATES = (
    "Alabama", "Alaska", "Arizona", "Arkansas", "Colorado", "Delaware", "Florida", "Georgia", "Hawaii", "Idaho",
    "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky", "Louisiana", "Maine", "Maryland", "Massachusetts",
    "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "Nevada", "New Hampshire",
    "New Jersey", "New Mexico", "New York", "North Carolina", "North Dakota", "Ohio", "Oklahoma", "Oregon",
    "Pennsylvania", "Rhode Island", "South Carolina", "South Dakota", "Tennessee", "Texas", "Utah", "Vermont",
    "Virginia", "Washington", "West Virginia", "Wisconsin", "Wyoming", "District of Columbia",
)
# fmt: on


@pytest.mark.parametrize("state", UNDIVIDED_AMERICAN_STATES)
def test_every_undivided_american_state_has_exactly_one_consul(state):
    missions = load_missions()
    (consul,) = missions.candidates("US", state, TODAY)
    assert missions.competence(consul, "US", state, TODAY) is COMPETENT


def test_no_country_is_certainly_and_wholly_in_the_area_of_two_missions():
    missions = load_missions()
    for country in load_countries():
        candidates = missions.candidates(country, None, TODAY)
        certain = [code for code in candidates if missions.competence(code, country, None, TODAY) is COMPETENT]
        assert len(certain) <= 1, country


# ---------------------------------------------------------------- countries


def test_the_countries_are_those_of_iso_3166_and_kosovo():
    countries = load_countries()
    assert len(countries) == 249 + 1
    assert all(len(code) == 2 and len(country.alpha_3) == 3 for code, country in countries.items())
    assert len({country.alpha_3 for country in countries.values()}) == len(countries)
    assert (countries["DE"].alpha_3, countries["DE"].name_en, countries["DE"].name_ja) == ("DEU", "Germany", "ドイツ")
    assert countries["XK"].name_ja == "コソボ"


def test_the_countries_cannot_be_changed():
    with pytest.raises(TypeError):
        load_countries()["ZZ"] = load_countries()["DE"]


@pytest.mark.parametrize("load", [load_municipalities, load_missions, load_countries])
def test_a_table_is_read_once(load):
    assert load() is load()
