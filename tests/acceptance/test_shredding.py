"""A record that was shredded: unreadable, found by nobody, holding no number; and written down."""

from datetime import UTC, datetime

import msgspec
import pytest

from registry.contract.messages import InquiryOutcome, RecordState
from registry.domain.errors import InvalidInput, NotFound
from registry.domain.reconciliation import LinkMethod
from registry.domain.shredding import Ground, Shredding
from registry.services import shredding
from registry.store.engine import connect
from registry.store.keyring import Keyring, Shredded
from registry.store.roles import KEEPER
from tests.acceptance.asking import settle, told, with_number
from tests.acceptance.papers import (
    annulment,
    by_addressee,
    by_name,
    by_number,
    coming_home,
    kichiro,
    removed_record,
    report,
)
from tests.acceptance.seen import faults, outcomes, person_ids, receipt, rows
from tests.house import MISSION, PENSION, TOWN
from tests.logged import about, log

pytestmark = pytest.mark.anyio

DECIDED = {"reason": "収集の根拠なし", "decided_by": "office-3", "approved_by": "legal-1"}
UNLAWFUL = Shredding(ground=Ground.UNLAWFULLY_HELD, **DECIDED)
NOT_FOUND = InquiryOutcome.NOT_FOUND


@pytest.fixture
async def owner(registry, database):
    """The registry's resources as the owner of the database has them."""
    engine = connect(database, role=KEEPER, pool_size=2)
    yield msgspec.structs.replace(registry.resources, engine=engine, keyring=Keyring(registry.resources.provider))
    await engine.dispose()


async def shredded(owner, database):
    """Shred the only record there is, and return its id."""
    (person_id,) = await person_ids(database)
    await shredding.shred(owner, person_id, UNLAWFUL)
    return person_id


SEARCHES = {
    "number": (PENSION, {"search": by_number()}),
    "name": (PENSION, {"search": by_name()}),
    "宛名番号": (TOWN, {"search": by_addressee()}),
    "住民票コード": (TOWN, {"search": {"by": "resident-record-code", "resident_record_code": "12345678938"}}),
    "name by the mission": (MISSION, {"search": by_name()}),
}


@pytest.mark.parametrize(("body", "asked"), SEARCHES.values(), ids=SEARCHES)
async def test_an_inquiry_finds_nobody(registry, owner, database, body, asked):
    await settle(registry)
    await shredded(owner, database)
    assert (await told(registry, body, **asked)).outcome is NOT_FOUND


async def test_an_inquiry_finds_nobody_either_by_what_was_known_before(registry, owner, database):
    await settle(registry)
    before = await told(registry, PENSION, search=by_number())
    await shredded(owner, database)
    then = await told(registry, PENSION, search=by_number(), known_at=before.known_at.isoformat())
    assert (before.outcome, then.outcome) == (InquiryOutcome.FOUND, NOT_FOUND)


async def test_an_inquiry_finds_nobody_by_the_pseudonym_that_was_given_before(registry, owner, database):
    await settle(registry)
    before = await told(registry, PENSION, search=by_number())
    await shredded(owner, database)
    then = await told(registry, PENSION, search={"by": "pseudonym", "pseudonym": before.person})
    assert then.outcome is NOT_FOUND


async def test_nothing_by_which_the_person_was_found_is_left(registry, owner, database):
    await settle(registry)
    person_id = await shredded(owner, database)
    for table in ("search_key", "living_number", "version", "link", "removed_record", "reconciliation"):
        assert await rows(database, f"SELECT FROM {table} WHERE person_id = $1", person_id) == []
    async with owner.work() as work:
        with pytest.raises(Shredded):
            await owner.keyring.find(work, person_id)


async def test_the_number_is_free_for_whoever_comes_next(registry, owner, database):
    await settle(registry)
    await shredded(owner, database)
    again = receipt(await registry.submit(report(with_number()))).people[0]
    assert (again.link, again.confirmed) == (LinkMethod.OPENED, True)
    answer = await told(registry, PENSION, search=by_number(), fields=["name", "individual_number"])
    assert answer.outcome is InquiryOutcome.FOUND


async def test_the_same_removed_record_opens_another_record(registry, owner, database):
    outcomes(await registry.deliver(removed_record()))
    await shredded(owner, database)
    (again,) = outcomes(await registry.deliver(removed_record(), part=2))
    assert (again.state, again.person.link) == (RecordState.ACCEPTED, LinkMethod.OPENED)


async def test_a_correction_of_a_shredded_report_is_a_report_of_somebody_new(registry, owner, database):
    first = receipt(await registry.submit(report()))
    await shredded(owner, database)
    corrected = receipt(await registry.submit(report(effective="2024-04-02", replaces=first.submission_id)))
    assert corrected.people[0].link is LinkMethod.OPENED


async def test_a_shredded_report_cannot_be_taken_back(registry, owner, database):
    first = receipt(await registry.submit(report()))
    await shredded(owner, database)
    answer = await registry.submit(annulment(first.submission_id))
    assert faults(answer) == {("/people/0", "not-allowed-here")}


async def test_the_receipt_of_a_shredded_report_is_not_found(registry, owner, database):
    first = receipt(await registry.submit(report()))
    await shredded(owner, database)
    answer = await registry.get(MISSION, f"/v1/submissions/{first.submission_id}")
    assert answer.status == 404


async def test_a_household_keeps_its_report_until_the_last_of_its_people_is_shredded(registry, owner, database):
    filed = receipt(await registry.submit(report(with_number(), kichiro())))
    people = await person_ids(database)
    left = []
    for person_id in people:
        await shredding.shred(owner, person_id, UNLAWFUL)
        left.append(await rows(database, "SELECT FROM data_key WHERE owner = $1", filed.submission_id) != [])
    assert left == [True, False]


async def test_others_are_found_as_before(registry, owner, database):
    receipt(await registry.submit(report(kichiro())))
    (kept,) = await person_ids(database)
    receipt(await registry.submit(report()))
    (gone,) = set(await person_ids(database)) - {kept}
    await shredding.shred(owner, gone, UNLAWFUL)
    assert (await told(registry, PENSION, search=by_name())).outcome is NOT_FOUND
    async with owner.work() as work:
        await owner.keyring.find(work, kept)


async def test_the_log_says_who_did_it_and_on_which_ground(registry, owner, database):
    receipt(await registry.submit(report()))
    person_id = await shredded(owner, database)
    entry = await log(registry, "handled_by", "basis", "outcome", "about", operation="shredding")
    assert entry == [("office-3, legal-1", "番号法20条", "unlawfully-held", about(registry, person_id))]
    await registry.stamp()
    assert await rows(database, "SELECT FROM stamp JOIN submission USING (submission_id) WHERE kind = 'shredding'")


async def test_what_waited_for_people_about_the_record_is_over(registry, owner, database):
    receipt(await registry.submit(report(address_abroad={"country": "US", "city": "Springfield"})))
    assert await rows(database, "SELECT FROM review_case WHERE closed_at IS NULL")
    await shredded(owner, database)
    assert await rows(database, "SELECT FROM review_case WHERE closed_at IS NULL") == []


async def test_a_record_is_not_shredded_twice_and_one_that_never_was_not_at_all(registry, owner, database):
    receipt(await registry.submit(report()))
    gone = await shredded(owner, database)
    for person_id in (gone, "00000000-0000-4000-8000-000000000000", "nobody"):
        with pytest.raises(NotFound):
            await shredding.shred(owner, person_id, UNLAWFUL)


async def test_who_may_not_be_shredded_stays_as_they_were(registry, owner, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    with pytest.raises(InvalidInput):
        await shredding.shred(owner, person_id, Shredding(ground=Ground.RETENTION_OVER, **DECIDED))
    assert (await told(registry, PENSION, search=by_name())).outcome is InquiryOutcome.FOUND
    assert await log(registry, "outcome", operation="shredding") == []


async def test_whose_time_is_over_is_listed_until_the_record_is_shredded(registry, owner, database):
    receipt(await registry.submit(report(kichiro())))
    filed = receipt(await registry.submit(report()))
    receipt(await registry.submit(coming_home(effective="2024-08-01")))
    person_id = {str(one) for (one,) in await rows(database, OF_SUBMISSION, filed.submission_id)}
    listed = []
    for day in (datetime(2174, 7, 31, tzinfo=UTC), datetime(2174, 8, 1, tzinfo=UTC)):
        then = msgspec.structs.replace(registry.ex_officio, clock=lambda day=day: day)
        listed.append({one async for one in shredding.over(then)})
    assert listed == [set(), person_id]
    await shredding.shred(owner, *person_id, UNLAWFUL)
    assert [one async for one in shredding.over(then)] == []


OF_SUBMISSION = "SELECT DISTINCT person_id FROM link WHERE submission_id = $1"
