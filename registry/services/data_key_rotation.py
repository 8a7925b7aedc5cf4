"""Rotation of data keys while the registry serves: each owner gets a new one, and the old one opens nothing any more.

(1) An owner's record is locked, as by everybody who changes it: nobody seals by the old key meanwhile.
(2) What the old key sealed is sealed by a new one and the new one stored in its place, all in one transaction. Who
    reads without a lock reads key and seal in one statement, and so meets the old ones or the new ones.
(3) When everybody has a newer key, that is written down, and the rotation is complete.

Nothing remembers how far it got but the keys: each says by which rotation it was made. Broken off at any point and
begun again, it goes on. Backups made before it need the keys exported before it (decision 0030).
"""

from collections.abc import AsyncIterator

import msgspec

from registry.services.key_rotation import at_once
from registry.services.resources import Resources
from registry.store import data_key_rotation, key_rotation, records
from registry.vault.sealing import SealBroken

OWNERS_A_PAGE = 1_000
MOST_NAMED = 20


class Incomplete(Exception):  # noqa: N818 - it says what the operator meets
    """Some keys do not open what they should have sealed. They stay as they are; everybody else has a newer one."""

    def __init__(self, owners: list[str]) -> None:
        named = ", ".join(owners[:MOST_NAMED])
        super().__init__(
            f"{len(owners)} keys do not open what they sealed and stay as they are: {named}. Everybody else has a new "
            "key. Restore these from a backup, then run it again"
        )


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A rotation that has begun: its number, and how many keys are older."""

    number: int
    waiting: int


async def begin(resources: Resources) -> Rotation:
    """Begin a rotation, or the one that was broken off again."""
    async with resources.work() as work:
        await resources.keyring.prepare(work, resources.clock())
        await work.commit()
    async with resources.work() as work:
        number = await data_key_rotation.next_rotation(work)
        return Rotation(number=number, waiting=await data_key_rotation.count_waiting(work, number))


async def run(resources: Resources, rotation: Rotation) -> AsyncIterator[int]:
    """Give everybody a new key, yielding how many some steps gave; note the end.

    Raises :class:`Incomplete` after everybody else has one.
    """
    replaced, broken, after = 0, list[str](), ""
    while owners := await _next_owners(resources, rotation, after):
        async for done in at_once(_replaced(resources, one, rotation.number, broken) for one in owners):
            replaced += done
            yield done
        after = owners[-1]
    if broken:
        raise Incomplete(sorted(broken))
    async with resources.work() as work:
        await key_rotation.record(work, data_key_rotation.ACT, [rotation.number], replaced, resources.clock())
        await work.commit()


async def _next_owners(resources: Resources, rotation: Rotation, after: str) -> tuple[str, ...]:
    async with resources.work() as work:
        return await data_key_rotation.owners_waiting(work, rotation.number, after=after, at_most=OWNERS_A_PAGE)


async def _replaced(resources: Resources, owner: str, rotation: int, broken: list[str]) -> int:
    """Give one owner a new key and return 1; 0 where it was shredded meanwhile, or stays as it is and is ``broken``."""
    try:
        async with resources.work() as work:
            await records.lock_people(work, [owner])
            old = await data_key_rotation.sealed_by(work, resources.keyring, owner, rotation)
            if old is None:
                return 0
            new, wrapped = await resources.keyring.successor(work, owner, resources.clock())
            if not await data_key_rotation.replace(work, old, new, wrapped, rotation):
                return 0
            await work.commit()
    except SealBroken:
        broken.append(owner)
        return 0
    return 1
