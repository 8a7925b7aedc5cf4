"""A record in the database: movements, their projection, and the keys that find it."""

import asyncio
from datetime import date
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text, update

from registry.domain.dates import DayRange
from registry.domain.movement import MovementKind
from registry.domain.search_terms import TermKind
from registry.domain.timeline import fold
from registry.store import look_up, records, sequencer
from registry.store import tables as t
from registry.store.unit_of_work import StoreUnavailable, UnitOfWork
from registry.vault.sealing import SealBroken
from tests.builders import movement, statement
from tests.store.rows import NOW, a_movement, a_person, a_submission, new_id, search_key

pytestmark = pytest.mark.anyio

ALWAYS = DayRange(None, None)


def _ids(found):
    return {one.movement_id for one in found}


async def test_movements_come_back_as_they_were_added(work, keyring):
    person_id, key = await a_person(work, keyring)
    added = await a_movement(work, key, person_id, await a_submission(work, keyring))
    assert await records.movements_of(work, keyring, person_id) == (added,)


async def test_another_person_s_movements_are_not_among_them(work, keyring):
    person_id, _ = await a_person(work, keyring)
    other, other_key = await a_person(work, keyring)
    await a_movement(work, other_key, other, await a_submission(work, keyring))
    assert await records.movements_of(work, keyring, person_id) == ()


async def test_a_movement_does_not_open_with_another_person_s_key(work, keyring):
    person_id, _ = await a_person(work, keyring)
    _, other_key = await a_person(work, keyring)
    await a_movement(work, other_key, person_id, await a_submission(work, keyring))
    with pytest.raises(SealBroken):
        await records.movements_of(work, keyring, person_id)


async def test_movements_as_known_then_are_those_stamped_by_then(engine, sequencer_engine, keyring):
    async with UnitOfWork(engine) as work:
        person_id, key = await a_person(work, keyring)
        first = await a_movement(work, key, person_id, await a_submission(work, keyring))
        await work.commit()
    async with UnitOfWork(sequencer_engine) as leader:
        await sequencer.stamp_pending(leader, NOW)
        await leader.commit()
    async with UnitOfWork(engine) as work:
        second = await a_movement(work, key, person_id, await a_submission(work, keyring), effective="2024-05-01")
        assert await records.movements_of(work, keyring, person_id, up_to=0) == ()
        assert await records.movements_of(work, keyring, person_id, up_to=1) == (first,)
        assert _ids(await records.movements_of(work, keyring, person_id)) == {first.movement_id, second.movement_id}


async def test_the_movements_of_one_person_of_a_submission_come_in_their_order(work, keyring):
    person_id, key = await a_person(work, keyring)
    submission_id = await a_submission(work, keyring)
    one = await a_movement(work, key, person_id, submission_id, index=1)
    eleven = await a_movement(work, key, person_id, submission_id, index=11)
    assert await records.movement_ids(work, submission_id, 1) == (one.movement_id,)
    assert await records.movement_ids(work, submission_id, 11) == (eleven.movement_id,)
    assert await records.movement_ids(work, submission_id, 0) == ()


# ------------------------------------------------------------------------------------------- the projection


async def _record(work, keyring, *effective):
    """A record with a residence reported on each of these days; return (person id, key, movements)."""
    person_id, key = await a_person(work, keyring)
    made = [
        await a_movement(work, key, person_id, await a_submission(work, keyring), effective=day) for day in effective
    ]
    return person_id, key, made


async def _project(work, key, person_id, before, after):
    gone = [one for one in fold(before).versions if one not in fold(after).versions]
    come = [one for one in fold(after).versions if one not in fold(before).versions]
    await records.remove_versions(work, {person_id: gone})
    records.add_versions(work, key, person_id, come, revision=len(after))


async def _held(work, keyring, person_id, period):
    """What the projection holds, with all that stands in it stamped."""
    await work.run(text("SET ROLE NONE"))
    await sequencer.stamp_pending(work, NOW)
    await work.run(text("SET ROLE registry_ex_officio"))
    return await _looked_up(work, keyring, person_id, period)


async def _looked_up(work, keyring, person_id, period):
    """What the look-up by a number of this record says of the projection."""
    number = search_key(UUID(person_id).bytes * 2)
    await records.write_search_keys(work, {person_id: {number}}, {})
    _, ((found,),) = await look_up.find_each(work, keyring, [number], period)
    return found.versions


async def test_versions_come_back_as_they_were_folded(work, keyring):
    person_id, key, made = await _record(work, keyring, "2020-04-01", "2021-04-00", "2022-00-00")
    await _project(work, key, person_id, [], made)
    assert await _held(work, keyring, person_id, ALWAYS) == fold(made).versions


async def test_a_version_that_holds_on_no_day_for_certain_comes_back_as_such(work, keyring):
    person_id, key, made = await _record(work, keyring, "2022-00-00", "2022-06-15")
    await _project(work, key, person_id, [], made)
    held = await _held(work, keyring, person_id, ALWAYS)
    assert [one.certain.is_empty for one in held] == [one.certain.is_empty for one in fold(made).versions]
    assert any(one.certain.is_empty for one in held)


async def test_a_late_movement_changes_only_the_versions_that_differ(work, keyring):
    person_id, key, made = await _record(work, keyring, "2020-04-01", "2023-04-01")
    await _project(work, key, person_id, [], made)
    late = await a_movement(work, key, person_id, await a_submission(work, keyring), effective="2021-04-01")
    await _project(work, key, person_id, made, [*made, late])
    assert await _held(work, keyring, person_id, ALWAYS) == fold([*made, late]).versions


@pytest.mark.parametrize(
    ("first", "end", "found"),
    [
        (date(2019, 1, 1), date(2020, 4, 2), 1),
        (date(2021, 3, 31), date(2021, 4, 1), 1),
        (date(2021, 4, 1), date(2021, 4, 2), 1),
        (date(2021, 3, 31), date(2021, 4, 2), 2),
        (None, None, 2),
        (date(2021, 4, 1), None, 1),
        (date(9999, 12, 31), None, 1),
    ],
)
async def test_versions_during_a_period_are_those_that_share_a_day_with_it(work, keyring, first, end, found):
    person_id, key, made = await _record(work, keyring, "2020-04-01", "2021-04-01")
    await _project(work, key, person_id, [], made)
    assert len(await _held(work, keyring, person_id, DayRange(first, end))) == found


@pytest.mark.parametrize(
    ("first", "end"),
    [(date(2019, 1, 1), date(2020, 4, 1)), (None, date(2020, 4, 1)), (None, date(1, 1, 2))],
)
async def test_where_no_version_shares_a_day_with_the_period_the_projection_is_silent(work, keyring, first, end):
    person_id, key, made = await _record(work, keyring, "2020-04-01", "2021-04-01")
    await _project(work, key, person_id, [], made)
    assert await _held(work, keyring, person_id, DayRange(first, end)) is None


async def test_a_projection_ahead_of_its_stamps_is_silent(work, keyring):
    person_id, key, made = await _record(work, keyring, "2020-04-01")
    await _project(work, key, person_id, [], made)
    assert len(await _held(work, keyring, person_id, ALWAYS)) == 1
    later = await a_movement(work, key, person_id, await a_submission(work, keyring), effective="2021-04-01")
    await _project(work, key, person_id, made, [*made, later])
    assert await _looked_up(work, keyring, person_id, ALWAYS) is None


async def test_a_blob_moved_to_another_row_does_not_open_there(work, keyring):
    person_id, key, made = await _record(work, keyring, "2020-04-01", "2021-04-01")
    await _project(work, key, person_id, [], made)
    one, other = (version.made_by for version in fold(made).versions)
    stolen = (await work.one(t.version.select().where(t.version.c.made_by == one)))["sealed"]
    await work.run(update(t.version).where(t.version.c.made_by == other).values(sealed=stolen))
    with pytest.raises(SealBroken):
        await _held(work, keyring, person_id, ALWAYS)


# ------------------------------------------------------------------------------------------- search keys


@pytest.mark.parametrize(
    "asked",
    [
        search_key(b"\x02" * 32),
        search_key(kind=TermKind.RESIDENT_RECORD_CODE),
        search_key(generation=2),
    ],
    ids=["another key", "another kind", "another generation"],
)
async def test_a_record_is_found_by_its_own_keys_alone(work, keyring, asked):
    person_id, _ = await a_person(work, keyring)
    await records.write_search_keys(work, {person_id: {search_key()}}, {})
    assert await records.find(work, [search_key()]) == {person_id: True}
    assert await records.find(work, [asked]) == {}
    assert await records.find(work, [asked, search_key()]) == {person_id: True}


async def test_more_keys_than_a_statement_has_parameters_find_and_are_found(work, keyring):
    person_id, _ = await a_person(work, keyring)
    many = [search_key(number.to_bytes(32)) for number in range(33_000)]
    await records.write_search_keys(work, {person_id: many[:100]}, {})
    assert await records.find(work, many) == {person_id: True}


async def test_no_key_finds_nobody(work):
    assert await records.find(work, []) == {}


async def test_past_keys_go_on_finding(work, keyring):
    person_id, _ = await a_person(work, keyring)
    for _ in range(2):
        await records.write_search_keys(work, {person_id: {search_key()}}, {})
    await records.write_search_keys(work, {person_id: {search_key(b"\x02" * 32)}}, {})
    assert await records.find(work, [search_key()]) == {person_id: True}


async def test_a_lost_key_holds_for_who_asks_of_before_until_it_is_found_again(work, keyring):
    person_id, _ = await a_person(work, keyring)
    await records.write_search_keys(work, {person_id: {search_key()}}, {})
    await records.write_search_keys(work, {}, {person_id: {search_key()}})
    assert await records.find(work, [search_key()]) == {person_id: False}
    await records.write_search_keys(work, {person_id: {search_key()}}, {})
    assert await records.find(work, [search_key()]) == {person_id: True}


async def test_one_living_number_is_one_person(work, keyring):
    one, _ = await a_person(work, keyring)
    other, _ = await a_person(work, keyring)
    assert await _hold(work, one, search_key()) == {}
    assert await _hold(work, other, search_key(), search_key(b"\x02" * 32)) == {other: {search_key()}}
    assert await _hold(work, one, search_key()) == {}


async def test_of_two_records_written_together_the_first_holds_the_number(work, keyring):
    one, other = [(await a_person(work, keyring))[0] for _ in range(2)]
    both = {one: [search_key()], other: [search_key()]}
    assert await records.hold_numbers(work, both, {}, known=()) == {other: {search_key()}}
    assert await _hold(work, other, search_key()) == {other: {search_key()}}


async def _hold(work, person_id, *numbers):
    return await records.hold_numbers(work, {person_id: numbers}, {}, known=[person_id])


async def test_a_number_given_up_is_free_for_its_owner(work, keyring):
    one, _ = await a_person(work, keyring)
    other, _ = await a_person(work, keyring)
    await _hold(work, one, search_key())
    await _hold(work, one)
    assert await _hold(work, other, search_key()) == {}


# ---------------------------------------------------------------------------------------- one after the other


async def _would_wait(engine, act):
    """Whether ``act`` would have to wait for somebody else."""
    async with UnitOfWork(engine) as work:
        await work.run(text("SET LOCAL lock_timeout = 1"))
        try:
            await act(work)
        except StoreUnavailable as met:
            assert met.__cause__.orig.sqlstate == "55P03"  # noqa: PT017 - what it is refused for, not that it is
            return True
        return False


async def test_who_has_the_keys_of_an_identity_has_them_alone_until_the_end(engine):
    mine, theirs = search_key(), search_key(b"\x7f" * 32)
    async with UnitOfWork(engine) as work:
        await records.lock_keys(work, [mine])
        assert await _would_wait(engine, lambda other: records.lock_keys(other, [theirs, mine]))
        assert not await _would_wait(engine, lambda other: records.lock_keys(other, [theirs]))
    assert not await _would_wait(engine, lambda other: records.lock_keys(other, [mine]))


async def test_keys_named_in_any_order_never_lock_each_other_out(engine):
    keys = [search_key(bytes([number]) * 32) for number in range(20)]

    async def lock(order):
        async with UnitOfWork(engine) as work:
            await records.lock_keys(work, order)

    await asyncio.gather(*(lock(keys[turn:] + keys[:turn]) for turn in range(6)))


async def test_whoever_changes_a_record_has_it_alone(engine, keyring):
    async with UnitOfWork(engine) as work:
        person_id, _ = await a_person(work, keyring)
        await work.commit()
        await records.lock_people(work, [person_id])
        assert await _would_wait(engine, lambda other: records.lock_people(other, [person_id]))


async def test_records_are_gone_through_in_steps(work):
    people = sorted([new_id() for _ in range(5)])
    for person_id in people:
        work.later(records.PERSON, records.person_row(person_id, NOW))
    seen, after = [], ""
    while step := await records.all_people(work, after=after, at_most=2):
        seen += step
        after = step[-1]
    assert [one for one in seen if one in people] == people
    assert await records.count_people(work) == len(seen)


async def test_a_whole_statement_survives_the_table(work, keyring):
    person_id, key = await a_person(work, keyring)
    submission_id = await a_submission(work, keyring)
    full = statement(past_names=(statement().name,), passport_number="TK7654321")
    made = movement(
        MovementKind.MOVED_ABROAD, "令和2年4月不詳", movement_id=f"{submission_id}/0.0", submission_id=submission_id
    )
    made = msgspec.structs.replace(made, statement=full)
    records.add_movements(work, key, person_id, [made])
    (back,) = await records.movements_of(work, keyring, person_id)
    assert back == made
    assert back.effective.text == "令和2年4月不詳"
