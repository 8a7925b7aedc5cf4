"""Rows with safe defaults, written as the services write them."""

from datetime import UTC, date, datetime
from uuid import uuid4

from registry.domain.movement import MovementKind
from registry.domain.search_terms import TermKind
from registry.store import records, submissions
from registry.store.at_hand import StoredLink
from registry.store.submissions import Content, Submission
from registry.vault.search_keys import SearchKey
from tests.builders import movement, statement

NOW = datetime(2024, 12, 31, 3, 0, tzinfo=UTC)
CONTENT = Content(body=b'{"kind": "residence"}', evidence="a..b", receipt=b"{}")


def new_id():
    return str(uuid4())


def submission(**fields):
    submission_id = fields.pop("submission_id", None) or new_id()
    defaults = {
        "submission_id": submission_id,
        "kind": "report",
        "sender": "JP-CG-NEW-YORK",
        "sender_key": submission_id,
        "state": "accepted",
        "received_at": NOW,
        "received_on": date(2024, 12, 31),
    }
    return Submission(**(defaults | fields))


async def a_person(work, keyring):
    """Open a record; return its id and data key."""
    person_id = new_id()
    work.later(records.PERSON, records.person_row(person_id, NOW))
    return person_id, await keyring.make(work, person_id, NOW)


async def a_submission(work, keyring, content=CONTENT, **fields):
    made = submission(**fields)
    submissions.add(work, await keyring.make(work, made.submission_id, NOW), made, content)
    return made.submission_id


async def a_movement(work, key, person_id, submission_id, index=0, kind=MovementKind.RESIDENCE_REPORTED, **fields):
    made = movement(
        kind,
        fields.pop("effective", "2024-04-01"),
        movement_id=f"{submission_id}/{index}.0",
        submission_id=submission_id,
        **({"statement": statement()} | fields),
    )
    records.add_movements(work, key, person_id, [made])
    return made


async def a_link(work, submission_id, person_id, method, *, confirmed, index=0):
    submissions.add_link(
        work,
        StoredLink(
            submission_id=submission_id, person_index=index, person_id=person_id, method=method, confirmed=confirmed
        ),
    )


def search_key(key=b"\x01" * 32, kind=TermKind.INDIVIDUAL_NUMBER, generation=1):
    return SearchKey(kind=kind, generation=generation, key=key)
