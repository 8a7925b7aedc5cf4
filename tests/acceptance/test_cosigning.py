"""Every head of the log is brought to its witnesses; what they cosign is kept and served, and a fork is an alarm."""

from datetime import timedelta

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from registry.services.cosigning import Cosigning
from registry.store import disclosure_log as stored
from registry.transparency.checkpoint import open_checkpoint
from registry.transparency.tree import TreeHead
from registry.transparency.witness import Memory, Witness
from registry.watching.memories import Memories
from registry.watching.witness import Cosigner, make_app
from registry.watching.witness_line import WitnessLine
from tests.acceptance.asking import ask, settle
from tests.acceptance.test_log_routes import get
from tests.house import PENSION
from tests.transparency.signers import OTHER_WITNESS, WITNESS

ANOTHER_ROOT = bytes(range(32))


class Watched:
    """A registry's log with a witness or two, and a clock for all of them."""

    def __init__(self, registry, folder, signers):
        self.registry = registry
        self.now = registry.sequencer.wall_clock()
        self.asked = []
        self.memories = {}
        self.lines = []
        for number, signer in enumerate(signers):
            Memories.create(folder / f"{number}.json")
            self.memories[signer] = Memories(folder / f"{number}.json").__enter__()
            self.lines.append(self._line(signer))
        witnesses = tuple(line.witness for line in self.lines)
        log = msgspec.structs.replace(registry.sequencer.log, witnesses=witnesses)
        self.resources = msgspec.structs.replace(registry.sequencer, log=log, wall_clock=lambda: self.now)
        self.cosigning = self.restarted()

    def _line(self, signer):
        keys = (self.registry.resources.log.key,)
        cosigner = Cosigner(signer.key, signer.sign, keys, self.memories[signer], lambda: int(self.now.timestamp()))
        app = make_app(cosigner)

        async def noting(scope, receive, send):
            self.asked.append(signer.key.name)
            await app(scope, receive, send)

        transport = httpx.ASGITransport(noting)
        return WitnessLine(Witness(key=signer.key, url=f"http://witness-{len(self.lines)}.test"), transport=transport)

    def restarted(self):
        return Cosigning(self.resources, self.lines)

    async def head(self):
        async with self.resources.work() as work:
            return await stored.head(work)

    async def cosigned_by(self):
        """The size of the checkpoint that is served, and who cosigned that."""
        note = (await get(self.registry, "checkpoint")).content
        keys = [line.witness.key for line in self.lines]
        opened = open_checkpoint(note, (self.resources.log.key,), keys)
        return opened.checkpoint.head.size, sorted(opened.cosigned_at)

    async def grow(self):
        await ask(self.registry, PENSION)
        await self.registry.sequence()

    def close(self):
        for memories in self.memories.values():
            memories.__exit__()


@pytest.fixture
def watched_by(registry, tmp_path):
    opened = []

    def watched(*signers):
        opened.append(Watched(registry, tmp_path, signers))
        return opened[-1]

    yield watched
    for one in opened:
        one.close()


@pytest.mark.anyio
async def test_each_new_head_is_cosigned_and_served(registry, watched_by):
    watched = watched_by(WITNESS)
    await settle(registry)
    for _ in range(3):
        await watched.grow()
        assert await watched.cosigning.round() == int(watched.now.timestamp())
        head = await watched.head()
        assert (head.cosigned_size, head.cosigned_at) == (head.size, int(watched.now.timestamp()))
        assert await watched.cosigned_by() == (head.size, [WITNESS.key.name])
    assert len(watched.asked) == 3


@pytest.mark.anyio
async def test_the_same_head_is_cosigned_again_after_a_while_and_not_before(watched_by):
    watched = watched_by(WITNESS)
    await watched.cosigning.round()
    assert await watched.cosigning.round() is None
    watched.now += timedelta(seconds=61)
    assert await watched.cosigning.round() == int(watched.now.timestamp())
    assert len(watched.asked) == 2


@pytest.mark.anyio
async def test_a_registry_that_was_restarted_asks_the_witness_where_it_stands(watched_by):
    watched = watched_by(WITNESS)
    await watched.grow()
    await watched.cosigning.round()
    await watched.grow()
    assert await watched.restarted().round() is not None
    assert await watched.cosigned_by() == ((await watched.head()).size, [WITNESS.key.name])
    assert len(watched.asked) == 3


@pytest.mark.anyio
async def test_what_all_witnesses_cosigned_stands_under_one_head(watched_by):
    watched = watched_by(WITNESS, OTHER_WITNESS)
    await watched.grow()
    await watched.cosigning.round()
    assert await watched.cosigned_by() == ((await watched.head()).size, [WITNESS.key.name, OTHER_WITNESS.key.name])


@pytest.mark.anyio
async def test_a_witness_that_is_away_holds_up_nobody_and_is_told_of_once(watched_by):
    watched = watched_by(WITNESS, OTHER_WITNESS)

    def gone(_):
        raise httpx.ConnectError("")

    watched.lines[0] = WitnessLine(watched.lines[0].witness, transport=httpx.MockTransport(gone))
    cosigning = watched.restarted()
    with capture_logs() as logs:
        for _ in range(2):
            await watched.grow()
            await cosigning.round()
    assert await watched.cosigned_by() == ((await watched.head()).size, [OTHER_WITNESS.key.name])
    assert sorted((one["log_level"], one["code"]) for one in logs if one["event"] == "witness") == [
        ("info", "cosigns"),
        ("warning", "away"),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("more", [0, 1, 1_000])
async def test_a_witness_that_knows_another_history_is_an_alarm_and_nothing_is_kept(watched_by, more):
    watched = watched_by(WITNESS)
    await watched.grow()
    size = (await watched.head()).size + more
    kept = Memory(head=TreeHead(size=size, root=ANOTHER_ROOT), at=0)
    watched.memories[WITNESS].keep(watched.resources.log.key.name, kept)
    with capture_logs() as logs:
        for _ in range(2):
            assert await watched.cosigning.round() is None
    assert (await watched.head()).cosigned is None
    assert [one["log_level"] for one in logs if one["event"] == "witness"] == ["error"]


@pytest.mark.anyio
async def test_a_witness_that_knows_a_shorter_other_history_is_an_alarm_too(watched_by):
    watched = watched_by(WITNESS)
    for _ in range(2):
        await watched.grow()
    kept = Memory(head=TreeHead(size=1, root=ANOTHER_ROOT), at=0)
    watched.memories[WITNESS].keep(watched.resources.log.key.name, kept)
    with capture_logs() as logs:
        assert await watched.cosigning.round() is None
    assert [(one["log_level"], one["code"]) for one in logs if one["event"] == "witness"] == [("error", "refused-422")]


@pytest.mark.anyio
async def test_only_one_process_asks_at_a_time(watched_by):
    watched = watched_by(WITNESS)
    async with watched.registry.ex_officio.work() as other:
        assert await stored.lead_cosigning(other)
        assert await watched.cosigning.round() is None
    assert watched.asked == []


@pytest.mark.anyio
@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(days=3650)])
async def test_a_witness_whose_clock_is_wrong_hides_nothing_that_comes_later(watched_by, ahead):
    watched = watched_by(WITNESS, OTHER_WITNESS)
    await watched.grow()
    right = watched.resources.wall_clock
    watched.resources = msgspec.structs.replace(watched.resources, wall_clock=lambda: watched.now - ahead)
    with capture_logs() as logs:
        assert await watched.restarted().round() is None
    assert [one["code"] for one in logs if one["event"] == "witness"] == ["clock", "clock"]
    assert (await watched.head()).cosigned is None
    watched.resources = msgspec.structs.replace(watched.resources, wall_clock=right)
    assert await watched.restarted().round() is not None
