"""The log of disclosures as everybody can fetch it: what is served fits together, and nothing else is served."""

import json
from base64 import b64decode
from itertools import combinations

import httpx
import pytest

from registry.contract.decoding import decode
from registry.contract.problems import Problem
from registry.transparency.checkpoint import open_checkpoint
from registry.transparency.tiles import entries_of, tile_at
from registry.transparency.tree import Frontier, leaf_hash, verify_consistency, verify_inclusion
from registry.watching.published_log import audit, fetching
from tests.acceptance.asking import ask, settle
from tests.house import PENSION, URL

PREFIX = f"{URL}/v1/log"


def everybody(registry):
    """Somebody without a key."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(registry.app, raise_app_exceptions=False), base_url=PREFIX)


async def get(registry, path):
    async with everybody(registry) as http:
        return await http.get(f"{PREFIX}/{path}")


async def grow(registry, at_least):
    """Let the log have so many entries; return its head as it is served."""
    await settle(registry)
    size = 0
    while size < at_least:
        await ask(registry, PENSION)
        await registry.sequence()
        opened = open_checkpoint((await get(registry, "checkpoint")).content, (registry.resources.log.key,), ())
        size = opened.checkpoint.head.size
    return opened.checkpoint.head


async def leaves(registry, size):
    tile = tile_at(0, 0, size)
    return entries_of(tile, (await get(registry, tile.bundle_path)).content)


@pytest.mark.anyio
async def test_whoever_fetches_all_of_it_finds_it_whole(registry):
    key = registry.resources.log.key
    before = await grow(registry, 3)
    head = await grow(registry, before.size + 5)
    done = []
    async with everybody(registry) as http:
        opened, found = await audit(fetching(http, PREFIX), (key,), (), [before], lambda *told: done.append(told))
    assert (opened.checkpoint.head, found.findings, done) == (head, [], [(head.size, head.size)])


@pytest.mark.anyio
async def test_each_answer_is_of_its_kind_and_says_how_long_it_holds(registry):
    size = (await grow(registry, 4)).size
    told = {
        path: await get(registry, path)
        for path in (
            "checkpoint",
            f"tile/0/000.p/{size}",
            "tile/0/000.p/2",
            f"tile/entries/000.p/{size}",
            f"proof/inclusion?index=0&size={size}",
        )
    }
    assert {path: answer.status_code for path, answer in told.items()} == dict.fromkeys(told, 200)
    assert [(one.headers["content-type"], one.headers["cache-control"]) for one in told.values()] == [
        ("text/plain; charset=utf-8", "public, max-age=1"),
        ("application/octet-stream", "public, max-age=31536000, immutable"),
        ("application/octet-stream", "public, max-age=31536000, immutable"),
        ("application/octet-stream", "public, max-age=31536000, immutable"),
        ("application/json", "public, max-age=31536000, immutable"),
    ]
    assert told["tile/0/000.p/2"].content == told[f"tile/0/000.p/{size}"].content[:64]


@pytest.mark.anyio
async def test_every_proof_holds(registry):
    head = await grow(registry, 7)
    entries = await leaves(registry, head.size)
    heads = [Frontier().grown(map(leaf_hash, entries[:size])).head for size in range(head.size + 1)]
    assert heads[-1] == head
    for index, entry in enumerate(entries):
        proof = await hashes(registry, f"proof/inclusion?index={index}&size={head.size}")
        verify_inclusion(leaf_hash(entry), index, proof, head)
    for old, new in combinations(range(1, head.size + 1), 2):
        verify_consistency(heads[old], heads[new], await hashes(registry, f"proof/consistency?old={old}&size={new}"))
    assert await hashes(registry, f"proof/consistency?old={head.size}&size={head.size}") == []


async def hashes(registry, path):
    return [b64decode(one) for one in json.loads((await get(registry, path)).content)["hashes"]]


NOT_THERE = (
    "tile/0/000",
    "tile/0/000.p/200",
    "tile/0/001.p/1",
    "tile/1/000.p/1",
    "tile/9/000.p/1",
    "tile/63/000.p/1",
    "tile/-1/000.p/1",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/01",
    "tile/00/000.p/1",
    "tile/0/0.p/1",
    "tile/0/x000/000.p/1",
    "tile/0/999/999.p/1",
    "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/0/000.p/1/",
    "tile/0//000.p/1",
    "tile/0/%2e/000.p/1",
    "tile/0/000.p/%31",
    "tile/0/000.p/1?x=1",
    "tile/0/０00.p/1",
    "tile/entries/000",
    "tile/entries/001.p/1",
    "tile/entries/000.p/200",
    "tile/entries/0/000.p/1",
    "tile",
    "tile/",
    "proof",
    "checkpoint/x",
)


@pytest.mark.anyio
async def test_no_other_path_is_served(registry):
    await grow(registry, 3)
    answers = {path: await get(registry, path) for path in NOT_THERE}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(NOT_THERE, 404)
    assert {str(decode(answer.content, Problem).code) for answer in answers.values()} == {"not-found"}


IMPOSSIBLE = {
    "no tree": "inclusion?index=0&size=0",
    "an entry behind the last": "inclusion?index={size}&size={size}",
    "a tree that is not there yet": "inclusion?index=0&size={more}",
    "a tree beyond all measure": "inclusion?index=0&size=9223372036854775808",
    "a number with a zero before it": "inclusion?index=00&size={size}",
    "a number below nothing": "inclusion?index=-1&size={size}",
    "a number of other digits": "inclusion?index=０&size={size}",
    "a fraction": "inclusion?index=0.0&size={size}",
    "no size": "inclusion?index=0",
    "a size twice": "inclusion?index=0&size={size}&size={size}",
    "something more": "inclusion?index=0&size={size}&x=1",
    "the other proof's question": "inclusion?old=1&size={size}",
    "nothing": "inclusion",
    "the empty tree": "consistency?old=0&size={size}",
    "a tree that shrank": "consistency?old={size}&size=1",
    "a later tree that is not there yet": "consistency?old=1&size={more}",
    "a tree before and none after": "consistency?old=1",
}


@pytest.mark.anyio
async def test_a_proof_that_there_is_not_is_refused(registry):
    size = (await grow(registry, 3)).size
    for name, path in IMPOSSIBLE.items():
        answer = await get(registry, f"proof/{path.format(size=size, more=size + 1)}")
        assert (answer.status_code, str(decode(answer.content, Problem).code)) == (422, "invalid-input"), name
        assert answer.headers["cache-control"] == "no-store", name
