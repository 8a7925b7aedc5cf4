"""Known time: what is committed gets its moment afterwards, and an answer as known at a moment never changes."""

from asyncio import gather
from contextlib import AsyncExitStack
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from registry.domain.reconciliation import LinkMethod
from registry.domain.timeline import fold
from registry.store import records, sequencer, submissions
from registry.store import tables as t
from registry.store.sequencer import LARGEST_BATCH, LEADER_LOCK, Known
from registry.store.unit_of_work import UnitOfWork
from tests.store.rows import NOW, a_link, a_movement, a_person, a_submission

pytestmark = pytest.mark.anyio

SECOND, TICK = timedelta(seconds=1), timedelta(microseconds=1)


async def _submit(engine, keyring, how_many=1):
    async with UnitOfWork(engine) as work:
        ids = [await a_submission(work, keyring) for _ in range(how_many)]
        await work.commit()
    return ids


async def _stamp(engine, at=NOW):
    async with UnitOfWork(engine) as work:
        stamped = await sequencer.stamp_pending(work, at)
        await work.commit()
    return stamped


async def _stamps(engine):
    """What is stamped, in order: (seq, submission, moment)."""
    async with UnitOfWork(engine) as work:
        return [tuple(row.values()) for row in await work.rows(select(t.stamp).order_by(t.stamp.c.seq))]


async def _known(engine):
    async with UnitOfWork(engine) as work:
        return await sequencer.known_until(work)


# -------------------------------------------------------------------------------------------- one batch


async def test_before_the_sequencer_ever_ran_nothing_is_known(engine, keyring):
    await _submit(engine, keyring)
    assert await _known(engine) is None
    async with UnitOfWork(engine) as work:
        assert await sequencer.last_seq(work, NOW) == 0


async def test_a_batch_gets_the_next_numbers_and_one_moment(engine, sequencer_engine, keyring):
    ids = await _submit(engine, keyring, 3)
    assert await _stamp(sequencer_engine) == 3
    assert await _stamps(engine) == [(seq, one, NOW) for seq, one in enumerate(sorted(ids), start=1)]
    assert await _known(engine) == Known(3, NOW)


@pytest.mark.parametrize(
    ("clock", "moment"),
    [
        (NOW + SECOND, NOW + SECOND),
        (NOW, NOW + TICK),
        (NOW - TICK, NOW + TICK),
        (NOW - timedelta(days=400), NOW + TICK),
    ],
    ids=["goes on", "stands still", "goes back by a tick", "goes back by a year"],
)
async def test_every_batch_has_a_later_moment_when_the_clock(engine, sequencer_engine, keyring, clock, moment):
    (first,) = await _submit(engine, keyring)
    await _stamp(sequencer_engine)
    (second,) = await _submit(engine, keyring)
    await _stamp(sequencer_engine, clock)
    assert await _stamps(engine) == [(1, first, NOW), (2, second, moment)]
    assert await _known(engine) == Known(2, moment)


@pytest.mark.parametrize("clock", [NOW + SECOND, NOW - SECOND], ids=["forward", "back"])
async def test_knowledge_goes_on_where_nothing_is_pending(engine, sequencer_engine, keyring, clock):
    await _submit(engine, keyring)
    await _stamp(sequencer_engine)
    assert await _stamp(sequencer_engine, clock) == 0
    assert await _known(engine) == Known(1, max(clock, NOW + TICK))
    assert len(await _stamps(engine)) == 1


async def test_the_last_number_by_a_moment_is_that_of_the_last_batch_until_then(engine, sequencer_engine, keyring):
    for batch, size in enumerate((2, 1)):
        await _submit(engine, keyring, size)
        await _stamp(sequencer_engine, NOW + batch * SECOND)
    moments = {NOW - TICK: 0, NOW: 2, NOW + TICK: 2, NOW + SECOND - TICK: 2, NOW + SECOND: 3, NOW + 9 * SECOND: 3}
    async with UnitOfWork(engine) as work:
        assert {at: await sequencer.last_seq(work, at) for at in moments} == moments


async def test_what_is_not_committed_is_stamped_after_its_commit(engine, sequencer_engine, keyring):
    (first,) = await _submit(engine, keyring)
    async with UnitOfWork(engine) as slow:
        slow_one = await a_submission(slow, keyring)
        (quick_one,) = await _submit(engine, keyring)
        assert await _stamp(sequencer_engine) == 2
        await slow.commit()
    assert await _stamp(sequencer_engine) == 1
    *in_time, late = await _stamps(engine)
    assert {(one, at) for _, one, at in in_time} == {(first, NOW), (quick_one, NOW)}
    assert late == (3, slow_one, NOW + TICK)


async def test_what_is_rolled_back_is_never_stamped(engine, sequencer_engine, keyring):
    async with UnitOfWork(engine) as work:
        await a_submission(work, keyring)
    assert await _stamp(sequencer_engine) == 0
    assert await _stamps(engine) == []


async def test_a_sequencer_that_dies_before_its_commit_has_stamped_nothing(engine, sequencer_engine, keyring):
    ids = await _submit(engine, keyring)
    async with UnitOfWork(sequencer_engine) as dying:
        assert await sequencer.stamp_pending(dying, NOW + SECOND) == 1
    assert (await _stamps(engine), await _known(engine)) == ([], None)
    assert await _stamp(sequencer_engine) == 1
    assert await _stamps(engine) == [(1, ids[0], NOW)]


async def test_more_than_a_batch_waits_for_the_next(engine, owner_engine, sequencer_engine):
    async with UnitOfWork(owner_engine) as work:
        await work.run(
            text(
                "WITH made AS (INSERT INTO submission SELECT gen_random_uuid(), 'report', 's', n::text, 'accepted', "
                "now(), now(), NULL, '' FROM generate_series(1, :how_many) AS n RETURNING submission_id) "
                "INSERT INTO pending_stamp SELECT submission_id FROM made"
            ),
            {"how_many": LARGEST_BATCH + 2},
        )
        await work.commit()
    assert [await _stamp(sequencer_engine, NOW + batch * SECOND) for batch in range(3)] == [LARGEST_BATCH, 2, 0]
    stamps = await _stamps(engine)
    assert [seq for seq, _, _ in stamps] == list(range(1, LARGEST_BATCH + 3))
    assert [at for _, _, at in stamps] == [NOW] * LARGEST_BATCH + [NOW + SECOND] * 2
    assert await _known(engine) == Known(LARGEST_BATCH + 2, NOW + 2 * SECOND)


# ------------------------------------------------------------------------------------------- one leader


async def test_who_is_not_the_leader_does_nothing(engine, sequencer_engine, keyring):
    await _submit(engine, keyring)
    async with UnitOfWork(sequencer_engine) as leader:
        await leader.run(select(func.pg_advisory_xact_lock(LEADER_LOCK)))
        assert await _stamp(sequencer_engine) == 0
        assert (await _stamps(engine), await _known(engine)) == ([], None)
    assert await _stamp(sequencer_engine) == 1


async def test_sequencers_at_once_stamp_everything_once(engine, sequencer_engine, keyring):
    ids = await _submit(engine, keyring, 5)
    await gather(*(_stamp(sequencer_engine) for _ in range(9)))
    stamps = await _stamps(engine)
    assert [(seq, one) for seq, one, _ in stamps] == list(enumerate(sorted(ids), start=1))
    assert len({at for _, _, at in stamps}) == 1


async def test_the_application_may_not_say_when_the_registry_came_to_know(engine, keyring):
    await _submit(engine, keyring)
    with pytest.raises(DBAPIError, match="permission denied for table pending_stamp"):
        await _stamp(engine)
    assert (await _stamps(engine), await _known(engine)) == ([], None)


# ------------------------------------------------------------- no answer as known at a moment ever changes

WRITERS = range(3)


class Story:
    """Writers and sequencers on connections of their own; after every step somebody asks what is known just then.

    In the end all questions are asked again. A step that makes no sense where it stands (to commit what is not open)
    does nothing.
    """

    def __init__(self, engine, sequencer_engine, keyring) -> None:
        self.engine, self.sequencer_engine, self.keyring = engine, sequencer_engine, keyring
        self.ends = AsyncExitStack()
        self.writers, self.leader = {}, None
        self.clock, self.written = NOW, 0
        self.remembered = {}

    async def play(self, steps):
        """Return the moments as known at which the answer is another in the end than it was."""
        async with UnitOfWork(self.engine) as work:
            self.person_id, self.key = await a_person(work, self.keyring)
            await work.commit()
        async with self.ends:
            for step, argument in steps:
                await getattr(self, step)(argument)
                await self.ask()
        async with UnitOfWork(self.engine) as work:
            return [at for at, answer in self.remembered.items() if await self.answer(work, at) != answer]

    async def ask(self):
        """Ask as known at the last moment that can be asked of, and remember the first answer."""
        async with UnitOfWork(self.engine) as work:
            at = await self.last_moment(work)
            if at not in {None, *self.remembered}:
                self.remembered[at] = await self.answer(work, at)

    async def last_moment(self, work):
        known = await sequencer.known_until(work)
        return known and known.at

    async def answer(self, work, at):
        """What services.inquiries reads: versions, and whether a number may leave."""
        seq = await sequencer.last_seq(work, at)
        movements = await records.movements_of(work, self.keyring, self.person_id, up_to=seq)
        return fold(movements).versions, await submissions.is_confirmed(work, self.person_id, up_to=seq)

    # Steps

    async def turn_clock(self, seconds):
        self.clock += seconds * SECOND

    async def write(self, writer):
        if writer not in self.writers:
            self.writers[writer] = work = await self.ends.enter_async_context(UnitOfWork(self.engine))
            self.written += 1
            submission_id = await a_submission(work, self.keyring)
            effective = (date(2020, 4, 1) + timedelta(days=self.written)).isoformat()
            await a_movement(work, self.key, self.person_id, submission_id, effective=effective)
            confirmed = writer != 0
            await a_link(work, submission_id, self.person_id, LinkMethod.EXACT_BASIC_FOUR, confirmed=confirmed)
            await self.written_down(work, submission_id)

    async def written_down(self, work, submission_id):
        """Known time is not the writer's business."""

    async def commit(self, writer):
        await self._end(self.writers.pop(writer, None), commit=True)

    async def roll_back(self, writer):
        await self._end(self.writers.pop(writer, None), commit=False)

    async def stamp(self, _):
        stamped = await _stamp(self.sequencer_engine, self.clock)
        assert self.leader is None or stamped == 0

    async def begin_stamp(self, _):
        if self.leader is None:
            self.leader = await self.ends.enter_async_context(UnitOfWork(self.sequencer_engine))
            await sequencer.stamp_pending(self.leader, self.clock)

    async def end_stamp(self, commit):
        leader, self.leader = self.leader, None
        await self._end(leader, commit=commit)

    async def _end(self, work, *, commit):
        if work is not None:
            if commit:
                await work.commit()
            await work.__aexit__(None, None, None)


STEPS = st.one_of(
    st.tuples(st.sampled_from(["write", "commit", "roll_back"]), st.sampled_from(WRITERS)),
    st.tuples(st.sampled_from(["stamp", "begin_stamp"]), st.none()),
    st.tuples(st.just("end_stamp"), st.booleans()),
    st.tuples(st.just("turn_clock"), st.sampled_from([-3600, -1, 1, 3600])),
)
TO_THE_END = [("end_stamp", True), *(("commit", writer) for writer in WRITERS), ("stamp", None)]
A_STRADDLING_TRANSACTION = [("write", 0), ("stamp", None), ("commit", 0)]
EVERY_EXAMPLE = settings(
    deadline=None,
    # The examples may share a database: each has a person of its own, and known time only goes forward.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(EVERY_EXAMPLE, max_examples=80)
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
@example(steps=A_STRADDLING_TRANSACTION)
@example(steps=[*A_STRADDLING_TRANSACTION, ("turn_clock", -3600)])
@example(steps=[("begin_stamp", None), ("write", 0), ("commit", 0), ("turn_clock", -1), ("end_stamp", True)])
async def test_a_transaction_that_straddles_a_moment_changes_no_answer_as_known_then(
    engine, sequencer_engine, keyring, steps
):
    assert await Story(engine, sequencer_engine, keyring).play([*steps, *TO_THE_END]) == []


@pytest.mark.long
@settings(EVERY_EXAMPLE, max_examples=1_000)
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
async def test_no_answer_as_known_at_any_moment_changes_in_long_stories(engine, sequencer_engine, keyring, steps):
    assert await Story(engine, sequencer_engine, keyring).play([*steps, *TO_THE_END]) == []


class StampedByItsStart(Story):
    """The registry as it would be if known time were the start of the writing transaction."""

    async def last_moment(self, work):
        return (await work.run(select(func.clock_timestamp()))).scalar_one()

    async def written_down(self, work, submission_id):
        await work.run(insert(t.stamp).values(seq=self.written, submission_id=submission_id, at=func.now()))


async def test_stamped_by_its_start_a_straddling_transaction_would_change_answers(
    owner_engine, sequencer_engine, keyring
):
    naive = StampedByItsStart(owner_engine, sequencer_engine, keyring)
    assert await naive.play([("write", 0), ("commit", 0)]) != []
