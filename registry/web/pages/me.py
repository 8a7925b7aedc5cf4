"""GET /me: who am I here, what may I do, and where am I signed in."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from registry.contract.openid.steps import Wish
from registry.domain.account import Account, Duty, Role
from registry.domain.mission import JAPAN
from registry.domain.sign_in import Level, SignedIn
from registry.services import sessions
from registry.web.access import Entry, people
from registry.web.pages.entrance import Entrance
from registry.web.pages.frame import language_of, leading, page, told_time
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.pages.visit import LARGEST_FORM, Visit, no_session_cookie, sign_in_address
from registry.web.problems import SEE_OTHER

log = structlog.get_logger("registry.me")

Said = tuple[str, str]
"""The same in Japanese and in English."""

ROLES: Final[Mapping[Role, Said]] = {
    Role.MISSION_STAFF: ("在外公館 担当者", "Mission staff"),
    Role.MISSION_APPROVER: ("在外公館 決裁者", "Mission approver"),
    Role.MUNICIPAL_CLERK: ("市区町村 担当者", "Municipal clerk"),
    Role.MUNICIPAL_APPROVER: ("市区町村 決裁者", "Municipal approver"),
    Role.ELECTION_CLERK: ("選挙管理委員会 担当者", "Election commission clerk"),
    Role.PROTECTION_DESK: ("支援措置 担当者", "Protection desk"),
    Role.OPERATOR: ("運用者", "Operator"),
    Role.AUDITOR: ("監査者", "Auditor"),
    Role.RESIDENT: ("本人", "Resident"),
    Role.AGENT: ("代理人", "Agent of a resident"),
}
DUTIES: Final[Mapping[Duty, Said]] = {
    Duty.FILE_REPORTS: ("届書の受付", "Take in reports"),
    Duty.APPROVE_AT_MISSION: ("在外公館での決裁", "Approve what colleagues at the mission propose"),
    Duty.INQUIRE: ("照会", "Inquire on a legal basis"),
    Duty.APPROVE_AT_MUNICIPALITY: ("市区町村での決裁", "Approve what colleagues at the municipality propose"),
    Duty.KEEP_ROLL: ("在外選挙人名簿の調製", "Keep the roll of voters abroad"),
    Duty.PROTECT: ("支援措置の実施", "Protect people under 支援措置"),
    Duty.OPERATE: ("システムの運用", "Keep the registry running"),
    Duty.AUDIT: ("記録の監査", "Read what others did"),
    Duty.SEE_OWN_RECORD: ("自分の記録の閲覧", "See your own record and who saw it"),
    Duty.ACT_FOR_RESIDENT: ("代理", "Act for a resident"),
}
LEVELS: Final[Mapping[Level, Said]] = {
    Level.JPKI: ("① 公的個人認証(マイナンバーカード)", "① JPKI (My Number Card)"),
    Level.PASSWORD: ("② パスワードまたはパスキー", "② password or passkey"),
    Level.NONE: ("③ 認証なし", "③ none"),
}

ALL: Final = "all"
_SESSION_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@get("/me", opt=people(*Role, level=Level.PASSWORD, entry=Entry.NOTHING))
async def me(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Show who is signed in, what they may do, and all their sessions."""
    account = visit.account
    mine = await sessions.of_account(entrance.resources, account.account_id, visit.now)
    index = 0 if language_of(request) == "ja" else 1
    return page(
        request,
        "me.html",
        visit=visit,
        account=_account(account, entrance, visit.now, index),
        level=LEVELS[visit.session.level][index],
        sessions=[_session(one, visit, index) for one in mine],
        may_end=visit.session.is_fresh(visit.now),
        again=sign_in_address(Wish(level=visit.session.level, fresh=True)),
    )


@post(
    "/me/sessions/end",
    status_code=SEE_OTHER,
    opt=people(*Role, level=Level.PASSWORD, fresh=True, entry=Entry.SECURITY),
    request_max_body_size=LARGEST_FORM,
)
async def end_session(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """End one of one's own sessions, or all of them. Another's is answered like one that is not there."""
    given = (await request.form()).getall("session", [])
    which = str(given[0]) if len(given) == 1 else ""
    mine = visit.account.account_id
    if which == ALL:
        await sessions.end_all(entrance.resources, mine)
    elif not _SESSION_ID.fullmatch(which) or not await sessions.end_one(entrance.resources, mine, which):
        raise PageRefused(Trouble.NOT_FOUND)
    log.info("session ended", account=mine, correlation_id=entrance.resources.new_id())
    is_gone = which in {ALL, visit.session.session_id}
    return leading("/signed-out", no_session_cookie()) if is_gone else leading("/me")


def _account(account: Account, entrance: Entrance, now: datetime, index: int) -> dict[str, Any]:
    return {
        "id": account.account_id,
        "roles": [ROLES[role][index] for role in Role if role in account.roles],
        "duties": [DUTIES[duty][index] for duty in account.duties],
        "unit": None if account.unit is None else str(account.unit),
        "body": _body(account, entrance, now),
    }


def _body(account: Account, entrance: Entrance, now: datetime) -> str | None:
    """Return the name of the mission that somebody works for, in Japanese: it has no other in the tables."""
    mission = None if account.unit is None else entrance.resources.missions.find(account.unit.body)
    return None if mission is None else mission.name_on(now.astimezone(JAPAN).date())


def _session(session: SignedIn, visit: Visit, index: int) -> dict[str, Any]:
    return {
        "id": session.session_id,
        "is_this": session.session_id == visit.session.session_id,
        "level": LEVELS[session.level][index],
        "opened_at": told_time(session.opened_at),
        "seen_at": told_time(session.seen_at),
        "ends_at": told_time(session.ends_at),
    }
