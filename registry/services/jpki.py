"""What cards of JPKI sign, as the registry verifies it: by pinned CAs, under nonces and lists in the database."""

import msgspec

from registry.jpki.authorities import Authorities
from registry.jpki.revocation import Revocation
from registry.jpki.verification import Verifier
from registry.services.resources import Resources
from registry.store import jpki


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """The cards that the registry knows how to verify. ``origin`` is its own address, for which they sign.

    JPKI goes by the time of the world outside (``Resources.wall_clock``), as the lists of the CAs do.
    """

    resources: Resources
    authorities: Authorities
    revocation: Revocation
    origin: str

    @property
    def verifier(self) -> Verifier:
        """Who verifies, by the municipalities in force."""
        return Verifier(self.authorities, self.revocation, self.resources.municipalities, self.origin)


class SeenLists:
    """The newest list of each CA in the database, in transactions of its own: a list is seen for everybody.

    See :class:`registry.jpki.crl.SeenLists`.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def advance(self, authority: bytes, number: int, digest: bytes) -> bool:
        """Remember the newest list of a CA; False where it is not."""
        async with self._resources.work() as work:
            is_newest = await jpki.advance(work, authority, number, digest)
            await work.commit()
        return is_newest
