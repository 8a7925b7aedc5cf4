"""転出扱い: the nightly run presumes, the next report lifts, and whoever asks is told so."""

import pytest
from anyio import to_thread

from municipality_sync.nightly import commands
from registry.contract.messages import Flags
from registry.services import presumed_departures
from tests.acceptance.asking import told, with_number
from tests.acceptance.papers import NEW_YORK, by_name, change, event, line, removed_record, report
from tests.acceptance.seen import cases, events_told, history, outcomes, receipt, rows, statuses
from tests.house import MISSION, PENSION, TOWN, a_log_key

pytestmark = pytest.mark.anyio


async def presumed(registry):
    """How many departures one night presumes."""
    made = [one async for one in presumed_departures.run(registry.ex_officio)]
    await registry.stamp()
    return len(made)


async def test_who_is_silent_for_a_year_after_the_planned_end_is_presumed_to_have_left(registry, database):
    await registry.deliver(removed_record())
    receipt(await registry.submit(report(with_number(), planned_end="2024-09-30")))
    registry.clock.advance(days=273)
    assert (registry.clock.now.date().isoformat(), await presumed(registry)) == ("2025-09-30", 0)
    registry.clock.advance(days=1)
    assert [await presumed(registry) for _ in range(2)] == [1, 0]
    answer = await told(registry, PENSION, search=by_name())
    assert [one.flags for one in answer.versions] == [
        Flags(presumed_departed=True, last_confirmed=answer.versions[0].flags.last_confirmed)
    ]
    assert await events_told(database, "presumed-departed") == [[TOWN, MISSION]]


async def test_the_nightly_command_presumes_before_it_reconciles(registry, database, tmp_path, monkeypatch):
    """It goes by the real clock, which runs years ahead of this registry's."""
    receipt(await registry.submit(report(planned_end="2024-09-30")))
    for name, value in {
        "DSN": database,
        "KEYS": tmp_path / "keys.json",
        "SIGNING_KEY": tmp_path / "registry.pem",
        "LOG_KEY": a_log_key(tmp_path),
    }.items():
        monkeypatch.setenv(f"REGISTRY_{name}", str(value))
    assert await to_thread.run_sync(commands.reconcile) == 0
    assert await rows(database, "SELECT FROM idempotency") == []  # answered more than 90 days before
    assert await rows(database, "SELECT status FROM version WHERE upper_inf(possible)") == [("presumed-departed",)]
    assert await rows(database, "SELECT outcome FROM reconciliation") == [("no-removed-record",)]


@pytest.mark.parametrize(
    ("effective", "expected"),
    [
        ("2025-11-01", ["resident-abroad", "presumed-departed", "resident-abroad"]),
        ("2025-02-01", ["resident-abroad", "resident-abroad"]),
    ],
    ids=["from a later day on", "altogether: it was wrong"],
)
async def test_the_next_report_lifts_a_presumption(registry, database, effective, expected):
    receipt(await registry.submit(report(planned_end="2024-09-30")))
    registry.clock.advance(days=340)
    assert await presumed(registry) == 1
    receipt(await registry.submit(change(address_abroad=NEW_YORK, effective=effective, notified_on="2025-11-05")))
    assert await statuses(registry) == expected
    assert await cases(database) == []


async def test_who_settled_for_good_is_presumed_to_have_left_only_when_nobody_answers(registry):
    receipt(await registry.submit(report()))
    registry.clock.advance(days=700)
    assert await presumed(registry) == 0
    receipt(await registry.submit(event("unreachable", effective="2025-06-01", notified_on="2025-06-10")))
    registry.clock.advance(days=-300)
    assert await presumed(registry) == 0
    registry.clock.advance(days=300)
    assert await presumed(registry) == 1
    assert await history(registry) == [
        ("resident-abroad", "New York", "2024-04-01", "2025-06-01"),
        ("resident-abroad", "New York", "2025-06-01", "2026-06-02"),
        ("presumed-departed", "New York", "2026-06-02", None),
    ]


async def test_a_return_heard_of_later_contradicts_no_presumption(registry, database):
    await registry.deliver(removed_record())
    receipt(await registry.submit(report(with_number(), planned_end="2024-09-30")))
    registry.clock.advance(days=340)
    assert await presumed(registry) == 1
    home = line(2, "国外転入等", effective="2024-10-05", notified_on="2024-10-10")
    outcomes(await registry.deliver(removed_record(line(), home), extract="extract-2"))
    assert (await statuses(registry))[-1] == "returned"
    assert await cases(database) == []
