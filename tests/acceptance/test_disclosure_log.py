"""情報提供等の記録: person by person, whole for ever, and nothing is disclosed that nobody watches."""

from datetime import timedelta

import asyncpg
import pytest

from registry.services import disclosure_log
from registry.services.attendance import NOTHING_PROVIDED
from registry.store import disclosure_log as stored
from registry.store.keyring import Shredded
from registry.transparency.checkpoint import Checkpoint, cosign_checkpoint
from registry.transparency.entry import Disclosure, check_chain
from registry.transparency.note import Note
from tests.acceptance.asking import ask, refused, settle, told
from tests.acceptance.papers import by_name, by_number, kichiro, person, removed_record, report
from tests.acceptance.seen import outcomes, person_ids, receipt, rows
from tests.house import PENSION, TOWN, house
from tests.logged import about, log
from tests.transparency.signers import OTHER_WITNESS, WITNESS

pytestmark = pytest.mark.anyio

NOT_WATCHED = ("log-not-watched", set())


async def chain_of(registry, person_id, named=disclosure_log.subject_of):
    """All entries of a person's chain, opened."""
    async with registry.auditor.work() as work:
        entries = await stored.entries_of(work, [named(registry.resources, person_id)])
        return [await disclosure_log.opened(registry.resources, work, one) for one in entries]


async def owner(database, *statements):
    connection = await asyncpg.connect(database)
    for one in statements:
        await connection.execute(one)
    await connection.close()


# --------------------------------------------------------------------------------------- person by person


async def test_every_request_about_a_person_is_in_that_person_s_chain_and_in_nobody_else_s(registry, database):
    receipt(await registry.submit(report(person(), kichiro())))
    outcomes(await registry.deliver(removed_record()))
    await registry.sequence()
    await told(registry, PENSION)
    await registry.submit(report(person()), dry_run=True)
    await registry.sequence()
    chains = [await chain_of(registry, person_id) for person_id in await person_ids(database)]
    for chain in chains:
        check_chain(chain)
    assert sorted(map(len, chains)) == [1, 4]


async def test_an_entry_says_who_provided_and_when_or_that_nothing_was(registry):
    await settle(registry)
    await told(registry, PENSION)
    await told(registry, PENSION, search=by_name(birth_date="1980-01-01"))
    await ask(registry, PENSION, basis="条例")
    entries = await log(registry, "outcome", "asked_at", "provided_at", "provider", operation="inquiry")
    assert [outcome for outcome, *_ in entries] == ["found", "not-found", "refused"]
    assert {outcome for outcome, _, provided, _ in entries if provided is None} == {"not-found", "refused"}
    assert {outcome for outcome, *_ in entries} & NOTHING_PROVIDED == {"not-found", "refused"}
    assert entries[0][1] == entries[0][2]
    assert {provider for *_, provider in entries} == {"902012"}


async def test_what_the_person_is_not_shown_leaves_no_gap_in_the_person_s_chain(registry, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    shown = {
        "asked_at": registry.clock.now,
        "provided_at": None,
        "body": "body",
        "key_id": "key",
        "provider": "902012",
        "operation": "inquiry",
        "outcome": "found",
        "correlation_id": "1",
    }
    async with registry.resources.work() as work:
        for is_withheld in (False, True, True, False):
            disclosure = Disclosure(**shown, not_to_be_disclosed=is_withheld)
            await disclosure_log.record(registry.resources, work, disclosure, (person_id,))
        await work.commit()
    await registry.sequence()
    own = await chain_of(registry, person_id)
    withheld = await chain_of(registry, person_id, disclosure_log.withheld_subject_of)
    assert [[one.link.number for one in chain] for chain in (own, withheld)] == [[1, 2, 3], [1, 2]]
    check_chain(own)
    check_chain(withheld)


async def test_no_row_of_the_log_names_a_record(registry, database):
    receipt(await registry.submit(report()))
    await registry.deliver(removed_record())
    for placed in (False, True):
        if placed:
            await registry.sequence()
        (person_id,) = await person_ids(database)
        for table in ("log_pending", "log_entry", "log_head"):
            held = repr(await rows(database, f"SELECT row_to_json({table})::text FROM {table}"))  # noqa: S608 - our tables
            assert person_id not in held
            assert person_id.encode().hex() not in held


# ------------------------------------------------------------------------------------------ keys that end


async def test_a_record_that_is_shredded_leaves_its_log(registry, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    await owner(database, f"DELETE FROM data_key WHERE owner = '{person_id}'")  # noqa: S608 - an id
    await registry.sequence()
    (entry,) = await chain_of(registry, person_id)
    check_chain([entry])
    assert await log(registry, "outcome", about=about(registry, person_id)) == [("accepted",)]


async def test_a_year_whose_keys_were_destroyed_opens_for_nobody(registry, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    await registry.sequence()
    guard = "kept_for_its_years"
    await owner(database, f"ALTER TABLE log_year DISABLE TRIGGER {guard}", "DELETE FROM log_year")
    with pytest.raises(Shredded):
        await chain_of(registry, person_id)


# -------------------------------------------------------------------------------------- nobody watches: stop


async def in_bulk(registry):
    terms = {"affair": "pension-benefit", "basis": "番号法19条8号", "handled_by": "clerk-7", "fields": ["status"]}
    return await registry.post(PENSION, "/v1/inquiries/bulk", terms | {"people": [{"search": by_number()}]})


@pytest.mark.parametrize(
    "stopped",
    [
        lambda registry: ask(registry, PENSION),
        in_bulk,
        lambda registry: registry.get(TOWN, "/v1/removed-record-questions"),
        lambda registry: registry.get(TOWN, "/v1/supplementary-questions"),
    ],
    ids=["an inquiry", "an inquiry about many", "who is asked for", "whose supplementary record is asked for"],
)
async def test_nothing_is_disclosed_while_the_head_of_the_log_is_older_than_an_hour(registry, stopped):
    await settle(registry)
    assert (await stopped(registry)).status == 200
    registry.wall_clock.ahead = timedelta(hours=1, seconds=1)
    answer = await stopped(registry)
    assert (answer.status, answer.header("retry-after"), refused(answer)) == (503, "30", NOT_WATCHED)
    assert (await log(registry, "outcome", "codes"))[-1] == ("refused", ["log-not-watched"])
    await registry.sequence()
    registry.clock.advance(seconds=2)
    assert (await stopped(registry)).status == 200


async def test_what_comes_in_is_taken_in_all_the_same(registry):
    registry.wall_clock.ahead = timedelta(days=1)
    assert (await registry.submit(report())).status == 201
    assert (await registry.deliver(removed_record())).status == 200
    assert (await registry.get(PENSION, "/v1/grants")).status == 200


async def test_the_clock_of_the_sandbox_stops_nothing(registry):
    await settle(registry)
    registry.clock.advance(days=2)
    assert (await ask(registry, PENSION)).status == 200


@pytest.fixture
async def watched(database, tmp_path):
    listed = tmp_path / "witnesses"
    listed.write_text(f"# who watches\n{WITNESS.key.text} https://witness.example\n", encoding="utf-8")
    async with house(database, tmp_path, witnesses=listed) as opened:
        yield opened


async def cosign(registry, witness, ago=timedelta()):
    """Have the head cosigned; the registry looks a moment later."""
    at = int((registry.wall_clock() - ago).timestamp())
    async with registry.sequencer.work() as work:
        head = await stored.head(work)
        note = Note.parse(head.note)
        signed = note.signed(cosign_checkpoint(Checkpoint.parse(note.text), witness.key, witness.sign, at))
        await stored.keep_cosigned(work, signed.encode(), head.size, at)
        await work.commit()
    registry.clock.advance(seconds=2)


async def test_where_there_are_witnesses_only_their_cosignatures_count(watched):
    receipt(await watched.submit(report()))
    assert refused(await ask(watched, PENSION)) == NOT_WATCHED
    await cosign(watched, OTHER_WITNESS, ago=timedelta(minutes=59, seconds=30))
    assert refused(await ask(watched, PENSION)) == NOT_WATCHED
    await cosign(watched, WITNESS, ago=timedelta(minutes=59))
    assert (await ask(watched, PENSION)).status == 200
    watched.wall_clock.ahead = timedelta(minutes=2)
    await watched.sequence()
    assert refused(await ask(watched, PENSION)) == NOT_WATCHED
    await cosign(watched, WITNESS)
    assert (await ask(watched, PENSION)).status == 200


async def test_a_witness_that_still_signs_does_not_make_up_for_a_sequencer_that_stands(watched):
    watched.wall_clock.ahead = timedelta(hours=1, seconds=1)
    await cosign(watched, WITNESS)
    assert refused(await ask(watched, PENSION)) == NOT_WATCHED
    await watched.sequence()
    watched.clock.advance(seconds=2)
    assert (await ask(watched, PENSION)).status == 200


async def test_what_the_row_says_of_a_cosignature_counts_for_nothing(watched, database):
    await cosign(watched, WITNESS, ago=timedelta(hours=2))
    await owner(database, "UPDATE log_head SET cosigned_at = extract(epoch FROM now())")
    watched.clock.advance(seconds=2)
    assert refused(await ask(watched, PENSION)) == NOT_WATCHED
