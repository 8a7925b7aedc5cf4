"""The mission that most tests of the gateway use, and the desk at which its staff type commands."""

import pytest

from embassy_gateway.cli import run
from tests.embassy_gateway.mission import environment_of, mission_in, settings_of, settle_in, text
from tests.embassy_gateway.registry_stand_in import line_to


@pytest.fixture
def mission(tmp_path):
    with mission_in(tmp_path) as mission:
        yield mission


@pytest.fixture
def desk(tmp_path, monkeypatch, capfd):
    """A desk at the mission with its registry: ``desk(command…)`` returns exit code and output."""
    _, registry, _ = settle_in(tmp_path)
    with line_to(registry) as line:
        for name, value in environment_of(settings_of(tmp_path, line.url)).items():
            monkeypatch.setenv(name, value)
        yield Desk(tmp_path, registry, line, capfd)


class Desk:
    def __init__(self, folder, registry, line, capfd):
        self.folder = folder
        self.registry = registry
        self.line = line
        self._capfd = capfd
        capfd.readouterr()

    def __call__(self, *arguments):
        code = run(list(map(str, arguments)))
        captured = self._capfd.readouterr()
        return code, captured.out + captured.err

    def file(self, *reports, name="reports.json"):
        (self.folder / name).write_bytes(text(*reports))
        return self.folder / name
