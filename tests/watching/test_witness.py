"""A witness over HTTP, as C2SP tlog-witness writes its answers; and as a process that is killed between two steps."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from registry import witness_cli
from registry.contract.keys import Algorithm, SigningKey
from registry.sandbox.programs import free_port, wait_until_ready
from registry.transparency import offer_wire
from registry.transparency.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from registry.transparency.note import KeyKind, Note, NoteKey, of_signing_key
from registry.transparency.tree import TreeHead
from registry.transparency.witness import Offer, Witness
from registry.watching.memories import Memories
from registry.watching.witness import Cosigner, make_app
from registry.watching.witness_line import WitnessAway, WitnessLine, WitnessRefused
from tests.transparency.reference import LONG, Reference
from tests.transparency.signers import LOG, NEXT_LOG, ORIGIN, WITNESS, Signer

NOW = 1_795_000_000
URL = "http://witness.test"
FORK = Reference((*LONG.entries[:5], *(f"other {number}".encode() for number in range(200))))
ANOTHER_LOG = Signer("another.example/log", bytes(range(9, 41)))


def checkpoint(size, history=LONG, signer=LOG):
    made = Checkpoint(origin=signer.key.name, head=TreeHead(size=size, root=history.root(size)))
    return sign_checkpoint(made, signer.key, signer.sign).encode()


def offer(old_size, size, history=LONG, signer=LOG):
    """What an honest log would bring that had this history."""
    proof = history.proof(old_size, size) if 0 < old_size <= size else ()
    return Offer(old_size=old_size, proof=proof, note=checkpoint(size, history, signer))


class Opened:
    """A witness in this process, with a clock that can be set."""

    def __init__(self, memories):
        self.now = NOW
        self.memories = memories
        keys = (LOG.key, ANOTHER_LOG.key)
        self.app = make_app(Cosigner(WITNESS.key, WITNESS.sign, keys, memories, lambda: self.now))

    async def ask(self, brought):
        body = brought if isinstance(brought, bytes) else offer_wire.write_offer(brought)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=URL) as http:
            answer = await http.post("/add-checkpoint", content=body)
        return answer.status_code, answer.headers["content-type"], answer.content

    def line(self, key=WITNESS.key):
        return WitnessLine(Witness(key=key, url=URL), transport=httpx.ASGITransport(self.app))


@pytest.fixture
def witness(tmp_path):
    Memories.create(tmp_path / "remembered.json")
    with Memories(tmp_path / "remembered.json") as memories:
        yield Opened(memories)


def cosigned(body, brought, key=WITNESS.key, log=LOG):
    """When the witness's line in the answer says that it saw what was brought."""
    (signature,) = offer_wire.read_cosignatures(body)
    note = Note.parse(brought.note).signed(signature)
    return open_checkpoint(note.encode(), (log.key,), (key,)).cosigned_at[key.name]


# ------------------------------------------------------------------------------------------ over HTTP


@pytest.mark.anyio
async def test_what_continues_the_log_is_cosigned_and_remembered(witness):
    for old, new in [(0, 9), (9, 9), (9, 100)]:
        witness.now += 60
        status, media_type, body = await witness.ask(offer(old, new))
        assert (status, media_type) == (200, "text/plain; charset=utf-8")
        assert cosigned(body, offer(old, new)) == witness.now
        assert witness.memories.of(ORIGIN).head.size == new


ANSWERS = {
    "no offer": (b"old\n\n", 400, b"offer-malformed\n"),
    "no note": (b"old 0\n\n", 400, b"note-malformed\n"),
    "a note that is no checkpoint": (
        offer_wire.write_offer(offer(9, 12)).replace(b"\n12\n", b"\ntwelve\n"),
        400,
        b"checkpoint-malformed\n",
    ),
    "a proof from beyond the checkpoint": (offer(13, 12), 400, b"size-impossible\n"),
    "another log": (offer(9, 12, signer=Signer("unknown.example/log", bytes(32))), 404, b"other-origin\n"),
    "another key of the log": (offer(9, 12, signer=NEXT_LOG), 403, b"signature-missing\n"),
    "a signature of something else": (
        offer_wire.write_offer(offer(9, 12)).replace(b"\n12\n", b"\n13\n"),
        403,
        b"signature-wrong\n",
    ),
    "a proof from too early": (offer(5, 12), 409, b"9\n"),
    "a proof from too late": (offer(10, 12), 409, b"9\n"),
    "as if to a newcomer": (offer(0, 12), 409, b"9\n"),
    "fewer leaves": (offer(5, 5), 409, b"9\n"),
    "another root of the same size": (offer(9, 9, FORK), 409, b"9\n"),
    "another history": (offer(9, 12, FORK), 422, b"proof-mismatch\n"),
    "no proof": (msgspec.structs.replace(offer(9, 12), proof=()), 422, b"proof-mismatch\n"),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("brought", "status", "body"), ANSWERS.values(), ids=ANSWERS)
async def test_a_witness_answers_as_the_specification_says(witness, brought, status, body):
    await witness.ask(offer(0, 9))
    media_type = "text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8"
    assert await witness.ask(brought) == (status, media_type, body)
    assert witness.memories.of(ORIGIN).head.size == 9


@pytest.mark.anyio
async def test_a_newcomer_says_that_it_knows_nothing(witness):
    assert await witness.ask(offer(9, 12)) == (409, "text/x.tlog.size", b"0\n")


@pytest.mark.anyio
async def test_a_clock_that_went_back_signs_nothing(witness):
    await witness.ask(offer(0, 9))
    witness.now -= 1
    assert (await witness.ask(offer(9, 12)))[0] == 503


@pytest.mark.anyio
async def test_two_logs_do_not_disturb_each_other(witness):
    assert [(await witness.ask(offer(0, 9, signer=log)))[0] for log in (LOG, ANOTHER_LOG)] == [200, 200]


@pytest.mark.anyio
async def test_an_offer_beyond_all_measure_is_not_read(witness):
    assert (await witness.ask(b"x" * (offer_wire.MAX_OFFER_BYTES + 1)))[0] == 413


# ------------------------------------------------------------------------------------------ the line to it


@pytest.mark.anyio
async def test_the_line_brings_a_cosigned_note_or_the_size_to_prove_from(witness):
    async with witness.line() as line:
        note = await line.add_checkpoint(offer(0, 9), (LOG.key,))
        assert open_checkpoint(note.encode(), (LOG.key,), (WITNESS.key,)).cosigned_at == {WITNESS.key.name: NOW}
        assert await line.add_checkpoint(offer(0, 12), (LOG.key,)) == 9
        with pytest.raises(WitnessRefused, match="422"):
            await line.add_checkpoint(offer(9, 12, FORK), (LOG.key,))


def answering(status, content):
    return httpx.MockTransport(lambda _: httpx.Response(status, content=content))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "content", "refusal"),
    [
        pytest.param(503, b"", WitnessAway, id="not now"),
        pytest.param(429, b"", WitnessAway, id="too often"),
        pytest.param(200, b"x" * 70_000, WitnessAway, id="beyond all measure"),
        pytest.param(404, b"", WitnessRefused, id="not this log"),
        pytest.param(200, b"fine\n", Exception, id="no cosignature"),
        pytest.param(200, checkpoint(9).partition(b"\n\n")[2], Exception, id="the log's own line"),
        pytest.param(409, b"as many as you like\n", Exception, id="no size"),
    ],
)
async def test_nothing_else_is_believed(status, content, refusal):
    line = WitnessLine(Witness(key=WITNESS.key, url=URL), transport=answering(status, content))
    async with line:
        with pytest.raises(refusal):
            await line.add_checkpoint(offer(0, 9), (LOG.key,))


@pytest.mark.anyio
async def test_a_witness_that_is_not_there_is_away():
    async with WitnessLine(Witness(key=WITNESS.key, url=f"http://127.0.0.1:{free_port()}")) as line:
        with pytest.raises(WitnessAway):
            await line.add_checkpoint(offer(0, 9), (LOG.key,))


# ------------------------------------------------------------------------------------------ as a process

PROGRAM = Path(sys.executable).with_name("registry")


class Process:
    """`registry witness serve`, over real HTTP."""

    def __init__(self, folder, logs=(LOG.key.text,)):
        self.folder = folder
        self.port = free_port()
        self.running = subprocess.Popen(  # noqa: S603 - our own program
            [PROGRAM, "witness", "serve", folder, *logs, "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        wait_until_ready(f"http://127.0.0.1:{self.port}/health", self.running, folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()
        self.running.stderr.close()

    def ask(self, brought):
        body = offer_wire.write_offer(brought)
        return httpx.post(f"http://127.0.0.1:{self.port}/add-checkpoint", content=body, timeout=30, trust_env=False)


@pytest.fixture
def folder(tmp_path):
    witness_cli.init(tmp_path / "witness", name="witness.example/w9")
    return tmp_path / "witness"


def key_of(folder):
    return NoteKey.from_text((folder / "witness.vkey").read_text().strip())


def test_a_witness_is_made_once_with_a_key_that_only_its_owner_reads(folder):
    private = folder / "witness.pem"
    assert private.stat().st_mode & 0o077 == folder.stat().st_mode & 0o077 == 0
    before = private.read_bytes()
    assert of_signing_key(SigningKey.from_pem("witness", before), "witness.example/w9", KeyKind.WITNESS) == key_of(
        folder
    )
    with pytest.raises(SystemExit, match="1"):
        witness_cli.init(folder, name="witness.example/w9")
    assert private.read_bytes() == before


def test_a_witness_has_a_name_that_can_stand_in_a_note(tmp_path):
    with pytest.raises(SystemExit, match="2"):
        witness_cli.init(tmp_path / "witness", name="our witness")
    assert list(tmp_path.iterdir()) == []


def test_a_witness_that_is_killed_after_signing_has_not_forgotten(folder):
    key = key_of(folder)
    with Process(folder) as witness:
        assert cosigned(witness.ask(offer(0, 9)).content, offer(0, 9), key) > 0
    with Process(folder) as witness:
        assert (witness.ask(offer(0, 12, FORK)).status_code, witness.ask(offer(9, 9, FORK)).status_code) == (409, 409)
        assert witness.ask(offer(9, 12)).status_code == 200


def test_a_witness_that_is_killed_between_remembering_and_signing_never_signs_another_history(folder):
    """The process stops itself when the memory is on the disk; what it then would have signed, it may sign again."""
    (folder / "stop.py").write_text(
        "import os, signal, sys\n"
        "from registry.watching import memories\n"
        "keep = memories.Memories.keep\n"
        "def kept_and_killed(self, origin, memory):\n"
        "    keep(self, origin, memory)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "memories.Memories.keep = kept_and_killed\n"
        "from registry.cli import main\n"
        "main()\n"
    )
    port = free_port()
    arguments = [sys.executable, folder / "stop.py", "witness", "serve", folder, LOG.key.text, "--port", str(port)]
    running = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program
    wait_until_ready(f"http://127.0.0.1:{port}/health", running, folder)
    with pytest.raises(httpx.TransportError):
        httpx.post(
            f"http://127.0.0.1:{port}/add-checkpoint",
            content=offer_wire.write_offer(offer(0, 9)),
            timeout=30,
            trust_env=False,
        )
    assert running.wait(timeout=30) == -signal.SIGKILL
    with Process(folder) as witness:
        assert witness.ask(offer(9, 9, FORK)).status_code == 409
        assert witness.ask(offer(0, 12, FORK)).content == b"9\n"
        assert witness.ask(offer(9, 9)).status_code == 200


def test_one_memory_serves_one_process(folder, capsys):
    with Memories(folder / "remembered.json"), pytest.raises(SystemExit, match="1"):
        witness_cli.serve(folder, [LOG.key.text], port=free_port())
    assert "another witness" in capsys.readouterr().err


def of_another(folder):
    """Put the key of another witness in the place of this one's."""
    (folder / "witness.pem").write_bytes(SigningKey.generate("witness").to_pem())


def of_another_kind(folder):
    """Put a key there that signs no notes."""
    (folder / "witness.pem").write_bytes(SigningKey.generate("witness", Algorithm.ECDSA_P256).to_pem())


SLIPS = {
    "no published key of a log": (["x"], lambda _: None, "2", "C2SP signed-note"),
    "the key of a witness": ([WITNESS.key.text], lambda _: None, "2", "0x01"),
    "no memory": ([LOG.key.text], lambda folder: (folder / "remembered.json").unlink(), "1", "is not there"),
    "no key": ([LOG.key.text], lambda folder: (folder / "witness.pem").unlink(), "1", "witness.pem"),
    "the key of another": ([LOG.key.text], of_another, "1", "one pair"),
    "a key of another kind": ([LOG.key.text], of_another_kind, "1", "Ed25519"),
}


@pytest.mark.parametrize(("logs", "spoil", "code", "said"), SLIPS.values(), ids=SLIPS)
def test_a_witness_does_not_start_with(folder, capsys, logs, spoil, code, said):
    spoil(folder)
    with pytest.raises(SystemExit, match=code):
        witness_cli.serve(folder, logs, port=free_port())
    assert said in capsys.readouterr().err.replace("\n", " ")
