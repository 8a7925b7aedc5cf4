"""Asking the registry: one grant of each body, written down once more, and a person of whom every item is known."""

from typing import NamedTuple

import asyncpg

from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer
from registry.contract.problems import Problem
from tests.acceptance.papers import by_addressee, by_name, by_number, kichiro, person, removed_record, report
from tests.acceptance.seen import faults, outcomes, receipt
from tests.house import ELECTIONS, HEALTH, MISSION, PENSION, TAX, TOWN
from tests.planted import CODE, NUMBER

CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
CONTACT = {"telephone": "+1 212 555-0173", "email": "hanako@mail.example"}
BASIC_FOUR = {"name", "birth_date", "sex", "address_abroad"}
OF_NUMBERS = ("番号法19条8号", "住基法30条の9")


BY_PSEUDONYM = {"pseudonym", "pseudonym-of-another-body"}
"""Searches by what only the registry can make: tests/acceptance/test_bulk_inquiries.py has them."""


class Granted(NamedTuple):
    """A row of the first table of grants: what one body may ask, for which affair, on which bases, how searched.

    Searches by pseudonym are left out.
    """

    affair: str
    bases: tuple[str, ...]
    items: set[str]
    searches: set[str]


GRANTS = {
    PENSION: Granted(
        "pension-benefit",
        OF_NUMBERS,
        BASIC_FOUR | {"individual_number", "status"},
        {"individual-number", "name-and-birth-date"},
    ),
    TAX: Granted("income-tax", OF_NUMBERS, BASIC_FOUR | {"status"}, {"individual-number"}),
    TOWN: Granted(
        "former-residents",
        ("住基法30条の41", "住基法30条の10"),
        BASIC_FOUR | {"last_address", "honseki", "mission", "status"},
        {"addressee-number", "resident-record-code", "name-and-birth-date"},
    ),
    HEALTH: Granted(
        "overseas-medical-expenses",
        OF_NUMBERS,
        BASIC_FOUR | {"status"},
        {"individual-number"},
    ),
    ELECTIONS: Granted(
        "overseas-voting",
        ("公職選挙法30条の6", "住基法30条の12"),
        BASIC_FOUR | {"last_address", "honseki", "mission", "status"},
        {"name-and-birth-date"},
    ),
    MISSION: Granted(
        "consular-protection",
        ("旅券法16条",),
        BASIC_FOUR | {"mission", "contact", "planned_end", "status"},
        {"name-and-birth-date"},
    ),
}
SAME_GRANT = {"472018": TOWN, "012351": TOWN, "JP-CG-BOSTON": MISSION}
"""Other bodies of a kind, and whose row is theirs as well."""

SEARCHES = {
    "individual-number": by_number(),
    "resident-record-code": {"by": "resident-record-code", "resident_record_code": CODE},
    "addressee-number": by_addressee(),
    "name-and-birth-date": by_name(),
}
ITEMS = set().union(*(granted.items for granted in GRANTS.values()))


def with_number(**fields):
    """A member of a household who showed card and passport, so that the link is made by the number."""
    return person(individual_number=NUMBER, number_check=CHECKED) | fields


async def settle(registry, **fields):
    """Let somebody move to New York of whom every item becomes known, by a link that is confirmed."""
    outcomes(await registry.deliver(removed_record(resident_record_code=CODE)))
    paper = report(with_number(), contact=CONTACT, planned_end="2027-03-31", **fields)
    return receipt(await registry.submit(paper))


async def namesakes(registry):
    """Let two people move there of one name and one date of birth, whom only the 本籍 tells apart."""
    for honseki in ("那覇市泉崎一丁目1番", "札幌市中央区北一条西二丁目"):
        receipt(await registry.submit(report(kichiro(honseki={"text": honseki}))))


async def ask(registry, body, **fields):
    """Ask as a body may: for all it may know, by the weakest search that it has; ``fields`` say what is otherwise."""
    granted = GRANTS[SAME_GRANT.get(body, body)]
    search = by_name() if "name-and-birth-date" in granted.searches else by_number()
    defaults = {"affair": granted.affair, "basis": granted.bases[0], "fields": sorted(granted.items), "search": search}
    return await registry.inquire(body, **(defaults | fields))


def said(answer):
    """The answer to an inquiry that was not refused."""
    assert answer.status == 200, decode(answer.body, Problem).faults
    return decode(answer.body, InquiryAnswer)


async def told(registry, body, **fields):
    """Ask and return what is said."""
    return said(await ask(registry, body, **fields))


def refused(answer):
    """Why an inquiry was refused: the code of the whole, and where and what."""
    problem = decode(answer.body, Problem)
    assert problem.status == answer.status
    return str(problem.code), faults(problem)


def items(version):
    """The names of the items that an answered version holds."""
    return {name for name in version.items.__struct_fields__ if getattr(version.items, name) is not None}


async def execute(database, statement):
    """Do something as the owner of the database."""
    connection = await asyncpg.connect(database)
    await connection.execute(statement)
    await connection.close()


async def change_grants(registry, database, statement):
    """Change the table of grants; the registry reads it again once a second."""
    await execute(database, statement)
    registry.clock.advance(seconds=1)
