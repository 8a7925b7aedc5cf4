"""GET /v1/log/…: the log of disclosures for everybody, as C2SP tlog-tiles wants it, and proofs ready made.

What is served tells nobody anything about anybody (``registry.transparency.entry``). It is not signed like other
answers: the checkpoint is, and everything else follows from it. What a path names never changes, so all but the
checkpoint may be kept for ever by whatever stands between.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from registry.contract.decoding import encode
from registry.contract.log_proof import LogProof
from registry.contract.problems import ProblemCode
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.services import log_proofs
from registry.store import disclosure_log as stored
from registry.store.callers import StoredAnswer
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.refusals import LogRefused
from registry.transparency.tiles import TILE_WIDTH, Tile, bundled
from registry.web.access import public
from registry.web.desk import Desk
from registry.web.problems import JSON, problem_answer, refusal_answer

PREFIX: Final = "/v1/log/"
TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
FOR_EVER: Final = "public, max-age=31536000, immutable"
FOR_A_MOMENT: Final = "public, max-age=1"
NOT_AT_ALL: Final = "no-store"
"""How long something may be kept by those who stand between (RFC 9111, RFC 8246)."""
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@get("/v1/log/checkpoint", opt=public())
async def checkpoint(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Return the newest checkpoint that a witness cosigned, or the newest of all where none ever did."""
    async with desk.resources.work(only_reads=True) as work:
        head = await stored.head(work)
    if head is None:
        return _problem(desk, ProblemCode.NOT_READY)
    return _served(head.cosigned or head.note, TEXT, FOR_A_MOMENT)


@get("/v1/log/tile/{place:path}", opt=public())
async def tile(request: Request[Any, Any, Any], desk: NamedDependency[Desk], place: FromPath[Path]) -> Response[bytes]:
    """Return a tile of the tree, or the bundle of entries that belongs to one of level 0."""
    del place  # the path as it was sent is read instead: a tile has one spelling
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0].removeprefix(PREFIX)
    wanted, fetch = _wanted(path)
    if wanted is None or request.scope["query_string"]:
        return _problem(desk, ProblemCode.NOT_FOUND)
    async with desk.resources.work(only_reads=True) as work:
        data = await fetch(work, wanted)
    return _problem(desk, ProblemCode.NOT_FOUND) if data is None else _served(data, BYTES, FOR_EVER)


@get("/v1/log/proof/inclusion", opt=public())
async def inclusion(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Prove that entry ``index`` is in the tree of ``size`` leaves."""
    return await _proof(request, desk, "index", log_proofs.inclusion)


@get("/v1/log/proof/consistency", opt=public())
async def consistency(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Prove that the tree of ``size`` leaves continues that of ``old`` leaves."""
    return await _proof(request, desk, "old", log_proofs.consistency)


Fetch = Callable[[UnitOfWork, Tile], Awaitable[bytes | None]]
"""Gets what belongs to a tile; None where the tree does not have it so wide."""


def _wanted(path: str) -> tuple[Tile | None, Fetch]:
    """Return which tile a path names, None where it names none, and what gets that or the entries below it."""
    of_entries = path.startswith("tile/entries/")
    try:
        tile = Tile.from_bundle_path(path) if of_entries else Tile.from_path(path)
    except LogRefused:
        tile = None
    return tile, _bundle if of_entries else _tile


async def _tile(work: UnitOfWork, wanted: Tile) -> bytes | None:
    return (await stored.tiles(work, [wanted])).get(wanted)


async def _bundle(work: UnitOfWork, wanted: Tile) -> bytes | None:
    first = wanted.index * TILE_WIDTH
    leaves = await stored.leaves(work, first, first + wanted.width)
    return bundled(leaves) if len(leaves) == wanted.width else None


async def _proof(
    request: Request[Any, Any, Any],
    desk: Desk,
    name: str,
    prove: Callable[[UnitOfWork, int, int], Awaitable[tuple[bytes, ...]]],
) -> Response[bytes]:
    """Answer with the proof that begins at the number ``name`` of the query."""
    numbers = _numbers(request, name)
    async with desk.resources.work(only_reads=True) as work:
        head = await stored.head(work)
        size = 0 if head is None else head.size
        if numbers is None or not numbers[0] <= numbers[1] <= size:
            return _out_of_range(desk, name, size)
        try:
            hashes = await prove(work, *numbers)
        except LogRefused:
            return _out_of_range(desk, name, size)
    return _served(encode(LogProof(hashes=tuple(b64encode(one).decode() for one in hashes))), JSON, FOR_EVER)


def _numbers(request: Request[Any, Any, Any], name: str) -> tuple[int, int] | None:
    """Return both numbers of the query; None unless it has these two, each once and in its one spelling."""
    items = list(request.query_params.multi_items())
    given = dict(items)
    if sorted(one for one, _ in items) != sorted((name, "size")):
        return None
    if not all(_NUMBER.fullmatch(text) for text in given.values()):
        return None
    return int(given[name]), int(given["size"])


def _served(body: bytes, media_type: str, kept: str) -> Response[bytes]:
    return Response(body, headers={"content-type": media_type, "cache-control": kept})


def _out_of_range(desk: Desk, name: str, size: int) -> Response[bytes]:
    least = 0 if name == "index" else 1
    expected = f"{name} from {least} and size, decimal, no tree larger than {size}, and a proof that there is"
    refusal = InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, expected=expected))
    return _unkept(refusal_answer(refusal, desk.resources.new_id()))


def _problem(desk: Desk, code: ProblemCode) -> Response[bytes]:
    return _unkept(problem_answer(code, desk.resources.new_id()))


def _unkept(answer: StoredAnswer) -> Response[bytes]:
    return Response(answer.body, status_code=answer.status, headers=answer.headers | {"cache-control": NOT_AT_ALL})
