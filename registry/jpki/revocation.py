"""失効 — what the CA says of a certificate today: one port, a CRL or OCSP behind it.

Only accredited verifiers receive what JPKI has revoked, and on which line is theirs to agree; so verification knows
this port alone. Whatever is behind it answers freshly or not at all: no answer is never taken for a good one.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from registry.jpki.certificate import Leaf
from registry.jpki.refusals import JpkiFault, JpkiRefused

CLOCK_AHEAD: Final = timedelta(minutes=1)
"""How far the CA's clock may be ahead of ours."""


class RevocationSource(StrEnum):
    """How it was learnt."""

    CRL = "crl"
    OCSP = "ocsp"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the CA said. ``revoked_since`` is None for a certificate in good standing; ``as_of`` is its thisUpdate.

    ``until`` is its nextUpdate. Kept with what was signed: a CA takes expired certificates off its list.
    """

    source: RevocationSource
    as_of: datetime
    until: datetime
    revoked_since: datetime | None

    def refuse_if_revoked(self, at: datetime) -> None:
        """Raise :class:`JpkiRefused` with REVOKED for what was signed when the certificate was revoked or on hold."""
        if self.revoked_since is not None and self.revoked_since <= at:
            raise JpkiRefused(JpkiFault.REVOKED)


class Revocation(Protocol):
    """Where the standing of a certificate is learnt."""

    async def standing(self, leaf: Leaf, now: datetime) -> Standing:
        """Return what the CA of the certificate says of it, fresh at ``now``; raises :class:`JpkiRefused`."""
        ...


def check_fresh(this_update: datetime, next_update: datetime | None, now: datetime) -> datetime:
    """Return nextUpdate; raise :class:`JpkiRefused` with REVOCATION_STALE where ``now`` lies outside of the period.

    Who promises no next update cannot be known to be silent: that is stale as well.
    """
    if next_update is None or next_update <= now or this_update > now + CLOCK_AHEAD or next_update <= this_update:
        raise JpkiRefused(JpkiFault.REVOCATION_STALE)
    return next_update
