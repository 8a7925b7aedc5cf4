"""By what a person is found, who is nobody to whom, and when the number stays: the searches and their conditions."""

import asyncpg
import pytest

from registry.contract.keys import SigningKey
from registry.contract.messages import InquiryOutcome
from registry.domain.disclosure import BodyKind
from registry.domain.reconciliation import LinkMethod
from registry.store import callers
from registry.store.callers import RegisteredKey
from tests.acceptance.asking import ask, items, refused, said, settle, told, with_number
from tests.acceptance.papers import (
    BOSTON,
    HANAKO,
    HONSEKI,
    KICHIRO,
    by_addressee,
    by_name,
    by_number,
    change,
    line,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import WHOLE_TIME, outcomes, receipt
from tests.house import MISSION, NOW, PENSION, TOWN
from tests.logged import log
from tests.planted import NUMBER, OTHER_NUMBER, found_in

pytestmark = pytest.mark.anyio

OTHER_TOWN = "472018"
OTHER_MISSION = "JP-CG-BOSTON"
FOUND, NOT_FOUND, AMBIGUOUS = InquiryOutcome.FOUND, InquiryOutcome.NOT_FOUND, InquiryOutcome.AMBIGUOUS


async def outcome(registry, body, **fields):
    return (await told(registry, body, **fields)).outcome


# ------------------------------------------------------------------------------------------- the closed union

MALFORMED = {
    "by nothing": ({}, {("/search/by", "missing")}),
    "by the passport": ({"by": "passport", "number": "TK7654321"}, {("/search/by", "out-of-range")}),
    "by the name alone": ({"by": "name-and-birth-date", "name": HANAKO}, {("/search/birth_date", "missing")}),
    "by the date of birth alone": (
        {"by": "name-and-birth-date", "birth_date": "1979-11-23"},
        {("/search/name", "missing")},
    ),
    "by the sex as well": (by_name() | {"sex": "female"}, {("/search/sex", "unknown-field")}),
    "by a name without a letter": (by_name({"surname": "　"}), {("/search/name", "name-missing")}),
    "by a month of birth": (by_name(birth_date="1979-11-00"), {("/search/birth_date", "date-required-complete")}),
    "by neither name nor day of birth": (
        by_name({}, "昭和54年"),
        {("/search/name", "name-missing"), ("/search/birth_date", "date-required-complete")},
    ),
    "by a day that never was": (by_name(birth_date="1979-02-30"), {("/search/birth_date", "date-impossible")}),
    "by a number with a wrong check digit": (
        by_number("123456789019"),
        {("/search/individual_number", "check-digit")},
    ),
    "by half a number": (by_number("123456"), {("/search/individual_number", "number-malformed")}),
}


async def test_a_search_that_is_none_of_the_closed_list_is_refused(registry):
    await settle(registry)
    answers = {name: await ask(registry, PENSION, search=search) for name, (search, _) in MALFORMED.items()}
    expected = {name: ("invalid-input", wrong) for name, (_, wrong) in MALFORMED.items()}
    assert {name: refused(answer) for name, answer in answers.items()} == expected


NOBODY = {
    "another number": (PENSION, by_number(OTHER_NUMBER)),
    "another day of birth": (PENSION, by_name(birth_date="1979-11-24")),
    "another name": (PENSION, by_name(KICHIRO)),
    "the family name alone": (PENSION, by_name({"surname": "髙﨑"})),
    "another addressee number": (TOWN, by_addressee("9081726355")),
    "another resident record code": (TOWN, {"by": "resident-record-code", "resident_record_code": "12345678946"}),
}


async def test_nobody_is_found_by_what_is_nobodys(registry):
    await settle(registry)
    answers = [await told(registry, body, search=search) for body, search in NOBODY.values()]
    said = [(answer.outcome, answer.person, answer.versions, answer.deciding_keys) for answer in answers]
    assert said == [(NOT_FOUND, None, (), ())] * len(NOBODY)


# ----------------------------------------------------------------------------------------- spellings and dates

SPELLINGS = {
    "as written": {"surname": "髙﨑", "given": "花子"},
    "in everyday characters": {"surname": "高崎", "given": "花子"},
    "one of each": {"surname": "高﨑", "given": "花子"},
    "in one piece": {"surname": "髙﨑　花子"},
    "with a variation selector": {"surname": "髙﨑\U000e0101", "given": "花子"},
    "in katakana": {"surname_kana": "タカサキ", "given_kana": "ハナコ"},
    "in hiragana": {"surname_kana": "たかさき", "given_kana": "はなこ"},
    "in half-width katakana": {"surname_kana": "ﾀｶｻｷ", "given_kana": "ﾊﾅｺ"},
    "with a voiced reading": {"surname_kana": "タカザキ", "given_kana": "ハナコ"},
}


async def test_a_person_is_found_under_every_spelling_of_the_name(registry):
    await settle(registry)
    found = {how: await outcome(registry, PENSION, search=by_name(name)) for how, name in SPELLINGS.items()}
    assert found == dict.fromkeys(SPELLINGS, FOUND)


RARE = [f"{surname} {given}" for surname in ("邊見", "邉見", "辺見") for given in ("𠮷郎", "吉郎")]


async def test_variants_of_rare_characters_find_one_another(registry):
    await registry.submit(report(person(name={"surname": "邉見", "given": "吉郎"})))
    found = {name: await outcome(registry, PENSION, search=by_name({"surname": name})) for name in RARE}
    assert found == dict.fromkeys(RARE, FOUND)


BIRTHS = ("1979-11-23", "昭和54年11月23日", "S54.11.23", "1979/11/23", "昭和五十四年十一月二十三日")


async def test_a_date_of_birth_may_be_asked_for_in_either_calendar(registry):
    await settle(registry)
    found = {born: await outcome(registry, PENSION, search=by_name(birth_date=born)) for born in BIRTHS}
    assert found == dict.fromkeys(BIRTHS, FOUND)


KNOWN_BIRTHS = {"a month": "1979-11-00", "a year": "昭和54年月日不詳"}


@pytest.mark.parametrize("known", KNOWN_BIRTHS.values(), ids=KNOWN_BIRTHS)
async def test_a_person_whose_date_of_birth_is_known_in_part_is_found_by_each_day_of_it(registry, known):
    await registry.submit(report(person(birth_date=known)))
    assert await outcome(registry, PENSION) is FOUND
    assert await outcome(registry, PENSION, search=by_name(birth_date="1980-11-23")) is NOT_FOUND


# -------------------------------------------------------------------------------------------------- past names


async def test_a_person_is_found_under_the_name_before_a_change(registry):
    new_name = {"surname": "邊見", "given": "花子"}
    await settle(registry)
    receipt(await registry.submit(change(person(new_name=new_name))))
    for name in (HANAKO, new_name, {"surname": "辺見", "given": "花子"}):
        (version,) = (await told(registry, PENSION, search=by_name(name))).versions
        assert version.items.name.surname == "邊見"


async def test_a_person_is_found_under_a_name_that_only_the_history_of_the_town_hall_knows(registry):
    maiden = {"surname": "邉見", "given": "花子"}
    married = line(1, "職権修正", name=maiden, effective="2010-05-01", notified_on="2010-05-01")
    outcomes(await registry.deliver(removed_record(married, line(2))))
    answer = await told(registry, PENSION, search=by_name({"surname": "辺見", "given": "花子"}))
    assert answer.versions[0].items.name.surname == "髙﨑"


async def test_a_person_is_found_with_the_former_surname_of_their_own_choice(registry):
    name = HANAKO | {"former_surname": "邊見"}
    await registry.submit(report(person(name=name)))
    assert await outcome(registry, PENSION, search=by_name({"surname": "辺見", "given": "花子"})) is FOUND


# --------------------------------------------------------------------------------------- former resident, own area


def hidden(answer):
    """An answer without what is another each time."""
    return said(answer).outcome, said(answer).versions, said(answer).person, len(answer.body)


async def test_only_the_last_municipality_finds_its_former_resident(registry):
    await settle(registry)
    assert await outcome(registry, TOWN, search=by_name()) is FOUND
    assert await outcome(registry, OTHER_TOWN, search=by_name()) is NOT_FOUND


async def test_an_addressee_number_is_that_of_the_asking_municipality(registry):
    await settle(registry)
    assert await outcome(registry, TOWN, search=by_addressee()) is FOUND
    assert await outcome(registry, OTHER_TOWN, search=by_addressee()) is NOT_FOUND


async def test_only_the_mission_of_the_area_finds_its_resident(registry):
    await settle(registry)
    assert await outcome(registry, MISSION) is FOUND
    assert await outcome(registry, OTHER_MISSION) is NOT_FOUND


@pytest.mark.parametrize("body", [OTHER_TOWN, OTHER_MISSION])
async def test_whom_the_grant_does_not_cover_is_answered_like_somebody_who_is_not_there(registry, body):
    nobody = await ask(registry, body)
    await settle(registry)
    not_ours = await ask(registry, body)
    assert hidden(not_ours) == hidden(nobody)


async def test_who_is_not_covered_is_not_named_in_the_entry_of_the_log(registry):
    await settle(registry)
    await ask(registry, OTHER_MISSION)
    assert await log(registry, "outcome", "about", operation="inquiry") == [("not-found", None)]


async def test_who_moves_to_another_area_is_found_by_its_mission_and_no_longer_by_the_old_one(registry):
    await settle(registry)
    moved = change(mission=OTHER_MISSION, came_from=MISSION, address_abroad=BOSTON)
    receipt(await registry.submit(moved, body=OTHER_MISSION))
    assert await outcome(registry, OTHER_MISSION) is FOUND
    assert await outcome(registry, MISSION) is NOT_FOUND
    assert await outcome(registry, MISSION, valid_on="2024-05-31") is FOUND
    assert await outcome(registry, OTHER_MISSION, valid_on="2024-05-31") is NOT_FOUND


async def test_a_mission_is_told_only_of_the_days_in_its_own_area(registry):
    await settle(registry)
    moved = change(mission=OTHER_MISSION, came_from=MISSION, address_abroad=BOSTON)
    receipt(await registry.submit(moved, body=OTHER_MISSION))
    answer = await told(registry, MISSION, **WHOLE_TIME)
    assert {version.items.mission for version in answer.versions} <= {None, MISSION}


async def test_the_heir_of_an_abolished_municipality_finds_its_former_residents(registry):
    heir = "012351"  # 石狩市, into which 厚田村 went on 2005-10-01
    await enter(registry, heir)
    past = {"effective": "2005-03-31", "notified_on": "2005-03-20", "individual_number": None}
    await registry.deliver(
        removed_record(municipality=heir, address={"municipality": "013056", "text": "厚田"}, **past), body=heir
    )
    assert await outcome(registry, heir, search=by_addressee()) is FOUND
    assert await outcome(registry, TOWN, search=by_name()) is NOT_FOUND


async def enter(registry, municipality):
    """Let one more municipality call."""
    key = registry.keys[municipality] = SigningKey.generate(f"{municipality}-key")
    row = RegisteredKey(
        key_id=key.key_id,
        body=municipality,
        body_kind=BodyKind.MUNICIPALITY,
        public_key=key.verifying.to_pem(),
        valid_from=NOW,
    )
    async with registry.owner.work() as work:
        await callers.register_key(work, row)
        await work.commit()
    registry.clock.advance(seconds=2)


# -------------------------------------------------------------------------------------------------- ambiguous


async def one_of_two_from_here(registry):
    """Two people of one name and one date of birth, whom only the 本籍 tells apart; the first left from 千代田区."""
    outcomes(await registry.deliver(removed_record()))
    paper = report(person(honseki={"text": "那覇市泉崎一丁目1番"}))
    assert receipt(await registry.submit(paper)).people[0].link is LinkMethod.OPENED


async def test_two_who_fit_are_told_apart_by_a_further_key_and_nothing_of_either_is_said(registry):
    await one_of_two_from_here(registry)
    answer = await ask(registry, PENSION)
    ambiguous = said(answer)
    assert (ambiguous.outcome, ambiguous.person, ambiguous.versions) == (AMBIGUOUS, None, ())
    assert ambiguous.deciding_keys == ("individual-number",)
    assert found_in(answer.body) == ()
    assert await outcome(registry, PENSION, search=by_number()) is FOUND


async def test_only_keys_that_the_caller_may_use_are_named_as_deciding(registry):
    for honseki in ("那覇市泉崎一丁目1番", "札幌市中央区北一条西二丁目"):
        await registry.submit(report(person(honseki={"text": honseki})))
    ambiguous = await told(registry, MISSION)
    assert (ambiguous.outcome, ambiguous.deciding_keys) == (AMBIGUOUS, ())


async def test_a_namesake_whom_the_grant_does_not_cover_makes_nothing_ambiguous(registry):
    await one_of_two_from_here(registry)
    assert await outcome(registry, PENSION) is AMBIGUOUS
    assert (await told(registry, TOWN, search=by_name())).versions[0].items.honseki.text == HONSEKI["text"]
    (version,) = (await told(registry, MISSION)).versions
    assert version.items.mission == MISSION


# ------------------------------------------------------------------------------------------- the number stays

BY_ANY = {"by number": by_number(), "by name": by_name()}
EVER = {"today": {}, "before the report": {"valid_on": "2024-03-31"}, "the whole time": WHOLE_TIME}


@pytest.mark.parametrize("when", EVER.values(), ids=EVER)
@pytest.mark.parametrize("search", BY_ANY.values(), ids=BY_ANY)
async def test_no_number_leaves_on_an_unconfirmed_link_however_it_is_asked_for(registry, search, when):
    outcomes(await registry.deliver(removed_record()))
    assert receipt(await registry.submit(report())).people[0].link is LinkMethod.EXACT_BASIC_FOUR
    answer = await ask(registry, PENSION, search=search, fields=["name", "individual_number"], **when)
    assert said(answer).outcome is FOUND
    assert all(version.flags.unconfirmed and items(version) == {"name"} for version in said(answer).versions)
    assert NUMBER.encode() not in answer.body


async def test_no_number_leaves_while_one_of_several_links_is_unconfirmed(registry):
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report()))
    later = change(with_number(), contact={"telephone": "555-0173"})
    assert receipt(await registry.submit(later)).people[0].link is LinkMethod.INDIVIDUAL_NUMBER
    answer = await ask(registry, PENSION, fields=["individual_number"])
    assert said(answer).versions[0].flags.unconfirmed
    assert NUMBER.encode() not in answer.body


async def test_the_number_leaves_once_the_link_is_confirmed_and_only_under_a_grant_that_has_it(registry, database):
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report()))
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE link SET confirmed = true")  # as the municipality's word will one day do
    await connection.close()
    (version,) = (await told(registry, PENSION, fields=["individual_number"])).versions
    assert version.items.individual_number.reveal() == NUMBER
    assert not version.flags.unconfirmed
    for body in (TOWN, MISSION):
        answer = await ask(registry, body, fields=["name", "individual_number"])
        assert refused(answer) == ("not-permitted", {("/fields", "field-not-allowed")})


async def test_a_number_that_the_mission_saw_leaves_on_the_link_that_it_made(registry):
    assert (await settle(registry)).people[0].link is LinkMethod.INDIVIDUAL_NUMBER
    (version,) = (await told(registry, PENSION)).versions
    assert version.items.individual_number.reveal() == NUMBER
