"""The audit of a log as it is served to everybody (C2SP tlog-tiles): with the public key of the log, and nothing more.

Every entry is fetched, the tree grown again, and every tile and the signed head held against it. What the log serves to
the auditor it may not serve to others: so heads that somebody else was shown belong into ``remembered``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import httpx

from registry.transparency.audit import Audit
from registry.transparency.checkpoint import OpenedCheckpoint, open_checkpoint
from registry.transparency.note import MAX_NOTE_BYTES, NoteKey
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import TILE_WIDTH, Tile, entries_of, tile_at
from registry.transparency.tree import TreeHead

AT_ONCE: Final = 16
"""Bundles that are asked for together, each of up to 256 entries."""
_LARGEST_ANSWER: Final = max(MAX_NOTE_BYTES, TILE_WIDTH * (2 + 0xFFFF))
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)  # seconds


class LogAway(Exception):  # noqa: N818 - it says what the auditor meets
    """The log was not reached, so nothing can be said of it; ``path`` is what was asked for."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the log did not answer when asked for {path}")


Fetch = Callable[[str], Awaitable[bytes | None]]
"""Gets what a log serves under a path below its prefix, None where it has none; raises :class:`LogAway`."""

Progress = Callable[[int, int], None]
"""Is told how many entries of how many an audit has gone through."""


async def audit(
    fetch: Fetch,
    log_keys: Sequence[NoteKey],
    witness_keys: Sequence[NoteKey],
    remembered: Iterable[TreeHead],
    progress: Progress,
) -> tuple[OpenedCheckpoint, Audit]:
    """Audit all of a log; return its checkpoint and what was found.

    Raises :class:`LogRefused` for a checkpoint that is not the log's, or not cosigned by each of the witnesses, and
    :class:`LogAway` where the log cannot be reached.
    """
    note = await fetch("checkpoint")
    if note is None:
        raise LogAway("checkpoint")
    opened = open_checkpoint(note, log_keys, witness_keys)
    for key in witness_keys:
        if key.name not in opened.cosigned_at:
            raise LogRefused(LogFault.COSIGNATURE_MISSING, key.name)
    size = opened.checkpoint.head.size
    found = Audit(remembered)
    for first in range(0, -(-size // TILE_WIDTH), AT_ONCE):
        last = min(first + AT_ONCE, -(-size // TILE_WIDTH))
        if not await _take(fetch, found, [tile_at(0, index, size) for index in range(first, last)]):
            break
        progress(found.size, size)
    await _compare(fetch, found, found.partial_tiles)
    found.close(opened.checkpoint.head)
    return opened, found


async def _take(fetch: Fetch, found: Audit, tiles: Sequence[Tile]) -> bool:
    """Take the entries of some tiles; False where one of them is not served: nothing behind it can be judged."""
    bundles = await asyncio.gather(*(_entries(fetch, tile) for tile in tiles))
    for tile, entries in zip(tiles, bundles, strict=True):
        if entries is None:
            found.finds(LogFault.ENTRY_MISSING, tile.bundle_path)
            return False
        await _compare(fetch, found, found.take(entries))
    return True


async def _entries(fetch: Fetch, tile: Tile) -> tuple[bytes, ...] | None:
    bundle = await fetch(tile.bundle_path)
    try:
        return None if bundle is None else entries_of(tile, bundle)
    except LogRefused:
        return None


async def _compare(fetch: Fetch, found: Audit, grown: dict[Tile, bytes]) -> None:
    served = await asyncio.gather(*(fetch(tile.path) for tile in grown))
    found.compare(grown, {tile: data for tile, data in zip(grown, served, strict=True) if data is not None})


def fetching(http: httpx.AsyncClient, prefix: str) -> Fetch:
    """Return what fetches from the log under ``prefix``, its address without a slash at the end."""

    async def fetch(path: str) -> bytes | None:
        try:
            async with http.stream("GET", f"{prefix}/{path}", timeout=_TIMEOUT) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise LogAway(path)
        except (httpx.TransportError, httpx.DecodingError):
            raise LogAway(path) from None
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise LogAway(path)
        return bytes(body)

    return fetch
