"""本人認証 — how sure it is who signed in, how long that lasts, and when it has to be shown anew.

The founding paper asks for three levels by the sensitivity of what is done: ① 公的個人認証 (JPKI), ② ID and password,
③ none. A passkey is at least as good as a password and counts as ②.

**Limits** are those of NIST SP 800-63B-4 §§ 2.2.3, 2.3.3: who works with other people's records has the limits of AAL3,
everybody else those of AAL2. The whole time is counted from when the person was authenticated, not from when the
provider told of it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from registry.domain.account import STAFF, Account


class Level(StrEnum):
    """The three levels of 本人認証, the strongest first."""

    JPKI = "jpki"
    """① 公的個人認証."""
    PASSWORD = "password"  # noqa: S105 - the name of a level
    """② ID and password, or a passkey."""
    NONE = "none"
    """③ nobody has shown who they are."""

    def reaches(self, wanted: "Level") -> bool:
        """Whether this level is at least ``wanted``."""
        return _RANK[self] >= _RANK[wanted]


_RANK: Final[Mapping[Level, int]] = MappingProxyType({Level.JPKI: 2, Level.PASSWORD: 1, Level.NONE: 0})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session lasts without a request, and at most."""

    idle: timedelta
    whole: timedelta


OF_STAFF: Final = Limits(idle=timedelta(minutes=15), whole=timedelta(hours=12))
"""SP 800-63B-4 § 2.3.3 (AAL3): inactivity 15 minutes, 12 hours in all."""
OF_RESIDENTS: Final = Limits(idle=timedelta(hours=1), whole=timedelta(hours=24))
"""SP 800-63B-4 § 2.2.3 (AAL2): inactivity one hour, 24 hours in all."""
LONGEST_IDLE: Final = max(OF_STAFF.idle, OF_RESIDENTS.idle)

AUTHENTICATED_WITHIN: Final = min(OF_STAFF.idle, OF_RESIDENTS.idle)
"""How long ago who signs in may have shown who they are: an older session of the provider's own does not open ours.

No longer than a session may lie unused, or whoever finds the place empty would be let in again without a question.
"""
FRESH_FOR: Final = timedelta(minutes=10)
"""How long ago somebody may have shown who they are where that is asked for anew (OWASP ASVS 7.5.2, 7.5.3)."""
SIGN_IN_WITHIN: Final = timedelta(minutes=10)
"""How long somebody may take at the provider (OpenID Connect Core § 3.1.2.1 sets no figure)."""


def limits_of(account: Account) -> Limits:
    """Return the limits of an account's sessions."""
    return OF_STAFF if account.is_one_of(STAFF) else OF_RESIDENTS


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session: who signed in by which provider, how sure that was, when it was shown, and when last heard of.

    ``session_id`` names it to its owner and opens nothing.
    """

    session_id: str
    account: Account
    provider: str
    level: Level
    authenticated_at: datetime
    opened_at: datetime
    seen_at: datetime

    @property
    def ends_at(self) -> datetime:
        """The moment from which it is over, whatever is done until then."""
        return self.authenticated_at + limits_of(self.account).whole

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can be done in it any more: too old, or not used for too long."""
        return now >= min(self.ends_at, self.seen_at + limits_of(self.account).idle)

    def is_fresh(self, now: datetime) -> bool:
        """Whether the person showed who they are just now."""
        return now < self.authenticated_at + FRESH_FOR
