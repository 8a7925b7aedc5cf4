"""A hundred megabytes in a quarter of a gigabyte: a check in a process of its own, measured by the system.

The process in between is small. Linux counts against a new process what the one that started it needed, which here
would be pytest.
"""

import json
import subprocess
import sys

import pytest

from tests.municipality_sync.agent.extracts import TOML, addressee, extract, row

MEGABYTE = 1 << 20
MEASURED = """
import json, resource, subprocess, sys
command = [sys.executable, "-c", "from municipality_sync.cli import main; main()", "check", *sys.argv[1:], "--json"]
done = subprocess.run(command, stdout=subprocess.PIPE)
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
print(json.dumps({"peak": peak, "code": done.returncode, "report": json.loads(done.stdout)}))
"""


@pytest.fixture
def measured(tmp_path):
    """Check an extract of that many bytes, nearly everyone with one line; return people, report and peak in bytes."""
    (tmp_path / "layout.toml").write_text(TOML, encoding="utf-8")
    heading, line = extract(row(1, 住民票コード="", 個人番号="")).splitlines(keepends=True)
    first = addressee(1).encode()

    def _measured(size):
        people = 0
        with (tmp_path / "extract.csv").open("wb") as file:
            file.write(heading)
            while file.tell() < size:
                people += 1
                file.write(line.replace(first, addressee(people).encode()))
        command = (sys.executable, "-c", MEASURED, "extract.csv", "--layout", "layout.toml")
        done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own command
        said = json.loads(done.stdout)
        assert said["code"] == 0
        assert said["report"]["to_send"] == people
        return said["peak"]

    return _measured


def test_ten_megabytes_need_little_more_than_none(measured):
    assert measured(10 * MEGABYTE) - measured(1) < 24 * MEGABYTE


@pytest.mark.long
def test_a_hundred_megabytes_fit_in_a_quarter_of_a_gigabyte(measured):
    assert measured(100 * MEGABYTE) < 256 * MEGABYTE
