"""What the tests of JPKI may ask for."""

import shutil

import pytest

from registry.sandbox.jpki.office import Office
from tests.jpki.pki import NOW


@pytest.fixture(scope="session")
def office_folder(tmp_path_factory):
    """An office in which nothing was issued; its keys are made once."""
    folder = tmp_path_factory.mktemp("jpki") / "office"
    return Office.open_or_make(folder, "http://127.0.0.1:8430", NOW).folder


@pytest.fixture
def office(office_folder, tmp_path):
    """An office of the test's own."""
    return Office(shutil.copytree(office_folder, tmp_path / "office"))
