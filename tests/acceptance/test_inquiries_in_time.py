"""Of which day, as known when: valid time, known time, and how an answer says what it cannot know."""

from datetime import date, timedelta

import pytest

from registry.contract.messages import Days, InquiryOutcome
from tests.acceptance.asking import ask, refused, said, settle, told, with_number
from tests.acceptance.papers import (
    NEW_YORK,
    annulment,
    by_name,
    by_number,
    change,
    coming_home,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import WHOLE_TIME, outcomes, receipt
from tests.house import MISSION, PENSION

pytestmark = pytest.mark.anyio

ALBANY = NEW_YORK | {"city": "Albany"}
BUFFALO = NEW_YORK | {"city": "Buffalo"}
FOUND, NOT_FOUND = InquiryOutcome.FOUND, InquiryOutcome.NOT_FOUND


async def story(registry):
    """Left on 31 March, arrived "in April" (reported on the 10th), in Albany from June, home on 1 September."""
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(with_number(), effective="2024-04-00")))
    receipt(await registry.submit(change(address_abroad=ALBANY)))
    receipt(await registry.submit(coming_home()))


async def lived(registry, **when):
    """Each version told: whether it holds, the status, the city."""
    answer = await told(registry, PENSION, search=by_number(), **when)
    return [(str(one.holds), str(one.items.status), city(one)) for one in answer.versions]


def city(version):
    place = version.items.address_abroad
    return "" if place is None else place.city


def days(first, end=None):
    return Days(first=date.fromisoformat(first), end=None if end is None else date.fromisoformat(end))


# -------------------------------------------------------------------------------------------------- valid time

LEFT = ("yes", "provisional", "")
MAYBE_LEFT = ("possibly", "provisional", "")
MAYBE_ARRIVED = ("possibly", "resident-abroad", "New York")
ARRIVED = ("yes", "resident-abroad", "New York")
MOVED = ("yes", "resident-abroad", "Albany")
HOME = ("yes", "returned", "Albany")
ON_DAYS = {
    "2024-03-31": [LEFT],
    "2024-04-01": [MAYBE_LEFT, MAYBE_ARRIVED],
    "2024-04-09": [MAYBE_LEFT, MAYBE_ARRIVED],
    "2024-04-10": [ARRIVED],
    "2024-05-31": [ARRIVED],
    "2024-06-01": [MOVED],
    "2024-08-31": [MOVED],
    "2024-09-01": [HOME],
    "2199-12-31": [HOME],
}
IN_PERIODS = {
    ("2024-03-31", "2024-04-01"): [LEFT],
    ("2024-03-31", "2024-04-02"): [LEFT, MAYBE_ARRIVED],
    ("2024-04-01", "2024-04-10"): [MAYBE_LEFT, MAYBE_ARRIVED],
    ("2024-04-10", "2024-06-01"): [ARRIVED],
    ("2024-04-10", "2024-06-02"): [ARRIVED, MOVED],
    ("2024-08-31", "2024-09-01"): [MOVED],
    ("2024-08-31", None): [MOVED, HOME],
    (None, "2024-04-01"): [LEFT],
    (None, "2024-06-02"): [LEFT, ARRIVED, MOVED],
}


async def test_an_answer_is_about_the_day_asked_for(registry):
    await story(registry)
    assert {day: await lived(registry, valid_on=day) for day in ON_DAYS} == ON_DAYS


async def test_an_answer_is_about_a_period_whose_end_is_exclusive(registry):
    await story(registry)
    told_of = {(first, end): await lived(registry, valid_from=first, valid_to=end) for first, end in IN_PERIODS}
    assert told_of == IN_PERIODS


async def test_each_version_says_on_which_days_it_holds_for_certain_and_on_which_it_may(registry):
    await story(registry)
    answer = await told(registry, PENSION, search=by_number(), **WHOLE_TIME)
    assert [(version.certain, version.possible) for version in answer.versions] == [
        (days("2024-03-31", "2024-04-01"), days("2024-03-31", "2024-04-10")),
        (days("2024-04-10", "2024-06-01"), days("2024-04-01", "2024-06-01")),
        (days("2024-06-01", "2024-09-01"), days("2024-06-01", "2024-09-01")),
        (days("2024-09-01"), days("2024-09-01")),
    ]


async def test_a_version_that_is_certain_on_no_day_says_so(registry):
    await registry.submit(report(with_number(), effective="2024-00-00", notified_on="2024-05-20"))
    await registry.submit(change(address_abroad=ALBANY, effective="2024-05-00"))
    first, second = (await told(registry, PENSION, search=by_number(), valid_on="2024-05-15")).versions
    assert (first.certain, first.possible) == (None, days("2024-01-01", "2024-05-31"))
    assert (second.certain, second.possible) == (days("2024-05-31"), days("2024-05-01"))
    assert {str(first.holds), str(second.holds)} == {"possibly"}


async def test_without_a_day_the_answer_is_about_today_in_japan(registry):
    await settle(registry)
    receipt(await registry.submit(coming_home(effective="2025-01-01", notified_on="2024-12-30")))
    registry.clock.now = registry.clock.now.replace(hour=14, minute=59, second=59)
    assert await lived(registry) == [ARRIVED]
    registry.clock.advance(seconds=2)
    assert await lived(registry) == [("yes", "returned", "New York")]


WRONG_PERIODS = {
    "a day and a period": (
        {"valid_on": "2024-05-01", "valid_from": "2024-05-01"},
        {("/valid_on", "not-allowed-here")},
    ),
    "a period that ends before it begins": (
        {"valid_from": "2024-05-02", "valid_to": "2024-05-01"},
        {("/valid_to", "period-reversed")},
    ),
    "a period of no day": ({"valid_from": "2024-05-01", "valid_to": "2024-05-01"}, {("/valid_to", "period-reversed")}),
    "all that can be wrong at once": (
        {"valid_on": "2024-05-01", "valid_from": "2024-05-02", "valid_to": "2024-05-01"}
        | {"search": by_name({}, "1979-00-00")},
        {
            ("/valid_on", "not-allowed-here"),
            ("/valid_to", "period-reversed"),
            ("/search/name", "name-missing"),
            ("/search/birth_date", "date-required-complete"),
        },
    ),
    "an incomplete day": ({"valid_on": "2024-05-00"}, {("/valid_on", "date-unreadable")}),
    "a day of the Japanese calendar": ({"valid_on": "令和6年5月1日"}, {("/valid_on", "date-unreadable")}),
    "a moment without its time zone": ({"known_at": "2024-12-31T12:00:00"}, {("/known_at", "date-unreadable")}),
}


async def test_days_that_make_no_sense_are_refused_with_all_that_is_wrong(registry):
    answers = {name: await ask(registry, PENSION, **when) for name, (when, _) in WRONG_PERIODS.items()}
    expected = {name: ("invalid-input", wrong) for name, (_, wrong) in WRONG_PERIODS.items()}
    assert {name: refused(answer) for name, answer in answers.items()} == expected


EXTREMES = [
    pytest.param({"valid_on": "0001-01-01"}, id="the first day"),
    pytest.param({"valid_on": "9999-12-31"}, id="the last day"),
    pytest.param({"valid_from": "0001-01-01", "valid_to": "9999-12-31"}, id="all days"),
    pytest.param({"known_at": "0001-01-01T00:00:00Z"}, id="the first moment"),
    pytest.param({"known_at": "0001-01-01T00:00:00+14:00"}, id="a moment before it"),
    pytest.param({"known_at": "9999-12-31T23:59:59-14:00"}, id="a moment after the last"),
]


@pytest.mark.parametrize("when", EXTREMES)
async def test_the_ends_of_the_calendar_are_answered_or_refused_like_any_day(registry, when):
    answer = await ask(registry, PENSION, search=by_number(), **when)
    assert answer.status < 500


@pytest.mark.parametrize("search", [by_number(), by_name()], ids=["by number", "by name"])
async def test_nobody_is_found_on_a_day_on_which_nothing_is_known_of_them(registry, search):
    await story(registry)
    answer = await told(registry, PENSION, search=search, valid_on="2024-03-30")
    assert (answer.outcome, answer.person, answer.versions) == (NOT_FOUND, None, ())


# -------------------------------------------------------------------------------------------------- known time


async def test_before_a_correction_the_old_answer_is_given_and_after_it_the_new_one(registry):
    first = await settle(registry)
    moment = registry.clock.now.isoformat()
    registry.clock.advance(days=1)
    corrected = report(with_number(), address_abroad=BUFFALO, effective="2024-04-05", replaces=first.submission_id)
    receipt(await registry.submit(corrected))
    on = {"valid_on": "2024-04-03"}
    assert await lived(registry, known_at=moment, **on) == [ARRIVED]
    assert await lived(registry, **on) == [LEFT]
    assert await lived(registry, valid_on="2024-04-05") == [("yes", "resident-abroad", "Buffalo")]


async def test_what_was_taken_back_is_still_what_was_known_until_then(registry):
    first = await settle(registry)
    moment = registry.clock.now.isoformat()
    receipt(await registry.submit(annulment(first.submission_id, with_number())))
    assert await lived(registry, known_at=moment) == [ARRIVED]
    assert await lived(registry) == [LEFT]


async def test_nobody_is_found_as_known_before_anything_was_heard_of_them(registry):
    before = registry.clock.now.isoformat()
    await settle(registry)
    assert (await told(registry, PENSION, known_at=before)).outcome is NOT_FOUND
    assert (await told(registry, PENSION)).outcome is FOUND


async def test_a_name_finds_nobody_as_known_before_it_was_reported(registry):
    await settle(registry)
    moment = registry.clock.now.isoformat()
    new_name = {"surname": "邊見", "given": "花子"}
    receipt(await registry.submit(change(person(new_name=new_name))))
    search = by_name(new_name)
    assert (await told(registry, PENSION, search=search)).outcome is FOUND
    assert (await told(registry, PENSION, search=search, known_at=moment)).outcome is NOT_FOUND


async def test_a_link_that_was_not_made_yet_does_not_make_the_answer_unconfirmed(registry):
    outcomes(await registry.deliver(removed_record()))
    moment = registry.clock.now.isoformat()
    receipt(await registry.submit(report()))
    then, now = [await told(registry, PENSION, **when) for when in ({"known_at": moment}, {})]
    assert [one.versions[-1].flags.unconfirmed for one in (then, now)] == [False, True]


async def test_a_moment_that_is_not_stamped_yet_is_refused_until_it_is(registry):
    await settle(registry)
    soon = (registry.clock.now + timedelta(seconds=5)).isoformat()
    early = await ask(registry, PENSION, known_at=soon)
    assert (early.status, *refused(early)) == (409, "not-known-yet", {("/known_at", "not-known-yet")})
    registry.clock.advance(seconds=5)
    await registry.stamp()
    assert (await told(registry, PENSION, known_at=soon)).outcome is FOUND


async def test_a_moment_may_be_given_in_any_time_zone(registry):
    await settle(registry)
    moment = (await told(registry, PENSION)).known_at
    for written in (moment.isoformat(), moment.isoformat().replace("+00:00", "Z")):
        assert (await told(registry, PENSION, known_at=written)).known_at == moment
    in_japan = (moment + timedelta(hours=9)).isoformat().replace("+00:00", "+09:00")
    assert (await told(registry, PENSION, known_at=in_japan)).known_at == moment


@pytest.mark.parametrize(
    "when", [{}, WHOLE_TIME, *({"valid_on": day} for day in ("2024-04-05", "2024-07-01"))], ids=str
)
async def test_by_number_by_name_and_as_known_now_give_one_answer(registry, when):
    await story(registry)
    by_projection = await told(registry, PENSION, search=by_number(), **when)
    by_fold = await told(registry, PENSION, search=by_name(), **when)
    as_known = await told(registry, PENSION, search=by_number(), known_at=by_projection.known_at.isoformat(), **when)
    assert by_projection.versions == by_fold.versions == as_known.versions


async def test_an_answer_stays_true_as_of_the_moment_that_it_names(registry):
    """Also where the sequencer has not stamped yet what is committed already."""
    await settle(registry)
    content = change(address_abroad=ALBANY)
    await submit_unstamped(registry, content)
    answer = await told(registry, PENSION, search=by_number())
    registry.clock.advance(seconds=1)
    await registry.stamp()
    again = await told(registry, PENSION, search=by_number(), known_at=answer.known_at.isoformat())
    assert again.versions == answer.versions


async def submit_unstamped(registry, message):
    """Submit a report and look before the sequencer does."""
    stamp, registry.stamp = registry.stamp, nothing
    receipt(await registry.submit(message))
    registry.stamp = stamp


async def nothing():
    """Be the sequencer that has not come round yet."""


# -------------------------------------------------------------------------------------------------- the flags


async def test_an_answer_says_on_which_of_its_items_the_sources_contradict_each_other(registry):
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(with_number(sex="male", birth_date="1979-11-24"))))
    for wanted, disputed in (
        (["sex", "name"], ("sex",)),
        (["birth_date", "sex"], ("birth_date", "sex")),
        (["name"], ()),
    ):
        (version,) = (await told(registry, PENSION, search=by_number(), fields=wanted)).versions
        assert version.flags.under_reconciliation == disputed


async def test_an_answer_says_when_the_residence_was_last_confirmed(registry):
    await story(registry)
    answer = await told(registry, PENSION, search=by_number(), **WHOLE_TIME)
    confirmed = [version.flags.last_confirmed for version in answer.versions]
    assert confirmed == [None, date(2024, 4, 10), date(2024, 6, 5), date(2024, 6, 5)]


async def test_the_same_question_of_two_bodies_is_answered_alike_but_for_the_pseudonym(registry):
    await settle(registry)
    fields = ["name", "address_abroad", "status"]
    ours, theirs = [said(await ask(registry, body, fields=fields)) for body in (PENSION, MISSION)]
    assert ours.versions == theirs.versions
    assert ours.person != theirs.person
