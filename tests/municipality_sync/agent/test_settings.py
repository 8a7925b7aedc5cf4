"""What the environment must say, and that it is told of every slip at once."""

import pytest

from municipality_sync.agent.settings import DEFAULT_PATIENCE, PREFIX, read_settings
from registry.domain.errors import FaultCode, InvalidInput
from tests.municipality_sync.agent.registry_stand_in import MUNICIPALITY, REGISTRY, StandIn, environment


@pytest.fixture
def right(tmp_path):
    stand_in = StandIn()
    stand_in.address = "https://registry.example"
    return environment(stand_in, tmp_path)


def faults_of(given):
    with pytest.raises(InvalidInput) as refused:
        read_settings(given)
    return [(fault.pointer.removeprefix(f"/{PREFIX}"), fault.code) for fault in refused.value.faults]


def test_settings_are_read_from_the_environment(right):
    read = read_settings(right | {"HOME": "/nowhere"})
    assert read.registry_url == "https://registry.example"
    assert read.signing_key.verifying == MUNICIPALITY.verifying
    assert read.registry_keys == {"registry": REGISTRY.verifying}
    assert read.patience == 0


def test_patience_has_a_default(right):
    del right["MUNICIPALITY_SYNC_PATIENCE"]
    assert read_settings(right).patience == DEFAULT_PATIENCE


def test_everything_missing_is_told_at_once():
    assert faults_of({}) == [(name, FaultCode.MISSING) for name in ("REGISTRY_URL", "KEY", "REGISTRY_KEYS", "STATE")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("REGISTRY_URL", "http://registry.example", id="names and numbers in clear over the line"),
        pytest.param("REGISTRY_URL", "https://registry.example/v1", id="an address with a path"),
        pytest.param("REGISTRY_URL", "https://[", id="no address"),
        pytest.param("KEY", "/nowhere/chiyoda.pem", id="a key that is not there"),
        pytest.param("REGISTRY_KEYS", "/nowhere", id="no key to believe"),
        pytest.param("PATIENCE", "-1", id="less than no patience"),
        pytest.param("PATIENCE", "inf", id="patience without end"),
        pytest.param("PATIENCE", "long", id="patience without measure"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_by_its_name(right, name, value):
    assert faults_of(right | {PREFIX + name: value}) == [(name, FaultCode.OUT_OF_RANGE)]


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_on_this_machine_the_line_may_be_in_clear(right, address):
    assert read_settings(right | {"MUNICIPALITY_SYNC_REGISTRY_URL": address}).registry_url == address


def test_a_misspelt_variable_is_told(right):
    assert faults_of(right | {"MUNICIPALITY_SYNC_STATES": "x"}) == [("STATES", FaultCode.UNKNOWN_FIELD)]


def test_a_private_key_that_others_can_read_is_refused(right, tmp_path):
    (tmp_path / "chiyoda.pem").chmod(0o644)
    assert faults_of(right) == [("KEY", FaultCode.OUT_OF_RANGE)]


def test_what_is_no_key_is_refused(right, tmp_path):
    (tmp_path / "chiyoda.pem").write_text("-----BEGIN PRIVATE KEY-----")
    (tmp_path / "registry-keys" / "another.pem").write_text("")
    assert faults_of(right) == [("KEY", FaultCode.OUT_OF_RANGE), ("REGISTRY_KEYS", FaultCode.OUT_OF_RANGE)]
