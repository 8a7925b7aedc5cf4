"""What the lines to the CAs remember of their lists, in transactions of its own: a list is seen for everybody."""

from registry.services.resources import Resources
from registry.store import jpki


class SeenLists:
    """The newest list of each CA in the database: see :class:`registry.jpki.crl.SeenLists`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def advance(self, authority: bytes, number: int, digest: bytes) -> bool:
        """Remember the newest list of a CA; False where it is not."""
        async with self._resources.work() as work:
            is_newest = await jpki.advance(work, authority, number, digest)
            await work.commit()
        return is_newest
