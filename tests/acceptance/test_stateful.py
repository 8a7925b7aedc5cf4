"""A whole registry against a few lists: whatever comes, in whatever order, both say the same.

Hypothesis plays :mod:`tests.acceptance.stories` over the signed interface and on a real PostgreSQL. After each step
everything stored and much that is answered is held against :mod:`tests.acceptance.plain_registry`, which knows only
what was acknowledged and the rules of ``registry.domain``. One registry serves all stories of a run; each begins with
an empty one.
"""

import asyncio
from contextlib import contextmanager

import asyncpg
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from registry.contract.decoding import decode
from registry.contract.messages import Receipt, SubmissionState
from tests.acceptance import papers
from tests.acceptance.cast import PLACES
from tests.acceptance.stories import Story
from tests.house import MISSION, NOW, house


class World:
    """The real registry, its one event loop, and a connection that sees all tables."""

    def __init__(self, run, opened, connection) -> None:
        self.run = run
        self.house = opened
        self._connection = connection
        tables = [row[0] for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        self._filled_by_stories = [table for table in tables if table == "known_until" or not self._has_rows(table)]

    def rows(self, query):
        return self.run(self._connection.fetch(query))

    def _has_rows(self, table):
        return bool(self.rows(f"SELECT FROM {table} LIMIT 1"))

    def begin_again(self) -> None:
        """Empty what a story fills; as a replica, for otherwise the log lets nobody delete.

        Some milliseconds, where a fresh clone of the database with a registry on it takes a hundred.
        """
        emptied = "; ".join(f"DELETE FROM {table}" for table in self._filled_by_stories)  # noqa: S608 - tables of ours
        as_replica = f"SET session_replication_role = replica; {emptied}; SET session_replication_role = DEFAULT"
        self.run(self._connection.execute(as_replica))
        self.house.clock.now = NOW


@contextmanager
def world(dsn, folder):
    with asyncio.Runner() as runner:
        opening = house(dsn, folder)
        opened = runner.run(opening.__aenter__())
        connection = runner.run(asyncpg.connect(dsn))
        try:
            yield World(runner.run, opened, connection)
        finally:
            runner.run(connection.close())
            runner.run(opening.__aexit__(None, None, None))


def play(dsn, folder, **how):
    with world(dsn, folder) as played_in:
        run_state_machine_as_test(lambda: Story(played_in), settings=settings(deadline=None, **how))


def test_whatever_comes_in_whatever_order_the_registry_says_what_the_rules_make_of_it(database, tmp_path):
    # Always the same stories, and none is made shorter: that is left to the long form, for it takes minutes.
    play(database, tmp_path, max_examples=10, stateful_step_count=16, derandomize=True, phases=[Phase.generate])


@pytest.mark.long
def test_the_same_holds_in_long_stories(database, tmp_path):
    play(database, tmp_path, max_examples=60, stateful_step_count=40)


@pytest.mark.anyio
async def test_a_report_is_in_review_again_when_what_mended_it_is_taken_back(registry):
    doubtful = papers.report(address_abroad=PLACES["nobody knows which Springfield"])
    first = decode((await registry.submit(doubtful)).body, Receipt)
    mended = decode((await registry.submit(papers.report(replaces=first.submission_id))).body, Receipt)
    await registry.submit(papers.annulment(mended.submission_id))
    answer = await registry.get(MISSION, f"/v1/submissions/{first.submission_id}")
    assert first.state is SubmissionState.IN_REVIEW
    assert decode(answer.body, Receipt).state is SubmissionState.IN_REVIEW


@pytest.mark.anyio
async def test_a_report_that_was_taken_back_twice_stays_annulled_while_one_of_the_two_stands(registry):
    async def takes_back(receipt):
        return decode((await registry.submit(papers.annulment(receipt.submission_id))).body, Receipt)

    report = decode((await registry.submit(papers.report())).body, Receipt)
    first = await takes_back(report)
    of_the_first = await takes_back(first)
    await takes_back(report)
    await takes_back(of_the_first)  # so that the first stands again, beside the second
    await takes_back(first)
    answer = await registry.get(MISSION, f"/v1/submissions/{report.submission_id}")
    assert decode(answer.body, Receipt).state is SubmissionState.ANNULLED
