"""支援措置: of a protected person everybody is told what would be told of one whose residence was never reported.

Each protected person has a double, of whom nothing but the 除票 ever came. Whoever asks in whatever way gets the same
answers about both, to the byte, but for what is another of any two people.
"""

import re
from datetime import timedelta
from typing import NamedTuple

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import BulkAnswer
from registry.domain.account import HOUSE
from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.proposal import LiftProtection, ReleaseProtection
from registry.services import ex_officio, proposals, protection
from registry.services.access_record import Request as OwnLog
from registry.services.access_record import access_record
from registry.services.protection import Request
from registry.transparency.entry import read_content
from tests.acceptance.asking import GRANTS, ask, items, told, with_number
from tests.acceptance.desks import HER_COLLEAGUE, KIMURA, OPERATOR, WATANABE
from tests.acceptance.papers import BOSTON, by_name, by_number, change, number, person, removed_record, report
from tests.acceptance.seen import outcomes, person_ids, receipt
from tests.house import CHECKER, ELECTIONS, MISSION, PENSION, TAX

pytestmark = pytest.mark.anyio

OTHER_MISSION = "JP-CG-BOSTON"
PAIRS = 20
KANA = "アイウエオカキクケコサシスセソタチツテト"
KANJI = "一二三四五六七八九十百千万東西南北山川田"
RESIDENCE = {"address_abroad", "mission", "contact", "planned_end"}


class Double(NamedTuple):
    """One of two people whom only name and number tell apart."""

    name: dict
    number: str
    addressee: str


def double(pair, *, protected):
    """One of a pair; numbers lie far apart, or whoever asks looks like one that searches."""
    surname, kana = ("高", "タカ") if protected else ("低", "ヒク")
    return Double(
        name={
            "surname": f"{surname}{KANJI[pair // 400]}{KANJI[pair // 20 % 20]}{KANJI[pair % 20]}",
            "given": "花子",
            "surname_kana": f"{kana}{KANA[pair // 400]}{KANA[pair // 20 % 20]}{KANA[pair % 20]}",
            "given_kana": "ハナコ",
        },
        number=number(10_000_000_000 + 20_011 * (2 * pair + protected)),
        addressee=f"{7_700_000 + 2 * pair + protected}",
    )


def paper(one, **fields):
    return person(name=one.name, **fields)


LIVES = {
    "at home in New York": lambda one: [(report(paper(one)), MISSION)],
    "moved twice": lambda one: [
        (report(paper(one), contact={"email": "x@mail.example"}), MISSION),
        (change(paper(one), address_abroad=BOSTON | {"city": "Salem"}, mission=OTHER_MISSION), OTHER_MISSION),
        (
            change(
                paper(one),
                address_abroad=BOSTON,
                mission=OTHER_MISSION,
                effective="2024-08-01",
                notified_on="2024-08-02",
            ),
            OTHER_MISSION,
        ),
    ],
    "a day of arrival that is half known": lambda one: [(report(paper(one), effective="2024-04"), MISSION)],
    "confirmed, with contact and plans": lambda one: [
        (report(paper(one), planned_end="2027-03-31"), MISSION),
        (change(paper(one), contact={"telephone": "+1 212 555-0173"}), MISSION),
        (
            change(paper(one), contact={"mobile": "+1 212 555-0174"}, effective="2024-10-01", notified_on="2024-10-02"),
            MISSION,
        ),
    ],
}


async def settled(registry, pairs=PAIRS):
    """Protected people with their lives, and for each a double who was never heard of again."""
    lives = list(LIVES.values())
    for pair in range(pairs):
        for protected in (True, False):
            one = double(pair, protected=protected)
            outcomes(
                await registry.deliver(
                    removed_record(
                        name=one.name, individual_number=one.number, addressee_number=one.addressee, destination=None
                    ),
                    extract=f"extract-{one.addressee}",
                )
            )
    for pair in range(pairs):
        for letter, sender in lives[pair % len(lives)](double(pair, protected=True)):
            receipt(await registry.submit(letter, body=sender))


async def protect(registry, database, *people):
    ids = people or tuple(await person_ids(database))
    given = Request(people=tuple(ids), handled_by="watanabe", reason="相談機関の意見書あり")
    return await protection.request(registry.ex_officio, given)


async def protected_pairs(registry, database, pairs=PAIRS):
    await settled(registry, pairs)
    ids = (await person_ids(database))[::2]
    for one in ids:
        await protect(registry, database, one)
    return ids


OWN = re.compile(rb'"(?:person|inquiry_id|submission_id|correlation_id|received_at|known_at|report_sha256)":"[^"]*"')


def plain(answer, one):
    """An answer without what is another of any two people or requests, but for its length; and without who it is."""
    body = OWN.sub(lambda found: b"~" * len(found[0]), answer.body)
    for mine in (one.number, one.addressee, *one.name.values()):
        body = body.replace(mine.encode(), b"*" * len(mine.encode()))
    return answer.status, len(answer.body), body


def searches(one):
    yield "individual-number", by_number(one.number)
    yield "name-and-birth-date", by_name(one.name)
    yield "addressee-number", {"by": "addressee-number", "addressee_number": one.addressee}


def inquiries(one):
    """Every way in which every body may ask about somebody: today, over all time, as once known."""
    for body, granted in GRANTS.items():
        for way, search in searches(one):
            if way in granted.searches:
                yield body, {"search": search}
                yield body, {"search": search, "valid_from": "1900-01-01", "valid_to": "2199-01-01"}
                yield body, {"search": search, "valid_on": "2024-07-01"}
    yield OTHER_MISSION, {"search": by_name(one.name)}


def comparisons(one):
    address = {"country": "US", "subdivision": "New York", "city": "New York", "lines": ["1742 Larkspur Crescent"]}
    for search in (by_number(one.number), by_name(one.name)):
        yield {
            "affair": "identity-check",
            "basis": "番号法16条",
            "fields": ["name", "address_abroad"],
            "search": search,
            "values": {"name": one.name, "address_abroad": address},
        }


def reports(one):
    """What a mission may file of somebody, to see what it is told."""
    for mission, home in ((MISSION, None), (OTHER_MISSION, BOSTON)):
        fields = {} if home is None else {"address_abroad": home}
        later = {"effective": "2024-11-01", "notified_on": "2024-11-02"}
        yield mission, report(paper(one), mission=mission, **later, **fields)
        yield mission, change(paper(one), mission=mission, contact={"email": "y@mail.example"}, **later)
        yield (
            mission,
            report(paper(one), mission=mission, kind="return", effective="2024-11-01", notified_on="2024-11-02")
            | {"address_abroad": None},
        )


@pytest.mark.parametrize("pairs", [PAIRS, pytest.param(1_000, marks=pytest.mark.long)])
async def test_nothing_tells_a_protected_person_from_one_whose_residence_was_never_reported(registry, database, pairs):
    await protected_pairs(registry, database, pairs)
    for pair in range(pairs):
        registry.clock.advance(minutes=1)  # nobody is to be told to ask more slowly
        hers, control = double(pair, protected=True), double(pair, protected=False)
        for (body, mine), (_, theirs) in zip(inquiries(hers), inquiries(control), strict=True):
            one, other = [await ask(registry, body, **each) for each in (mine, theirs)]
            assert one.status == 200, one.body
            assert plain(one, hers) == plain(other, control), (pair, body)
        for mine, theirs in zip(comparisons(hers), comparisons(control), strict=True):
            one, other = [await registry.inquire(CHECKER, **each) for each in (mine, theirs)]
            assert one.status == 200, one.body
            assert plain(one, hers) == plain(other, control), pair


async def test_what_a_sender_is_told_of_a_protected_person_is_what_it_would_be_told_of_any_other(registry, database):
    await protected_pairs(registry, database, pairs=len(LIVES))
    for pair in range(len(LIVES)):
        hers, control = double(pair, protected=True), double(pair, protected=False)
        for (mission, mine), (_, theirs) in zip(reports(hers), reports(control), strict=True):
            one = await registry.submit(drop_nothing(mine), body=mission, dry_run=True)
            other = await registry.submit(drop_nothing(theirs), body=mission, dry_run=True)
            assert one.status == 200, one.body
            assert plain(one, hers) == plain(other, control), (pair, mission)
        (mission, mine), (_, theirs) = next(iter(reports(hers))), next(iter(reports(control)))
        one, other = [await registry.submit(drop_nothing(each), body=mission) for each in (mine, theirs)]
        assert plain(one, hers) == plain(other, control), pair


def drop_nothing(letter):
    return {name: value for name, value in letter.items() if value is not None}


async def test_a_town_that_delivers_again_learns_nothing(registry, database):
    await protected_pairs(registry, database, pairs=2)
    for pair in range(2):
        hers, control = double(pair, protected=True), double(pair, protected=False)
        answers = [
            await registry.deliver(
                removed_record(
                    name=one.name,
                    individual_number=one.number,
                    addressee_number=one.addressee,
                    destination=None,
                    effective="2024-03-30",
                ),
                extract=f"again-{one.addressee}",
            )
            for one in (hers, control)
        ]
        assert re.sub(rb"again-\d+", b"", plain(answers[0], hers)[2]) == re.sub(
            rb"again-\d+", b"", plain(answers[1], control)[2]
        )


async def test_asked_in_bulk_they_are_alike_as_well(registry, database):
    await protected_pairs(registry, database, pairs=4)
    people = [double(pair, protected=protected) for pair in range(4) for protected in (True, False)]
    message = {
        "affair": "pension-benefit",
        "basis": "番号法19条8号",
        "handled_by": "clerk-7",
        "fields": ["birth_date", "address_abroad", "status"],
        "people": [{"search": by_number(one.number)} for one in people],
    }
    answer = await registry.post(PENSION, "/v1/inquiries/bulk", message)
    outcomes_ = [one.answer for one in decode(answer.body, BulkAnswer).people]
    alike = {repr((one.outcome, one.versions, one.deciding_keys)) for one in outcomes_}
    assert len(alike) == 1
    assert not RESIDENCE & items(outcomes_[0].versions[0])


# --------------------------------------------------------------------------------------- from request to end


async def hanako(registry):
    """Somebody in New York, by a confirmed link."""
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(with_number(), contact={"email": "hanako@mail.example"})))


async def known_to(registry, body, **fields):
    """Which items of the residence a body is told."""
    answer = await told(registry, body, **fields)
    return set().union(*(items(one) for one in answer.versions)) & RESIDENCE


async def test_it_holds_from_the_request_on_for_a_year_from_the_decision_and_ends_by_itself(registry, database):
    await hanako(registry)
    assert await known_to(registry, PENSION) == {"address_abroad"}
    measure = await protect(registry, database)
    assert await known_to(registry, PENSION) == set()
    granted = await protection.grant(registry.ex_officio, measure.measure_id, WATANABE)
    assert granted.until.isoformat() == "2025-12-31"
    registry.clock.advance(days=364)
    assert await known_to(registry, PENSION) == set()
    registry.clock.advance(days=1)
    assert await known_to(registry, PENSION) == {"address_abroad"}


async def test_it_is_renewed_from_a_month_before_its_end_and_the_desk_is_reminded(registry, database):
    await hanako(registry)
    measure = await protect(registry, database)
    await protection.grant(registry.ex_officio, measure.measure_id, WATANABE)
    with pytest.raises(Conflict):
        await protection.renew(registry.ex_officio, measure.measure_id, WATANABE)
    registry.clock.advance(days=335)
    (standing,) = await protection.standing(registry.ex_officio, WATANABE)
    assert standing.is_due(registry.clock.now.date())
    renewed = await protection.renew(registry.ex_officio, measure.measure_id, WATANABE)
    assert renewed.until.isoformat() == "2026-12-31"
    registry.clock.advance(days=60)
    assert await known_to(registry, PENSION) == set()


async def test_one_alone_releases_nobody(registry, database):
    await hanako(registry)
    measure = await protect(registry, database)
    (person_id,) = await person_ids(database)
    act = ReleaseProtection(measure_id=measure.measure_id, reason="本人の申出")
    with pytest.raises(NotPermitted):
        await proposals.propose(registry.ex_officio, person_id, act, OPERATOR)
    proposal_id = await proposals.propose(registry.ex_officio, person_id, act, WATANABE)
    assert await known_to(registry, PENSION) == set()
    for nobody in (WATANABE, HER_COLLEAGUE, OPERATOR):
        with pytest.raises(NotPermitted):
            await proposals.approve(registry.ex_officio, proposal_id, nobody)
    assert await known_to(registry, PENSION) == set()
    (waiting,) = await proposals.waiting(registry.ex_officio, KIMURA)
    assert waiting.proposal_id == proposal_id
    await proposals.approve(registry.ex_officio, proposal_id, KIMURA)
    assert await known_to(registry, PENSION) == {"address_abroad"}
    with pytest.raises(Conflict):
        await proposals.approve(registry.ex_officio, proposal_id, KIMURA)


async def test_members_of_the_household_are_covered_as_they_are_named(registry, database):
    await hanako(registry)
    child = {"surname": "髙﨑", "given": "次郎"}
    receipt(await registry.submit(report(person(name=child, birth_date="2010-05-05"))))
    ids = await person_ids(database)
    await protect(registry, database, *ids)
    search = by_name(child, "2010-05-05")
    assert (await told(registry, MISSION, search=search)).outcome == "not-found"
    assert await known_to(registry, PENSION, search=search) == set()


async def test_who_is_kept_under_another_record_stays_protected_there(registry, database):
    await hanako(registry)
    receipt(await registry.submit(report(person(honseki={"text": "沖縄県那覇市泉崎一丁目"}, individual_number=None))))
    first, second = await person_ids(database)
    await protect(registry, database, second)
    await ex_officio.resolve_double(registry.ex_officio, second, first, reason="同一人", decided_by="ono")
    await registry.stamp()
    assert await known_to(registry, PENSION, search=by_number()) == set()


# ----------------------------------------------------------------------------------- who is told all the same


async def lifted(registry, database, body, affair, **within):
    (person_id,) = await person_ids(database)
    act = LiftProtection(
        body=body, affair=affair, ends_at=registry.clock.now + timedelta(**within), reason="年金の送付"
    )
    proposal_id = await proposals.propose(registry.ex_officio, person_id, act, WATANABE)
    await proposals.approve(registry.ex_officio, proposal_id, KIMURA)


async def test_for_a_named_duty_a_body_is_told_after_two_people_looked_at_the_case(registry, database):
    await hanako(registry)
    await protect(registry, database)
    await lifted(registry, database, PENSION, "pension-benefit", days=30)
    assert await known_to(registry, PENSION) == {"address_abroad"}
    assert await known_to(registry, ELECTIONS) == set()
    registry.clock.advance(days=30)
    assert await known_to(registry, PENSION) == set()


async def test_a_duty_for_which_its_grant_does_not_deliver_is_told_nothing(registry, database):
    await hanako(registry)
    await protect(registry, database)
    await lifted(registry, database, TAX, "income-tax", days=30)
    assert await known_to(registry, TAX, search=by_number()) == set()


async def test_a_mission_finds_its_own_people_again_once_it_is_lifted(registry, database):
    await hanako(registry)
    await protect(registry, database)
    assert (await told(registry, MISSION)).outcome == "not-found"
    await lifted(registry, database, MISSION, "consular-protection", days=30)
    assert await known_to(registry, MISSION) == {"address_abroad", "mission", "contact"}
    assert (await told(registry, OTHER_MISSION)).outcome == "not-found"


@pytest.mark.parametrize(
    "within", [{"days": 367}, {"seconds": 0}, {"days": -1}], ids=["longer than a year", "now", "past"]
)
async def test_a_lift_ends_within_a_year(registry, database, within):
    await hanako(registry)
    with pytest.raises(InvalidInput):
        await lifted(registry, database, PENSION, "pension-benefit", **within)


async def test_what_is_done_about_a_measure_stands_in_the_persons_own_log_and_says_who(registry, database):
    await hanako(registry)
    measure = await protect(registry, database)
    await protection.grant(registry.ex_officio, measure.measure_id, WATANABE)
    await lifted(registry, database, PENSION, "pension-benefit", days=30)
    await registry.sequence()
    (person_id,) = await person_ids(database)
    record = await access_record(registry.resources, OwnLog(person_id=person_id, handled_by="own"))
    told_of = [read_content(one.content.encode()) for one in record.entries]
    mine = [(one.operation, one.outcome, one.handled_by) for one in told_of if one.body == HOUSE]
    assert mine == [
        ("protection", "requested", "watanabe"),
        ("protection", "granted", "watanabe"),
        ("proposal", "lift-protection", "watanabe"),
        ("protection", "lifted", "watanabe, kimura"),
    ]


async def test_what_makes_no_request_is_refused_with_everything_that_is_wrong(registry, database):
    await hanako(registry)
    (person_id,) = await person_ids(database)
    for people, reason in [((), "why"), ((person_id, person_id), "why"), ((person_id,), " ")]:
        with pytest.raises(InvalidInput):
            await protection.request(registry.ex_officio, Request(people=people, handled_by="ono", reason=reason))
    for nobody in ("no id", registry.resources.new_id()):
        with pytest.raises(NotFound):
            await protection.request(registry.ex_officio, Request(people=(nobody,), handled_by="ono", reason="why"))
        with pytest.raises(NotFound):
            await protection.grant(registry.ex_officio, nobody, WATANABE)
    assert await protection.standing(registry.ex_officio, WATANABE) == ()
    with pytest.raises(NotPermitted):
        await protection.standing(registry.ex_officio, OPERATOR)
