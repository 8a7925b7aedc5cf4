"""What was submitted, how it stands, whom it was linked to, what is held of a 宛名番号."""

import msgspec
import pytest
from sqlalchemy import select, update

from registry.domain.reconciliation import LinkMethod
from registry.domain.search_terms import TermKind
from registry.store import records, sequencer, submissions
from registry.store import tables as t
from registry.store.keyring import Shredded
from registry.store.submissions import Case, Content, Event, HeldRemovedRecord
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import SealBroken
from tests.store.rows import NOW, a_link, a_person, a_submission, new_id, search_key, submission

ADDRESSEE = search_key(b"addressee", TermKind.ADDRESSEE_NUMBER)

pytestmark = pytest.mark.anyio

TOWN = "131016"


async def test_a_submission_comes_back_as_it_was_stored(work, keyring):
    made = submission(replaces=new_id())
    content = Content(body=b"\x00\xff exact bytes", evidence="a..b", receipt=b'{"state": "accepted"}')
    key = await keyring.make(work, made.submission_id, NOW)
    submissions.add(work, key, made, content)
    assert await submissions.get(work, made.submission_id) == made
    assert await submissions.content_of(work, keyring, made.submission_id) == content


async def test_what_was_never_submitted_is_not_there(work, keyring):
    assert await submissions.get(work, new_id()) is None
    with pytest.raises(Shredded):
        await submissions.content_of(work, keyring, new_id())


async def test_the_content_of_one_submission_does_not_open_as_that_of_another(work, keyring):
    one, other = [await a_submission(work, keyring) for _ in range(2)]
    moved = select(t.submission.c.sealed).where(t.submission.c.submission_id == one).scalar_subquery()
    await work.run(update(t.submission).where(t.submission.c.submission_id == other).values(sealed=moved))
    with pytest.raises(SealBroken):
        await submissions.content_of(work, keyring, other)


async def test_a_sender_finds_its_own_submission_by_its_own_key(work, keyring):
    mine = await a_submission(work, keyring, sender="one", sender_key="key-0001")
    theirs = await a_submission(work, keyring, sender="other", sender_key="key-0001")
    found = [await submissions.get_by_sender_key(work, sender, "key-0001") for sender in ("one", "other", "third")]
    assert [one and one.submission_id for one in found] == [mine, theirs, None]


async def test_every_submission_waits_for_its_stamp(work, keyring):
    submission_id = await a_submission(work, keyring)
    waiting = await work.rows(t.pending_stamp.select().where(t.pending_stamp.c.submission_id == submission_id))
    assert len(waiting) == 1


async def test_a_submission_stands_as_was_last_said(work, keyring):
    submission_id = await a_submission(work, keyring)
    await submissions.set_state(work, submission_id, "annulled")
    found = await submissions.get(work, submission_id)
    assert found is not None
    assert found.state == "annulled"


# ------------------------------------------------------------------------------------------------- links


async def test_links_come_in_the_order_of_the_people(work, keyring):
    submission_id = await a_submission(work, keyring)
    people = [(await a_person(work, keyring))[0] for _ in range(3)]
    for index in (2, 0, 1):
        await a_link(work, submission_id, people[index], LinkMethod.OPENED, confirmed=True, index=index)
    links = await submissions.links_of(work, submission_id)
    assert [(link.person_index, link.person_id) for link in links] == list(enumerate(people))


@pytest.mark.parametrize(
    ("confirmed", "expected"),
    [((), True), ((True,), True), ((True, False), False), ((False, True), False), ((True, True), True)],
)
async def test_a_record_is_confirmed_while_every_link_is(work, keyring, confirmed, expected):
    person_id, _ = await a_person(work, keyring)
    for one in confirmed:
        submission_id = await a_submission(work, keyring)
        await a_link(work, submission_id, person_id, LinkMethod.EXACT_BASIC_FOUR, confirmed=one)
    assert await submissions.is_confirmed(work, person_id) is expected


async def test_an_unconfirmed_link_counts_from_its_stamp_on(engine, sequencer_engine, keyring):
    async with UnitOfWork(engine) as work:
        person_id, _ = await a_person(work, keyring)
        first = await a_submission(work, keyring)
        await a_link(work, first, person_id, LinkMethod.OPENED, confirmed=True)
        await work.commit()
    await _tick(sequencer_engine)
    async with UnitOfWork(engine) as work:
        second = await a_submission(work, keyring)
        await a_link(work, second, person_id, LinkMethod.EXACT_BASIC_FOUR, confirmed=False)
        await work.commit()
    async with UnitOfWork(engine) as work:
        assert await submissions.is_confirmed(work, person_id, up_to=1)
        assert not await submissions.is_confirmed(work, person_id)
    await _tick(sequencer_engine)
    async with UnitOfWork(engine) as work:
        assert await submissions.is_confirmed(work, person_id, up_to=1)
        assert not await submissions.is_confirmed(work, person_id, up_to=2)


async def _tick(engine):
    async with UnitOfWork(engine) as leader:
        await sequencer.stamp_pending(leader, NOW)
        await leader.commit()


# --------------------------------------------------------------------------- cases, events, removed records


@pytest.mark.parametrize(
    ("kind", "in_review"),
    [("rivals", True), ("competence-uncertain", True), ("number-held-by-another", True), ("values-differ", False)],
)
async def test_a_case_about_whose_record_it_is_keeps_it_in_review(work, keyring, kind, in_review):
    person_id, _ = await a_person(work, keyring)
    submission_id = await a_submission(work, keyring)
    case = Case(person_id=person_id, submission_id=submission_id, kind=kind, rivals=(new_id(),))
    submissions.open_cases(work, [case], NOW)
    assert await _in_review(work, person_id) is in_review
    await work.run(t.review_case.update().where(t.review_case.c.person_id == person_id).values(closed_at=NOW))
    assert not await _in_review(work, person_id)


async def _in_review(work, person_id):
    return (await submissions.how_known(work, [person_id]))[person_id].in_review


async def test_events_go_into_the_outbox_of_the_same_transaction(work, keyring):
    person_id, _ = await a_person(work, keyring)
    submission_id = await a_submission(work, keyring)
    made = Event(person_id=person_id, submission_id=submission_id, kind="moved-abroad", recipients=(TOWN,))
    submissions.add_events(work, [made], NOW)
    (row,) = await work.rows(t.event.select().where(t.event.c.person_id == person_id))
    assert (row["kind"], row["recipients"], row["at"]) == ("moved-abroad", [TOWN], NOW)


async def test_the_latest_word_on_an_addressee_is_held(work, keyring):
    person_id, _ = await a_person(work, keyring)
    first, second = [await a_submission(work, keyring) for _ in range(2)]
    held = HeldRemovedRecord(person_id=person_id, submission_id=first, content_key=b"1")
    assert await submissions.removed_records(work, TOWN, [b"addressee"]) == {}
    submissions.hold_removed_record(work, TOWN, ADDRESSEE, held)
    later = msgspec.structs.replace(held, submission_id=second, content_key=b"2")
    submissions.hold_removed_record(work, TOWN, ADDRESSEE, later)
    assert await submissions.removed_records(work, TOWN, [b"addressee", b"other"]) == {b"addressee": later}


async def test_the_same_addressee_number_in_two_towns_is_two_people(work, keyring):
    person_id, _ = await a_person(work, keyring)
    held = HeldRemovedRecord(person_id=person_id, submission_id=await a_submission(work, keyring), content_key=b"1")
    submissions.hold_removed_record(work, TOWN, ADDRESSEE, held)
    assert await submissions.removed_records(work, "472018", [b"addressee"]) == {}
    assert await records.count_people(work) >= 1


async def test_an_addressee_number_is_known_from_the_stamp_of_its_first_paper_on(engine, sequencer_engine, keyring):
    async with UnitOfWork(engine) as work:
        person_id, _ = await a_person(work, keyring)
        for content in (b"1", b"2"):
            submission_id = await a_submission(work, keyring)
            held = HeldRemovedRecord(person_id=person_id, submission_id=submission_id, content_key=content)
            submissions.hold_removed_record(work, TOWN, ADDRESSEE, held)
            await work.commit()
            await _tick(sequencer_engine)
        found = [await submissions.person_of_addressee(work, TOWN, b"addressee", up_to=seq) for seq in (0, 1, 2)]
    assert found == [None, person_id, person_id]


async def test_what_stands_and_falls_with_a_submission_is_closed_and_opened_with_it(work, keyring):
    kinds = ("rivals", "competence-uncertain", "values-differ")
    person_id, _ = await a_person(work, keyring)
    mended, other = [await a_submission(work, keyring) for _ in range(2)]
    cases = [
        Case(person_id=person_id, submission_id=submission_id, kind=kind)
        for submission_id in (mended, other)
        for kind in kinds
    ]
    submissions.open_cases(work, cases, NOW)
    await submissions.close_cases(work, mended, NOW)
    mine = t.review_case.c.person_id == person_id
    left = t.review_case.select().where(mine, t.review_case.c.closed_at.is_(None))
    assert {(row["submission_id"], row["kind"]) for row in await work.rows(left)} == {
        (mended, "values-differ"),
        *((other, kind) for kind in kinds),
    }
    await submissions.reopen_cases(work, mended)
    assert len(await work.rows(left)) == len(cases)


async def test_exactly_the_disputes_of_a_record_are_open(work, keyring):
    person_id, _ = await a_person(work, keyring)
    submission_id = await a_submission(work, keyring)
    submissions.open_cases(work, [Case(person_id=person_id, submission_id=submission_id, kind="rivals")], NOW)
    mine = t.review_case.select().where(t.review_case.c.person_id == person_id, t.review_case.c.closed_at.is_(None))
    seen = []
    for disputes in ([("values-differ", "name")], [("values-differ", "name"), ("values-differ", "sex")], []):
        known = (await submissions.how_known(work, [person_id]))[person_id]
        over, new = submissions.settled(known, disputes)
        await submissions.close(work, over, NOW)
        cases = (Case(person_id=person_id, submission_id=submission_id, kind=kind, field=field) for kind, field in new)
        submissions.open_cases(work, cases, NOW)
        seen.append(sorted((row["kind"], row["field"]) for row in await work.rows(mine)))
    rivals = ("rivals", "")
    assert seen == [
        [rivals, ("values-differ", "name")],
        [rivals, ("values-differ", "name"), ("values-differ", "sex")],
        [rivals],
    ]
