"""How sure it is who signed in, and how long that lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.account import Account, Role
from registry.domain.sign_in import FRESH_FOR, OF_RESIDENTS, OF_STAFF, Level, SignedIn, limits_of

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def session(role=Role.RESIDENT, authenticated=timedelta(), seen=timedelta()):
    return SignedIn(
        session_id="s",
        account=Account(account_id="a", roles=frozenset({role})),
        provider="idp",
        level=Level.PASSWORD,
        authenticated_at=NOW - authenticated,
        opened_at=NOW - authenticated,
        seen_at=NOW - seen,
    )


def test_a_level_reaches_itself_and_those_below():
    assert [(one, other) for one in Level for other in Level if one.reaches(other)] == [
        (Level.JPKI, Level.JPKI),
        (Level.JPKI, Level.PASSWORD),
        (Level.JPKI, Level.NONE),
        (Level.PASSWORD, Level.PASSWORD),
        (Level.PASSWORD, Level.NONE),
        (Level.NONE, Level.NONE),
    ]


@pytest.mark.parametrize("role", Role)
def test_who_works_with_records_of_others_has_the_shorter_limits(role):
    is_staff = role not in {Role.RESIDENT, Role.AGENT}
    assert limits_of(session(role).account) == (OF_STAFF if is_staff else OF_RESIDENTS)


OVER = {
    "just now": (timedelta(), timedelta(), False),
    "idle for almost too long": (timedelta(), OF_RESIDENTS.idle - SECOND, False),
    "idle for too long": (timedelta(), OF_RESIDENTS.idle, True),
    "used all the time until almost the end": (OF_RESIDENTS.whole - SECOND, timedelta(), False),
    "used all the time until the end": (OF_RESIDENTS.whole, timedelta(), True),
}


@pytest.mark.parametrize(("authenticated", "seen", "over"), OVER.values(), ids=OVER)
def test_a_session_is_over_when_it_is_idle_or_old(authenticated, seen, over):
    assert session(authenticated=authenticated, seen=seen).is_over(NOW) is over


@pytest.mark.parametrize(("ago", "fresh"), [(FRESH_FOR - SECOND, True), (FRESH_FOR, False)], ids=["in time", "late"])
def test_who_showed_it_just_now_is_fresh(ago, fresh):
    assert session(authenticated=ago).is_fresh(NOW) is fresh
