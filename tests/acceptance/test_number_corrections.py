"""個人番号の訂正: a slip in a number is mended by two people of the last municipality, wherever it stands."""

import pytest

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.numbers import IndividualNumber
from registry.domain.proposal import CorrectNumber
from registry.services import proposals
from tests.acceptance.asking import told, with_number
from tests.acceptance.desks import APPROVER, CLERK, OTHER_TOWNS_APPROVER, WATANABE
from tests.acceptance.papers import by_number, number, removed_record, report
from tests.acceptance.seen import outcomes, person_ids, receipt, rows
from tests.house import PENSION
from tests.planted import NUMBER

pytestmark = pytest.mark.anyio

RIGHT = number(4_242_424_242)
OTHERS = number(77_777_777_777)


def correction(right=RIGHT, wrong=NUMBER):
    return CorrectNumber(wrong=IndividualNumber(wrong), right=IndividualNumber(right), reason="転記の誤り")


@pytest.fixture
async def hanako(registry, database):
    """Somebody whose number was given wrongly in the 除票 and in the report alike."""
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(with_number())))
    (person_id,) = await person_ids(database)
    return person_id


async def test_two_people_mend_a_slip_and_the_right_number_finds_and_is_told(registry, database, hanako):
    proposal_id = await proposals.propose(registry.ex_officio, hanako, correction(), CLERK)
    assert (await told(registry, PENSION, search=by_number(RIGHT))).outcome == "not-found"
    await proposals.approve(registry.ex_officio, proposal_id, APPROVER)
    await registry.stamp()
    (version, *_) = (await told(registry, PENSION, search=by_number(RIGHT))).versions
    assert version.items.individual_number == IndividualNumber(RIGHT)
    assert (await told(registry, PENSION, search=by_number())).outcome == "not-found"
    assert await rows(database, "SELECT count(*) FROM review_case WHERE closed_at IS NULL") == [(0,)]


async def test_neither_the_clerk_nor_anybody_elsewhere_approves_it(registry, hanako):
    proposal_id = await proposals.propose(registry.ex_officio, hanako, correction(), CLERK)
    for nobody in (CLERK, OTHER_TOWNS_APPROVER, WATANABE):
        with pytest.raises(NotPermitted):
            await proposals.approve(registry.ex_officio, proposal_id, nobody)
    assert [one.proposal_id for one in await proposals.waiting(registry.ex_officio, APPROVER)] == [proposal_id]
    assert await proposals.waiting(registry.ex_officio, OTHER_TOWNS_APPROVER) == ()


async def test_what_cannot_be_done_is_not_kept(registry, database, hanako):
    other = report(
        with_number(name={"surname": "別", "given": "人"}, birth_date="1990-01-01", individual_number=OTHERS)
    )
    receipt(await registry.submit(other))
    refused = {
        "no such number in the record": (correction(wrong=OTHERS, right=RIGHT), InvalidInput),
        "the same again": (correction(right=NUMBER), InvalidInput),
        "another person's number": (correction(right=OTHERS), Conflict),
    }
    for act, refusal in refused.values():
        with pytest.raises(refusal):
            await proposals.propose(registry.ex_officio, hanako, act, CLERK)
    assert await rows(database, "SELECT count(*) FROM proposal") == [(0,)]


async def test_of_a_person_of_another_town_nothing_is_said(registry, database):
    elsewhere = removed_record(municipality="472018", address={"municipality": "472018", "text": "山下町"})
    outcomes(await registry.deliver(elsewhere, body="472018"))
    (person_id,) = await person_ids(database)
    for nobody in (person_id, registry.resources.new_id(), "no id"):
        with pytest.raises(NotFound):
            await proposals.propose(registry.ex_officio, nobody, correction(), CLERK)


async def test_a_proposal_lapses_after_72_hours_whatever_the_program_says(registry, database, hanako):
    proposal_id = await proposals.propose(registry.ex_officio, hanako, correction(), CLERK)
    await rows(database, "ALTER TABLE proposal DISABLE TRIGGER USER")
    await rows(database, "UPDATE proposal SET proposed_at = proposed_at - INTERVAL '72 hours'")
    await rows(database, "ALTER TABLE proposal ENABLE TRIGGER USER")
    assert await proposals.waiting(registry.ex_officio, APPROVER) == ()
    with pytest.raises(Conflict):
        await proposals.approve(registry.ex_officio, proposal_id, APPROVER)
