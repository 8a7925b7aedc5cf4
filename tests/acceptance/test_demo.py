"""The demo, as a newcomer runs it: real processes, and the counts that were written down by hand beforehand."""

import json
import subprocess
import sys
from pathlib import Path

import registry.sandbox

EXPECTED = Path(registry.sandbox.__file__).parent / "samples" / "expected.json"
STAYS = ("留守", "HOMEBODY", "991310160128", "991310160241", "991347201037", "991341202546")
"""Names and numbers of people in the extracts and the reports who must stay in a town hall or at a mission."""


def test_the_story_of_the_demo_comes_out_as_it_was_written_down(tmp_path):
    program = Path(sys.executable).with_name("registry")
    folder = tmp_path / "demo"
    done = subprocess.run(  # noqa: S603 - our own program
        [program, "demo", "--once", "--folder", folder], capture_output=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary.pop("seconds") > 0
    assert summary == json.loads(EXPECTED.read_text(encoding="utf-8"))
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert left
    for path in left:
        content = path.read_bytes()
        assert not any(planted.encode() in content for planted in STAYS), path.name
