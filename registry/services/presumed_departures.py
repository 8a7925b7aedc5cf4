"""「転出」扱い in bulk: every night, whoever has not been heard of for too long is presumed to have left.

Each record is one transaction: the movement, its submission, and the events that tell mission and municipality. The run
can be broken off and begun again at any time: a presumption of one day is made of a record once.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

import msgspec

from registry.contract.messages import SubmissionState
from registry.domain.dates import months_after
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.presumed_departure import MONTHS_OF_SILENCE, presumption
from registry.domain.reconciliation import Link, LinkMethod
from registry.services import records
from registry.services.going_through import each_record
from registry.services.resources import Resources, japan_date
from registry.store import presumed_departures, submissions
from registry.store.keyring import Shredded
from registry.store.submissions import Content, Submission

KIND: Final = "presumed-departure"
"""The kind of submission that a presumption is."""


async def run(resources: Resources) -> AsyncIterator[str]:
    """Presume every departure that may be presumed today, yielding the record's id once it is written."""
    today = japan_date(resources.clock())
    since = months_after(today, -min(MONTHS_OF_SILENCE.values()))
    async for person_id in each_record(resources, partial(presumed_departures.people_not_heard_of, since=since)):
        if await _presumed(resources, person_id):
            yield person_id


async def _presumed(resources: Resources, person_id: str) -> bool:
    """Presume that one person has left, if anything lets it be; False where nothing does, or it was done before."""
    async with resources.work() as work:
        try:
            known = Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
            found = await records.reopen(resources, work, person_id, known)
        except Shredded:
            return False
        now = resources.clock()
        movement = presumption(found.movements, resources.new_id(), japan_date(now))
        if movement is None:
            return False
        submission = Submission(
            submission_id=movement.submission_id,
            kind=KIND,
            sender=str(VIRTUAL_MUNICIPALITY.code),
            sender_key=f"{KIND}/{person_id}/{movement.earliest}/{len(found.movements)}",
            state=SubmissionState.ACCEPTED,
            received_at=now,
            received_on=japan_date(now),
        )
        plan = records.plan(found, (movement,))
        key = await resources.keyring.make(work, submission.submission_id, now)
        body = msgspec.json.encode({"presumed_from": movement.earliest})
        submissions.add(work, key, submission, Content(body=body, evidence="", receipt=b""))
        # The registry asks nobody who this is: the link is to its own record, and as good as that one.
        await records.write(resources, work, plan, records.stored_link(plan, submission.submission_id, 0), now)
        await work.commit()
    return True
