"""/record and /record/accesses: what is held about who signed in, and who saw it; nobody sees anybody else's.

Which record that is says the account of the session alone (``services.own_record``, decision 0031): an address and a
form name none. No number is shown, only whether one is held. Every reading stands in the log, which the person reads.
"""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from registry.contract.grants import GRANT_WORDS
from registry.contract.problems import RateLimited
from registry.domain.account import Role
from registry.domain.disclosure import Item
from registry.domain.errors import NotFound
from registry.domain.sign_in import Level
from registry.domain.timeline import Version
from registry.services.jpki import Cards
from registry.services.own_record import OwnAccessRecord, own_access_record, own_record
from registry.services.resources import Resources, japan_date
from registry.transparency import receipt
from registry.web.access import Entry, people
from registry.web.desk import Desk
from registry.web.pages.entrance import Entrance
from registry.web.pages.found import lines_of
from registry.web.pages.frame import HEADERS, language_of, page, told_time
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.pages.visit import LARGEST_FORM, Visit
from registry.web.pages.who_saw import words_of
from registry.web.problems import JSON, OK

FILE_NAME: Final = "access-record.json"
MOST_SHOWN: Final = 100
"""Entries on the page, the newest; the file has them all."""
SHOWN: Final = tuple(one for one in Item if one not in {Item.INDIVIDUAL_NUMBER, Item.STATUS})
"""The number is not shown, and the status is in words of its own."""
IN_JAPANESE: Final = frozenset({Item.NAME, Item.LAST_ADDRESS, Item.HONSEKI, Item.MISSION})
"""Items whose values are Japanese on the English page too."""

_OWN: Final = people(Role.RESIDENT, level=Level.JPKI, entry=Entry.DISCLOSURE)


@get("/record", opt=_OWN)
async def record(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Show the record of who signed in as it stands today, or what they do next to have one."""
    cards = _cards(entrance, visit)
    own = None if cards is None else await own_record(cards, visit.session)
    if own is None:
        return _no_record(request, entrance, visit)
    index = 0 if language_of(request) == "ja" else 1
    return page(
        request,
        "record.html",
        visit=visit,
        versions=[_version(one, entrance.resources, index) for one in own.today],
        has_number=own.has_number,
        confirmed=own.confirmed,
        signed_at=told_time(own.signed_at),
        submission_id=own.submission_id,
    )


@get("/record/accesses", opt=_OWN)
async def accesses(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    entrance: NamedDependency[Entrance],
    visit: NamedDependency[Visit],
) -> Response[bytes]:
    """Show who saw the record of who signed in, the newest first."""
    try:
        own = await _accesses(entrance, visit)
    except NotFound:  # their first entries wait for their place in the log
        return page(request, "record_accesses.html", visit=visit, entries=[], how_many=0, most=MOST_SHOWN)
    if own is None:
        return _no_record(request, entrance, visit)
    await desk.keys.refresh()
    index, account = 0 if language_of(request) == "ja" else 1, visit.account.account_id
    shown = [words_of(one, account, desk.keys, entrance.resources, index) for one in own.entries[:MOST_SHOWN]]
    return page(request, "record_accesses.html", visit=visit, entries=shown, how_many=len(own.entries), most=MOST_SHOWN)


@post("/record/accesses/file", status_code=OK, opt=_OWN, request_max_body_size=LARGEST_FORM)
async def access_file(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Hand out the file by which each entry can be checked off line (``registry verify-receipt``).

    By a form of ours, so that no link from elsewhere lays the file on somebody's disk.
    """
    own = await _accesses(entrance, visit)
    if own is None:
        return _no_record(request, entrance, visit)
    headers = dict(HEADERS) | {"content-disposition": f'attachment; filename="{FILE_NAME}"'}
    return Response(receipt.write(own.file), media_type=JSON, headers=headers)


async def _accesses(entrance: Entrance, visit: Visit) -> OwnAccessRecord | None:
    cards = _cards(entrance, visit)
    return None if cards is None else await own_access_record(cards, visit.session)


def _cards(entrance: Entrance, visit: Visit) -> Cards | None:
    """Return how cards are verified, None where no CA is pinned; refuses whom no reader's pace explains."""
    try:
        entrance.turns.take(visit.account.account_id, visit.now)
    except RateLimited as too_fast:
        raise PageRefused(Trouble.TOO_MANY, retry_after=too_fast.retry_after) from None
    return entrance.cards


def _no_record(request: Request[Any, Any, Any], entrance: Entrance, visit: Visit) -> Response[bytes]:
    """Say what to do next to who has no record here: not yet, or no more."""
    return page(request, "record_none.html", visit=visit, can_sign=entrance.cards is not None)


def _version(version: Version, resources: Resources, index: int) -> dict[str, Any]:
    items = [(one, getattr(version.state, one)) for one in SHOWN]
    return {
        "items": [
            (GRANT_WORDS[one][index], lines_of(value, resources, index), one in IN_JAPANESE, one in version.disputed)
            for one, value in items
            if value is not None
        ],
        "not_held": [GRANT_WORDS[one][index] for one, value in items if value is None],
        "status": " ".join(lines_of(version.status, resources, index)),
        "possibly": not version.certain.holds(japan_date(resources.clock())),
        "last_confirmed": version.last_confirmed,
    }
