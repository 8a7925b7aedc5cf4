"""What a witness remembers is on the disk before anybody sees its signature, and two never share a memory."""

import json

import pytest

from registry.transparency.tree import EMPTY_ROOT, TreeHead
from registry.transparency.witness import Memory
from registry.watching.memories import Memories, MemoryRefused

SEVEN = Memory(head=TreeHead(size=7, root=bytes(range(32))), at=1_795_000_000)
NONE = Memory(head=TreeHead(size=0, root=EMPTY_ROOT), at=1_795_000_001)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "remembered.json"
    Memories.create(made)
    return made


def test_what_is_kept_is_there_again_for_each_log(path):
    with Memories(path) as memories:
        assert memories.of("log.example/a") is None
        memories.keep("log.example/a", NONE)
        memories.keep("log.example/b", NONE)
        memories.keep("log.example/a", SEVEN)
    with Memories(path) as memories:
        assert [memories.of(f"log.example/{name}") for name in "abc"] == [SEVEN, NONE, None]


def test_a_memory_is_made_once(path):
    with pytest.raises(FileExistsError):
        Memories.create(path)


def test_two_witnesses_never_work_with_one_memory(path):
    with Memories(path), pytest.raises(MemoryRefused, match="another witness"), Memories(path):
        pass
    with Memories(path) as memories:
        assert memories.of("log.example/a") is None


LOST = {
    "cut off": b'{"log.example/a": {"si',
    "another shape": b"[]",
    "a member more": json.dumps({"a": {"size": 1, "root": "00" * 32, "at": 1, "seen": True}}).encode(),
    "a root that is none": json.dumps({"a": {"size": 1, "root": "xx" * 32, "at": 1}}).encode(),
    "a root that is too short": json.dumps({"a": {"size": 1, "root": "00" * 31, "at": 1}}).encode(),
    "a head that no tree has": json.dumps({"a": {"size": 0, "root": "00" * 32, "at": 1}}).encode(),
    "nothing": b"",
}


@pytest.mark.parametrize("content", LOST.values(), ids=LOST)
def test_a_witness_that_forgot_does_not_start(path, content):
    path.write_bytes(content)
    with pytest.raises(MemoryRefused, match="must not sign"), Memories(path):
        pass


def test_a_witness_without_its_memory_does_not_start(path):
    path.unlink()
    with pytest.raises(MemoryRefused, match="is not there"), Memories(path):
        pass


def test_what_cannot_be_written_is_not_remembered(path):
    with Memories(path) as memories:
        memories.keep("log.example/a", NONE)
        path.with_suffix(".new").mkdir()
        with pytest.raises(OSError, match="directory"):
            memories.keep("log.example/a", SEVEN)
        assert memories.of("log.example/a") == NONE
