"""A report on trial: the registry says what it would do and does nothing of it."""

import pytest

from registry.contract.decoding import decode, encode
from registry.contract.messages import EVIDENCE_HEADER, DryRun
from tests.acceptance.papers import (
    BOSTON,
    NEW_YORK,
    annulment,
    change,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import counts, grown, receipt, rows, told, versions
from tests.house import MISSION, TOWN
from tests.logged import log
from tests.planted import found_in

pytestmark = pytest.mark.anyio

ALBANY = NEW_YORK | {"city": "Albany"}
TRIALS = {
    "somebody new": report(kichiro()),
    "a change": change(address_abroad=ALBANY),
    "a household of two": report(person(), kichiro()),
    "a correction": report(effective="2024-04-03", replaces="report-1"),
    "an annulment": annulment("report-1"),
    "in review": report(kichiro(), address_abroad={"country": "US", "city": "New York"}),
    "a place elsewhere": report(kichiro(), address_abroad=BOSTON),
    "somebody else in a correction": report(kichiro(), replaces="report-1"),
    "unreadable": report(kichiro(), effective="2024-13-01"),
}


@pytest.mark.parametrize("message", TRIALS.values(), ids=TRIALS)
async def test_a_dry_run_stores_nothing_but_its_entry_in_the_log(registry, database, message):
    await registry.submit(report(), key="report-1")
    before, shown = await counts(database), await versions(database)
    await registry.submit(message, dry_run=True)
    assert grown(before, await counts(database)) == {"log_pending": 1, "nonce": 1}
    assert await versions(database) == shown
    assert await rows(database, "SELECT state FROM submission") == [("accepted",)]


@pytest.mark.parametrize("message", TRIALS.values(), ids=TRIALS)
async def test_a_dry_run_says_what_the_report_itself_is_told(registry, message):
    await registry.submit(report(), key="report-1")
    trial = await registry.submit(message, dry_run=True)
    real = await registry.submit(message)
    if real.status != 201:
        assert told(trial) == told(real)
        return
    said, given = decode(trial.body, DryRun), receipt(real)
    assert (trial.status, said.state, said.warnings) == (200, given.state, given.warnings)
    assert list(map(_became, said.people)) == list(map(_became, given.people))


def _became(outcome):
    return outcome.index, outcome.link, outcome.confirmed, outcome.status


async def test_the_first_dry_run_of_all_leaves_the_registry_as_it_was(registry, database):
    before = await counts(database)
    await registry.submit(report(), dry_run=True)
    assert grown(before, await counts(database)) == {"log_pending": 1, "nonce": 1}
    assert (await registry.submit(report())).status == 201


CHANGES = {
    "somebody new": (
        report(kichiro()),
        [("comes", "resident-abroad", "2024-04-01", None)],
        ("residence-reported", [MISSION]),
    ),
    "a change": (
        change(address_abroad=ALBANY),
        [
            ("goes", "resident-abroad", "2024-04-01", None),
            ("comes", "resident-abroad", "2024-04-01", "2024-06-01"),
            ("comes", "resident-abroad", "2024-06-01", None),
        ],
        ("address-changed", [TOWN, MISSION]),
    ),
    "a correction": (
        report(effective="2024-04-03", replaces="report-1"),
        [
            ("goes", "provisional", "2024-03-31", "2024-04-01"),
            ("goes", "resident-abroad", "2024-04-01", None),
            ("comes", "provisional", "2024-03-31", "2024-04-03"),
            ("comes", "resident-abroad", "2024-04-03", None),
        ],
        ("residence-reported", [TOWN, MISSION]),
    ),
    "an annulment": (
        annulment("report-1"),
        [
            ("goes", "provisional", "2024-03-31", "2024-04-01"),
            ("goes", "resident-abroad", "2024-04-01", None),
            ("comes", "provisional", "2024-03-31", None),
        ],
        ("annulled", [TOWN, MISSION]),
    ),
}


@pytest.mark.parametrize(("message", "changes", "event"), CHANGES.values(), ids=CHANGES)
async def test_a_dry_run_shows_which_versions_would_go_and_come_and_who_would_be_told(
    registry, message, changes, event
):
    await registry.deliver(removed_record())
    await registry.submit(report(), key="report-1")
    said = decode((await registry.submit(message, dry_run=True)).body, DryRun)
    assert [_line(one) for one in said.changes] == changes
    assert (said.events, list(said.recipients)) == ((event[0],), event[1])


def _line(change_):
    ends = (None if day is None else day.isoformat() for day in (change_.certain_from, change_.certain_to))
    return change_.change, str(change_.status), *ends


async def test_a_dry_run_names_fields_and_no_values(registry):
    await registry.deliver(removed_record())
    await registry.submit(report(), key="report-1")
    answer = await registry.submit(change(address_abroad=ALBANY), dry_run=True)
    said = decode(answer.body, DryRun)
    assert {"address_abroad", "birth_date", "individual_number", "name"} <= set(said.changes[-1].fields)
    assert found_in(answer.body) == ()


async def test_a_dry_run_of_a_household_says_whose_versions_they_are(registry):
    said = decode((await registry.submit(report(person(), kichiro()), dry_run=True)).body, DryRun)
    assert [(one.person_index, one.change) for one in said.changes] == [(0, "comes"), (1, "comes")]


async def test_the_log_says_that_it_was_a_dry_run(registry):
    await registry.submit(report(), dry_run=True)
    await registry.submit(report(address_abroad=BOSTON), dry_run=True)
    entries = await log(registry, "operation", "outcome", "codes")
    assert entries == [("dry-run", "dry-run", []), ("dry-run", "refused", ["mission-not-competent"])]


@pytest.mark.parametrize("spelling", ["True", "TRUE", "1", "yes", ""])
async def test_a_dry_run_asked_for_in_another_spelling_is_not_taken_for_a_real_report(registry, database, spelling):
    content = encode(report())
    headers = ((EVIDENCE_HEADER, registry.evidence(MISSION, content)),)
    await registry.post(MISSION, f"/v1/submissions?dry_run={spelling}", content, headers=headers)
    assert await rows(database, "SELECT 1 FROM submission") == []
