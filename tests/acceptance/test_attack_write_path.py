"""Many at once or one after the other: the registry is the same afterwards, and so is what everybody was told.

And what else the way of writing promises: whoever takes a connection next finds nothing of the one before, a signature
is good for one request, and neither a lost race nor a wider table stops the registry.
"""

import asyncio
import os
import re
from itertools import count
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from registry.contract.client import SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.messages import EVIDENCE_HEADER, BatchAnswer, Receipt
from registry.contract.problems import Problem
from registry.rounds import every
from registry.store import callers
from registry.store import records as stored_records
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.unit_of_work import Taken, UnitOfWork
from tests.acceptance import papers
from tests.acceptance.asking import ask
from tests.acceptance.cast import CAST, CHECKED, PLACES, member
from tests.acceptance.seen import cases, outcomes, rows
from tests.acceptance.test_stateful import world
from tests.house import MISSION, NOW, PENSION, TOWN, URL
from tests.logged import about, log

BOSTON = "JP-CG-BOSTON"
AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


# ---------------------------------------------------------------------------------- what is there afterwards


class Seen:
    """Everything stored, in names that two runs have in common."""

    def __init__(self, played_in, order) -> None:
        self.played_in = played_in
        self.names = {}
        submissions = played_in.rows("SELECT submission_id::text, kind, sender_key FROM submission")
        for row in submissions:
            self.names[row["submission_id"]] = order.get(row["submission_id"], row["sender_key"])
        links = played_in.rows("SELECT submission_id::text, person_index, person_id::text FROM link")
        place = {name: number for number, name in enumerate(order["order"])}
        by_place = sorted(
            links, key=lambda row: (place.get(self.names[row["submission_id"]], 999), row["person_index"])
        )
        for row in by_place:
            label = f"person {self.names[row['submission_id']]}/{row['person_index']}"
            self.names.setdefault(row["person_id"], label)

    def named(self, text):
        return AN_ID.sub(lambda found: self.names.get(found.group(), "?"), str(text))

    def table(self, columns, table):
        rows = self.played_in.rows(f"SELECT {columns} FROM {table}")  # noqa: S608 - names of ours
        return sorted(self.named(list(row.values())) for row in rows)

    def log(self):
        house = self.played_in.house
        people = [name for name in self.names if self.names[name].startswith("person ")]
        names = {about(house, one): self.names[one] for one in people}
        columns = ("body", "operation", "outcome", "codes", "number_accessed", "about")
        entries = self.played_in.run(log(house, *columns, operation="submission"))
        return sorted(str([*one, names.get(subject)]) for *one, subject in entries)

    def everything(self):
        return {
            "submissions": self.table("submission_id::text, kind, state, replaces::text", "submission"),
            "links": self.table("submission_id::text, person_index, person_id::text, method, confirmed", "link"),
            "versions": self.table(
                "person_id::text, made_by, status, mission, municipality, certain::text, possible::text, disputed, "
                "last_confirmed, revision",
                "version",
            ),
            "movements": self.table("movement_id, person_id::text, kind, earliest, latest, replaces", "movement"),
            "numbers": self.table("person_id::text, kind, encode(key, 'hex')", "living_number"),
            "keys": self.table("person_id::text, kind, encode(key, 'hex'), current", "search_key"),
            "cases": self.table(
                "person_id::text, submission_id::text, kind, field, closed_at IS NULL, "
                "(SELECT coalesce(array_agg(r::text ORDER BY r), '{}') FROM unnest(rivals) r)",
                "review_case",
            ),
            "events": self.table("person_id::text, submission_id::text, kind, recipients", "event"),
            "log": self.log(),
            "events in their order": self.table(
                "person_id::text, array_agg(submission_id::text || kind ORDER BY event_id)", "event GROUP BY person_id"
            ),
            "reconciliation": self.table("person_id::text, outcome, fields, holding, confirmed", "reconciliation"),
            "removed": self.table("person_id::text, first_submission_id::text, submission_id::text", "removed_record"),
            "answers": self.table("body, key, status", "idempotency WHERE key NOT LIKE 'whole-%'"),
        }


def of_receipt(receipt):
    people = [(one.index, str(one.link), one.confirmed, str(one.status)) for one in receipt.people]
    return str(receipt.state), people, sorted((fault.pointer, str(fault.code)) for fault in receipt.warnings)


def of_problem(problem):
    return str(problem.code), sorted((fault.pointer, str(fault.code)) for fault in problem.faults)


# ------------------------------------------------------------------------------------------------- reports


async def one_by_one(house, items):
    said = []
    for key, report in items:
        answer = await house.submit(report, key=key)
        said.append(
            of_problem(decode(answer.body, Problem)) if answer.is_problem else of_receipt(decode(answer.body, Receipt))
        )
    return said


async def in_a_batch(house, items):
    told = [
        {"idempotency_key": key, "report": encode(one).decode(), "evidence": house.evidence(MISSION, encode(one))}
        for key, one in items
    ]
    answer = await house.post(MISSION, "/v1/submissions/batch", {"items": told}, key="whole-batch")
    assert answer.status == 200, (answer.status, answer.body)
    await house.stamp()
    return [
        of_problem(one.problem) if one.receipt is None else of_receipt(one.receipt)
        for one in decode(answer.body, BatchAnswer).items
    ]


async def prepared(house, before):
    for number, (body, paper) in enumerate(before):
        if "lines" in paper:
            answer = await house.deliver(paper, body=body, extract=f"before-{number}", key=f"before-{number}")
        else:
            answer = await house.submit(paper, body=body, key=f"before-{number}")
        assert answer.status in {200, 201, 422}, answer.body


def compared(played_in, before, items):
    seen = []
    for way in (one_by_one, in_a_batch):
        played_in.begin_again()
        played_in.run(prepared(played_in.house, before))
        said = played_in.run(way(played_in.house, items))
        order = {"order": [*(f"before-{number}" for number in range(len(before))), *(key for key, _ in items)]}
        for row in played_in.rows(
            "SELECT submission_id::text FROM submission WHERE kind = 'removed-record' ORDER BY received_at"
        ):
            order[row["submission_id"]] = f"removed-{len(order)}"
            order["order"].insert(0, order[row["submission_id"]])
        seen.append((said, Seen(played_in, order).everything()))
    (said_alone, alone), (said_together, together) = seen
    assert said_together == said_alone
    for table, there in alone.items():
        assert together[table] == there, table


@pytest.fixture
def played_in(database, tmp_path):
    """A registry that can begin again; its ids count, for movements of one day follow each other by their ids."""
    numbers = count(1)
    with world(database, tmp_path) as opened:
        msgspec.structs.force_setattr(opened.house.resources, "new_id", lambda: str(UUID(int=next(numbers))))
        yield opened


def claiming(who, whose):
    return member(who) | {"individual_number": CAST[whose].number, "number_check": CHECKED}


VAGUE = PLACES["nobody knows which Springfield"]
ALBANY = PLACES["Albany"]
TELEPHONE = {"email": "h@mail.example"}

TABLE = {
    "a correction of an earlier item": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.report(member("Hanako"), effective="2024-04-02", replaces="report-a")),
        ],
    ),
    "a correction of nothing after a good one": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.report(member("Kichiro"), replaces="no-such")),
        ],
    ),
    "an annulment of the annulment": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.annulment("report-a", member("Hanako"))),
            ("report-c", papers.annulment("report-b", member("Hanako"))),
        ],
    ),
    "the same person twice": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.change(member("Hanako"), address_abroad=ALBANY)),
            (
                "report-c",
                papers.change(member("Hanako"), effective="2024-07-01", notified_on="2024-07-02", contact=TELEPHONE),
            ),
        ],
    ),
    "a report that is mended in the same batch": (
        [],
        [
            ("report-a", papers.report(member("Hanako"), address_abroad=VAGUE)),
            ("report-b", papers.report(member("Hanako"), replaces="report-a")),
        ],
    ),
    "a report that is mended in the same batch, of somebody known": (
        [(TOWN, papers.removed_record())],
        [
            ("report-a", papers.report(member("Hanako"), address_abroad=VAGUE)),
            ("report-b", papers.report(member("Hanako"), replaces="report-a")),
        ],
    ),
    "a report that is taken back in the same batch": (
        [(MISSION, papers.report(member("Hanako")))],
        [
            ("report-a", papers.change(member("Hanako"), address_abroad=VAGUE)),
            ("report-b", papers.annulment("report-a", member("Hanako"), address_abroad=None)),
        ],
    ),
    "a number that its holder has, before a change of the holder": (
        [(MISSION, papers.report(claiming("Hanako", "Hanako")))],
        [
            ("report-a", papers.report(claiming("Kichiro", "Hanako"))),
            ("report-b", papers.change(member("Hanako"), address_abroad=ALBANY)),
        ],
    ),
    "a number in one item, its change by its holder in the next": (
        [(MISSION, papers.report(claiming("Hanako", "Hanako")))],
        [
            ("report-a", papers.report(claiming("Kichiro", "Hanako"))),
            ("report-b", papers.report(claiming("Hanako", "her double"), replaces="before-0")),
        ],
    ),
    "two new people claim one number": (
        [],
        [
            ("report-a", papers.report(claiming("Hanako", "Hanako"))),
            ("report-b", papers.report(claiming("Kichiro", "Hanako"))),
        ],
    ),
    "households that share people": (
        [],
        [
            ("report-a", papers.report(member("Hanako"), member("Kichiro"))),
            ("report-b", papers.change(member("Kichiro"), address_abroad=ALBANY)),
            (
                "report-c",
                papers.change(
                    member("Kichiro"),
                    member("Hanako"),
                    effective="2024-07-01",
                    notified_on="2024-07-02",
                    contact=TELEPHONE,
                ),
            ),
        ],
    ),
    "a refused one between good ones": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.report(member("Hanako"), member("Hanako"))),
            ("report-c", papers.change(member("Hanako"), address_abroad=ALBANY)),
        ],
    ),
    "somebody twice in a household after an item about them": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.change(member("Hanako"), member("Hanako"), address_abroad=ALBANY)),
        ],
    ),
    "one that replaces what was refused": (
        [],
        [
            ("report-a", papers.report(member("Hanako"), address_abroad=papers.BOSTON)),
            ("report-b", papers.report(member("Hanako"), replaces="report-a")),
            ("report-c", papers.report(member("Hanako"))),
        ],
    ),
    "the same key twice": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-a", papers.report(member("Hanako"))),
            ("report-a", papers.report(member("Kichiro"))),
        ],
    ),
    "somebody else in a correction": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.report(member("Kichiro"), replaces="report-a")),
            ("report-c", papers.report(member("Kichiro"))),
        ],
    ),
    "what was corrected already": (
        [],
        [
            ("report-a", papers.report(member("Hanako"))),
            ("report-b", papers.report(member("Hanako"), effective="2024-04-02", replaces="report-a")),
            ("report-c", papers.report(member("Hanako"), effective="2024-04-03", replaces="report-a")),
        ],
    ),
    "a report from another area on somebody of the same batch": (
        [(BOSTON, papers.report(member("Kichiro"), mission=BOSTON, address_abroad=papers.BOSTON))],
        [
            ("report-a", papers.change(member("Kichiro"), contact=TELEPHONE)),
            ("report-b", papers.report(member("Kichiro"), replaces="report-a")),
        ],
    ),
}


@pytest.mark.parametrize(("before", "items"), TABLE.values(), ids=TABLE)
def test_a_batch_leaves_what_its_reports_one_by_one_leave(played_in, before, items):
    compared(played_in, before, items)


# ------------------------------------------------------------------------------------------ whatever comes

KEYS = ["report-a", "report-b", "report-c", "report-d", "report-e"]
PEOPLE = st.lists(
    st.tuples(st.sampled_from(list(CAST)), st.sampled_from([None, None, "Hanako", "Kichiro", "her double"])),
    min_size=1,
    max_size=2,
)
PLACE = st.sampled_from([papers.NEW_YORK, ALBANY, VAGUE, None, papers.BOSTON])
DAY = st.sampled_from(["2024-04-01", "2024-04", "2024-06-01", "2024-02-10"])
NOTIFIED = st.sampled_from(["2024-06-05", "2024-09-01"])


def household(people):
    return [member(who) if whose is None else claiming(who, whose) for who, whose in people]


def a_report(kind, people, place, day, notified_on, replaces):
    if kind == "annulment":
        if replaces is None:
            kind = "change"
        else:
            return papers.report(
                *household(people), kind=kind, replaces=replaces, effective=day, notified_on=notified_on
            )
    if kind == "residence":
        place = place or papers.NEW_YORK
    if kind == "return":
        place = None
    extra = {"contact": TELEPHONE} if kind == "change" and place is None else {}
    return papers.report(
        *household(people),
        kind=kind,
        address_abroad=place,
        effective=day,
        notified_on=notified_on,
        replaces=replaces,
        **extra,
    )


REPORTS = st.builds(
    a_report,
    st.sampled_from(["residence", "residence", "change", "return", "annulment"]),
    PEOPLE,
    PLACE,
    DAY,
    NOTIFIED,
    st.one_of(st.none(), st.sampled_from([*KEYS, "before-0", "before-1"])),
)
ITEMS = st.lists(st.tuples(st.sampled_from(KEYS), REPORTS), min_size=2, max_size=5)
REMOVED = st.builds(
    lambda who, whose, reason: (
        TOWN,
        papers.removed_record(
            papers.line(
                name=CAST[who].name,
                birth_date=CAST[who].birth_date,
                sex=CAST[who].sex,
                honseki={"text": CAST[who].honseki},
                individual_number=whose and CAST[whose].number,
            ),
            *(
                [
                    papers.line(
                        2,
                        reason,
                        name=CAST[who].name,
                        birth_date=CAST[who].birth_date,
                        sex=CAST[who].sex,
                        honseki={"text": CAST[who].honseki},
                        individual_number=whose and CAST[whose].number,
                        effective="2024-05-01",
                        notified_on="2024-05-01",
                    )
                ]
                if reason
                else []
            ),
            addressee_number=CAST[who].addressee_number,
        ),
    ),
    st.sampled_from(list(CAST)),
    st.sampled_from([None, "Hanako", "Kichiro", "her double"]),
    st.sampled_from([None, None, "異動の取消し(減)", "国外転入等", "死亡"]),
)
BEFORE = st.lists(
    st.one_of(
        REMOVED,
        REPORTS.map(lambda one: (MISSION, one)),
        st.sampled_from(list(CAST)).map(
            lambda who: (BOSTON, papers.report(member(who), mission=BOSTON, address_abroad=papers.BOSTON))
        ),
    ),
    max_size=3,
)
MANY = settings(
    max_examples=int(os.environ.get("ATTACK", "60")),
    deadline=None,
    derandomize="ATTACK" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=True,
)


@MANY
@given(before=BEFORE, items=ITEMS)
def test_whatever_reports_come_together_leave_what_they_leave_one_by_one(played_in, before, items):
    compared(played_in, before, items)


# ---------------------------------------------------------------------------------------------- parts of 除票


def of_outcome(one):
    person = None if one.person is None else (str(one.person.link), one.person.confirmed, str(one.person.status))
    return str(one.state), person, sorted((fault.pointer, str(fault.code)) for fault in one.faults)


def compared_parts(played_in, before, records):
    seen = []
    for together in (False, True):
        played_in.begin_again()
        played_in.run(prepared(played_in.house, before))
        order = {"order": [f"before-{number}" for number in range(len(before))]}
        for row in played_in.rows(
            "SELECT submission_id::text FROM submission WHERE kind = 'removed-record' ORDER BY submission_id"
        ):
            order[row["submission_id"]] = f"removed-{len(order)}"
            order["order"].append(order[row["submission_id"]])
        parts = [records] if together else [[one] for one in records]
        told = []
        for number, part in enumerate(parts):
            answer = played_in.run(played_in.house.deliver(*part, key=f"whole-part-{number}", part=number + 1))
            assert answer.status == 200, (answer.status, answer.body)
            told += outcomes(answer)
        for number, one in enumerate(told):
            if one.submission_id and one.submission_id not in order:
                order[one.submission_id] = f"record-{number}"
                order["order"].append(f"record-{number}")
        seen.append(([of_outcome(one) for one in told], Seen(played_in, order).everything()))
    (said_alone, alone), (said_together, together) = seen
    assert said_together == said_alone
    for table, there in alone.items():
        assert together[table] == there, table


def removed(who, **fields):
    """The 除票 of somebody: the number is another's where ``individual_number`` says so."""
    role = CAST[who]
    told = {"name": role.name, "birth_date": role.birth_date, "sex": role.sex, "honseki": {"text": role.honseki}}
    line = papers.line(**(told | {"individual_number": role.number} | fields))
    return papers.removed_record(line, addressee_number=role.addressee_number)


PARTS = {
    "the same one twice": ([], [removed("Hanako"), removed("Hanako")]),
    "one and its correction": ([], [removed("Hanako"), removed("Hanako", effective="2024-03-30")]),
    "a number in one, then somebody else with it": (
        [],
        [removed("Hanako"), removed("Kichiro", individual_number=CAST["Hanako"].number)],
    ),
    "a number that its holder has, before the 除票 of the holder": (
        [(MISSION, papers.report(claiming("Hanako", "Hanako")))],
        [removed("Kichiro", individual_number=CAST["Hanako"].number), removed("Hanako", individual_number=None)],
    ),
    "a correction to another person between good ones": (
        [(TOWN, removed("Hanako"))],
        [
            removed("Kichiro"),
            removed("Kichiro", individual_number=None) | {"addressee_number": CAST["Hanako"].addressee_number},
            removed("her namesake"),
        ],
    ),
}


@pytest.mark.parametrize(("before", "records"), PARTS.values(), ids=PARTS)
def test_a_part_leaves_what_its_removed_records_one_by_one_leave(played_in, before, records):
    compared_parts(played_in, before, records)


@MANY
@given(before=BEFORE, records=st.lists(REMOVED.map(lambda one: one[1]), min_size=2, max_size=5))
def test_whatever_removed_records_come_in_a_part_leave_what_they_leave_one_by_one(played_in, before, records):
    compared_parts(played_in, before, records)


# ------------------------------------------------------------------------------------------------ very many

DIGITS = ("山川田中村木林森石池", "上下大小前後北南東西", "一二三四五六七八九十", "春夏秋冬")
KANA = "カキクケコサシスセソタチツテトナニヌネノ"


def somebody(number):
    """One of 4,000 people, each found under four spellings."""
    places = [number // 10**place for place in range(4)]
    kanji = "高橋" + "".join(signs[place % len(signs)] for signs, place in zip(DIGITS, places, strict=True))
    kana = "タカハシ" + "".join(KANA[number // 20**place % 20] for place in range(3))
    latin = "TAKAHASHI" + "".join(chr(65 + number // 26**place % 26) for place in range(3))
    name = {"surname": kanji, "surname_kana": kana, "surname_latin": latin}
    return papers.person(name=name | {"given": "花子", "given_kana": "ハナコ", "given_latin": "HANAKO"})


async def links_of_a_batch(registry, make, households, size, **fields):
    household = [[somebody(number * size + index) for index in range(size)] for number in range(households)]
    sent = [encode(make(*people, **fields)) for people in household]
    items = [
        {"idempotency_key": uuid4().hex, "report": one.decode(), "evidence": registry.evidence(MISSION, one)}
        for one in sent
    ]
    answer = await registry.post(MISSION, "/v1/submissions/batch", {"items": items})
    return {str(person.link) for one in decode(answer.body, BatchAnswer).items for person in one.receipt.people}


@pytest.mark.anyio
async def test_nobody_in_a_batch_is_overlooked_because_of_the_others(registry, monkeypatch):
    monkeypatch.setattr("registry.services.records.MOST_PEOPLE", 10, raising=False)
    await links_of_a_batch(registry, papers.report, households=2, size=3)
    found = await links_of_a_batch(registry, papers.change, households=2, size=3, address_abroad=ALBANY)
    assert found == {"exact-basic-four"}


@pytest.mark.long
@pytest.mark.anyio
async def test_nobody_in_the_largest_batch_is_overlooked(registry):
    await links_of_a_batch(registry, papers.report, households=100, size=30)
    found = await links_of_a_batch(registry, papers.change, households=100, size=30, address_abroad=ALBANY)
    assert found == {"exact-basic-four"}


# ------------------------------------------------------------------------------------------- one report alone


@pytest.mark.anyio
async def test_who_holds_a_number_keeps_it_when_a_newcomer_of_the_household_claims_it(registry, database):
    await registry.submit(papers.report(claiming("Hanako", "Hanako")), key="report-1")
    held = "SELECT person_id::text FROM living_number"
    before = await rows(database, held)
    both = papers.report(claiming("Kichiro", "Hanako"), member("Hanako"), address_abroad=ALBANY)
    assert (await registry.submit(both)).status == 201
    assert await rows(database, held) == before
    assert ("number-held-by-another", "individual-number") in await cases(database)


# ------------------------------------------------------------------------------ what goes wrong beside the way


@pytest.mark.anyio
async def test_who_came_second_by_an_instant_tries_again_also_beside_the_requests():
    tries = []

    async def act():
        tries.append(len(tries))
        raise Taken("pk_living_number") if len(tries) == 1 else asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await every(0, act)()
    assert len(tries) == 2


WITHOUT_KEYS = (
    "SET session_replication_role = replica; DELETE FROM data_key; DELETE FROM log_year; DELETE FROM monthly_kek"
)


@pytest.mark.anyio
async def test_after_a_restore_nothing_is_sealed_with_a_key_that_is_not_there(registry, database):
    given = registry.resources

    async def prepared_keys():
        async with given.work() as work:
            await given.keyring.prepare(work, NOW)
            await work.commit()

    await prepared_keys()
    await prepared_keys()  # from now on it is at hand
    await executed(database, WITHOUT_KEYS)
    await prepared_keys()
    owner = str(uuid4())
    async with given.work() as work:
        await given.keyring.make(work, owner, NOW)
        await work.commit()
    async with registry.ex_officio.work() as work:
        assert await Keyring(given.provider).find(work, owner)


@pytest.mark.anyio
@pytest.mark.parametrize("table", ["nonce", "submission"])
async def test_a_column_added_while_the_registry_runs_costs_a_retry_at_most(registry, database, table):
    assert (await registry.submit(papers.report())).status == 201
    await executed(database, f"ALTER TABLE {table} ADD COLUMN remark text")
    seen = [(await registry.submit(papers.report(papers.kichiro()))).status for _ in range(3)]
    seen += [(await ask(registry, PENSION)).status for _ in range(3)]
    assert set(seen[1:]) <= {200, 201}
    assert seen[0] in {201, 503}


async def executed(database, statement):
    connection = await asyncpg.connect(database)
    await connection.execute(statement)
    await connection.close()


@pytest.mark.anyio
@pytest.mark.parametrize("only_reads", [False, True], ids=["in a transaction", "without"])
@pytest.mark.parametrize("statements_before", [0, 1])
async def test_a_mistake_of_ours_is_logged_with_its_state_whichever_way_it_went(
    registry, only_reads, statements_before
):
    """The log names ``error.orig.sqlstate``, and who runs beside the requests goes on after an SQLAlchemyError."""
    async with registry.ex_officio.work(only_reads=only_reads) as work:
        for _ in range(statements_before):
            await work.run_prepared(stored_records._FIND, NOBODY)
        work.later(stored_records.LIVING_NUMBER, NUMBER_OF_NOBODY)
        with pytest.raises(SQLAlchemyError) as met:
            await work.write()
    assert getattr(met.value.orig, "sqlstate", None) == "23503"
    assert met.value.__cause__ is not met.value


NUMBER_OF_NOBODY = {"generation": 1, "kind": "individual-number", "key": b"?" * 32, "person_id": str(uuid4())}


# --------------------------------------------------------------------------------------- connections, nonces

NOBODY = {"locks": [], "generations": [], "kinds": [], "keys": [], "also_of_before": False, "at_most": 1}


async def _reads(work, _):
    await work.run(text("SELECT 1"))


async def _commits(work, _):
    callers.use_nonce(work, "key-1", "nonce-1", NOW)
    await work.commit()


async def _is_refused(work, _):
    await _commits(work, _)
    await _commits(work, _)


async def _fails(work, _):
    await work.run(text("SELECT 1 / 0"))


async def _is_cut_off(work, database):
    driver = (await work.connection.get_raw_connection()).driver_connection
    await executed(database, f"SELECT pg_terminate_backend({driver.get_server_pid()}, 10000)")
    await work.run_prepared(stored_records._FIND, NOBODY)


USES = {"reads": _reads, "commits": _commits, "taken": _is_refused, "fails": _fails, "cut off": _is_cut_off}


@pytest.mark.anyio
@pytest.mark.parametrize("use", USES.values(), ids=USES)
async def test_who_comes_after_one_that_only_reads_has_a_transaction(database, use):
    single = connect(database, role="registry_ex_officio", pool_size=1)

    async def only_reading():
        async with UnitOfWork(single, only_reads=True) as work:
            await use(work, database)

    await asyncio.gather(only_reading(), return_exceptions=True)
    async with UnitOfWork(single) as work:
        work.later(stored_records.PERSON, stored_records.person_row(str(uuid4()), NOW))
        await work.write()
    async with UnitOfWork(single) as work:
        assert await stored_records.count_people(work) == 0
    await single.dispose()


@pytest.mark.anyio
@pytest.mark.parametrize("keys", [["report-1", "report-1"], ["report-1", "report-2"]], ids=["one key", "two keys"])
async def test_of_requests_with_one_nonce_at_once_one_has_an_effect(registry, database, keys):
    content = encode(papers.report())
    headers = ((EVIDENCE_HEADER, registry.evidence(MISSION, content)),)

    async def sent(key):
        async with SignedClient(
            URL,
            signing_key=registry.keys[MISSION],
            registry_keys={"registry": registry.resources.signing_key.verifying},
            clock=registry.clock,
            nonce=lambda: "n" * 32,
            transport=httpx.ASGITransport(registry.app, raise_app_exceptions=False),
        ) as client:
            return (await client.post("/v1/submissions", content, key, headers)).status

    assert sorted(await asyncio.gather(*map(sent, keys))) == [201, 401]
    assert len(await rows(database, "SELECT FROM submission")) == 1
