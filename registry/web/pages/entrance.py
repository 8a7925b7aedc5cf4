"""What the pages share: by whom one can sign in, if at all, and how many may try at once."""

from math import ceil
from typing import Final

from registry.domain.pace import Bucket, Pace, take
from registry.services.resources import Resources
from registry.services.sign_ins import SignIns
from registry.web.door import SecurityLog
from registry.web.metrics import REFUSED_AT_THE_DOOR
from registry.web.pages.trouble import PageRefused, Trouble

SIGN_INS: Final = Pace(at_once=200, per_second=20)
"""How many ways out to a provider and back a process takes in all: 1,200 people a minute, more than sign in at nine in
the morning. Each costs a trip to the provider, and nobody is known yet who could be counted alone."""


class Entrance:
    """The entrance for people. ``sign_ins`` is None where no provider is set: then there are no pages."""

    def __init__(self, resources: Resources, sign_ins: SignIns | None, public_url: str) -> None:
        self.resources = resources
        self.sign_ins = sign_ins
        self.public_url = public_url
        self._bucket: Bucket | None = None
        self._security_log = SecurityLog()

    def take_turn(self) -> None:
        """Count one step of a sign-in; raises PageRefused where there are too many."""
        self._bucket, wait = take(self._bucket, SIGN_INS, self.resources.wall_clock())
        if wait:
            raise PageRefused(Trouble.TOO_MANY, retry_after=ceil(wait.total_seconds()))

    def turned_away(self, code: str, correlation_id: str) -> None:
        """Note that somebody was not let in, by a code alone."""
        REFUSED_AT_THE_DOOR.labels(code).inc()
        self._security_log.note(code, correlation_id, self.resources.clock())
