"""What the pages share: by whom one can sign in, if at all, and what is noted of those turned away."""

from registry.services.applications import Turns
from registry.services.jpki import Cards
from registry.services.resources import Resources
from registry.services.sign_ins import SignIns
from registry.web.door import SecurityLog
from registry.web.metrics import REFUSED_AT_THE_DOOR


class Entrance:
    """The entrance for people. ``sign_ins`` is None where no provider is set: then there are no pages.

    ``cards`` is None where no CA of JPKI is pinned: then nobody signs, and nobody has a record of their own.
    ``ex_officio`` are the resources with the eyes of the registry's own office; without, its desks have no pages.
    """

    def __init__(
        self,
        resources: Resources,
        sign_ins: SignIns | None,
        public_url: str,
        cards: Cards | None = None,
        ex_officio: Resources | None = None,
    ) -> None:
        self.resources = resources
        self.ex_officio = ex_officio
        self.cards = cards
        self.turns = Turns()
        self.sign_ins = sign_ins
        self.public_url = public_url
        self._security_log = SecurityLog()

    def turned_away(self, code: str, correlation_id: str, account: str | None = None) -> None:
        """Note that somebody was not let in, by a code and, of who is signed in, the account."""
        REFUSED_AT_THE_DOOR.labels(code).inc()
        self._security_log.note(code, correlation_id, self.resources.clock(), account)
