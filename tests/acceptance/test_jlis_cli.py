"""``registry jlis`` and ``registry sandbox jlis`` as an operator types them: two processes and a real line between."""

import json
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from registry.contract.decoding import encode
from registry.contract.keys import SigningKey
from registry.sandbox.programs import Programs, free_port, wait_until_ready
from tests.acceptance.jlis import KEY, entry, long_ago, standings
from tests.acceptance.seen import rows
from tests.house import a_log_key
from tests.planted import found_in

pytestmark = pytest.mark.anyio

REGISTRY = Path(sys.executable).with_name("registry")


class Operator:
    """Types commands of the registry, with the settings of a test's house."""

    def __init__(self, database, folder, registry):
        self.folder = folder
        self.port = free_port()
        (folder / "j-lis.pem").write_bytes(KEY.to_pem())
        (folder / "j-lis.pub.pem").write_bytes(KEY.verifying.to_pem())
        (folder / "registry.pub.pem").write_bytes(registry.resources.signing_key.verifying.to_pem())
        (folder / "book.json").write_bytes(encode({"entries": [entry()]}))
        self.settings = {
            "REGISTRY_DSN": database,
            "REGISTRY_KEYS": str(folder / "keys.json"),
            "REGISTRY_SIGNING_KEY": str(folder / "registry.pem"),
            "REGISTRY_LOG_KEY": str(a_log_key(folder)),
            "REGISTRY_JLIS_URL": f"http://127.0.0.1:{self.port}",
            "REGISTRY_JLIS_KEY": str(folder / "j-lis.pub.pem"),
            "COLUMNS": "200",
        }

    @property
    def play(self):
        """The command that plays J-LIS."""
        keys = ("--key", str(self.folder / "j-lis.pem"), "--registry-key", str(self.folder / "registry.pub.pem"))
        return ["registry", "sandbox", "jlis", "serve", str(self.folder / "book.json"), *keys, "--port", str(self.port)]

    async def types(self, *command, code=0, **settings):
        environment = os.environ | self.settings | settings
        done = await anyio.run_process([REGISTRY, *command], env=environment, check=False)
        assert done.returncode == code, done.stderr.decode()
        assert found_in(done.stdout + done.stderr) == ()
        return done


@pytest.fixture
def operator(database, tmp_path, registry):
    return Operator(database, tmp_path, registry)


async def test_a_question_goes_over_the_line_and_its_answer_into_the_record(registry, database, operator):
    await long_ago(registry)
    down = await operator.types("jlis", "ask", "--json", code=1)
    assert json.loads(down.stdout) == {"opened": 1, "findings": {}, "refused": 0, "changes": {}, "line_down": True}
    status = json.loads((await operator.types("jlis", "status", "--json")).stdout)
    assert [(one["owner"], one["attempts"], one["overdue"]) for one in status["open"]] == [("registry", 1, False)]
    await rows(database, "UPDATE question SET next_at = opened_at")
    with Programs(operator.folder) as programs:
        process = programs.start("jlis", operator.play, operator.settings)
        wait_until_ready(f"http://127.0.0.1:{operator.port}/health", process, operator.folder / "jlis.log")
        done = await operator.types("jlis", "ask", "--json")
    assert json.loads(done.stdout)["findings"] == {"found": 1}
    assert await standings(database) == [("agreed", False)]
    status = json.loads((await operator.types("jlis", "status", "--json")).stdout)
    assert (status["findings"]["found"], status["open"]) == (1, [])


async def test_an_answer_signed_by_a_stranger_ends_the_run(registry, operator):
    await long_ago(registry)
    stranger = SigningKey.generate("j-lis")
    (operator.folder / "j-lis.pub.pem").write_bytes(stranger.verifying.to_pem())
    with Programs(operator.folder) as programs:
        process = programs.start("jlis", operator.play, operator.settings)
        wait_until_ready(f"http://127.0.0.1:{operator.port}/health", process, operator.folder / "jlis.log")
        ended = await operator.types("jlis", "ask", code=1)
    assert b"signature-invalid" in ended.stderr


async def test_the_command_says_what_is_not_set(operator):
    ended = await operator.types("jlis", "ask", code=2, REGISTRY_JLIS_URL="")
    assert b"REGISTRY_JLIS_URL" in ended.stderr


async def test_j_lis_is_not_played_in_production(operator):
    ended = await operator.types(*operator.play[1:], code=1, REGISTRY_ENV="production")
    assert b"production" in ended.stderr


async def test_a_book_that_is_none_is_refused(operator):
    (operator.folder / "book.json").write_bytes(b'{"entries": [{}]}')
    ended = await operator.types(*operator.play[1:], code=1)
    assert b"is no book: missing at /entries/0/record" in ended.stderr


def test_help_has_examples():
    done = subprocess.run([REGISTRY, "jlis", "ask", "--help"], capture_output=True, check=True)  # noqa: S603 - ours
    assert b"registry jlis ask" in done.stdout
