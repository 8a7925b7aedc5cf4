"""Keys: who may read the file of them, and which key unwraps which."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from registry.vault.keys import DataKey, FileKeyProvider, Kek, KeysRefused, data_key_place, rewrap
from registry.vault.sealing import Place, SealBroken, open_sealed, seal

PLACE = Place(table="version", row_id="v-1", column="sealed", version=1)
PERSON, STRANGER = "p-1", "p-2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    FileKeyProvider.create(tmp_path / "keys.json")
    return tmp_path / "keys.json"


@pytest.fixture
def provider(path: Path) -> FileKeyProvider:
    return FileKeyProvider(path, production=False)


@pytest.fixture
def another_provider(tmp_path: Path) -> FileKeyProvider:
    FileKeyProvider.create(tmp_path / "other.json")
    return FileKeyProvider(tmp_path / "other.json", production=False)


@pytest.fixture
def kek(provider: FileKeyProvider) -> Kek:
    return Kek.generate(provider, key_id=7, month="2024-05")[0]


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless_umask")
def test_new_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    FileKeyProvider.create(tmp_path / "keys.json")
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_new_keys_replace_no_old_ones(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        FileKeyProvider.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601], ids="{:o}".format)
def test_keys_open_to_others_are_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(KeysRefused, match="open to no one else"):
        FileKeyProvider(path, production=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_keys_of_another_user_are_refused(path: Path) -> None:
    os.chown(path, 65534, -1)
    with pytest.raises(KeysRefused, match="of this user's"):
        FileKeyProvider(path, production=False)


def test_keys_in_a_file_are_refused_in_production_unread(tmp_path: Path) -> None:
    with pytest.raises(KeysRefused, match="HSM"):
        FileKeyProvider(tmp_path / "missing.json", production=True)


SECRET = "cGxhbnRlZC1wbGFudGVkLXBsYW50ZWQtcGxhbnRlZC0="
KEY_FILES = {
    "empty": "",
    "not JSON": SECRET,
    "another format": f'{{"format":"registry-keys-2","master":"{SECRET}","mac":"{SECRET}"}}',
    "a key missing": f'{{"format":"registry-keys-1","master":"{SECRET}"}}',
    "an unknown key": f'{{"format":"registry-keys-1","master":"{SECRET}","mac":"{SECRET}","{SECRET}":1}}',
    "a short master key": f'{{"format":"registry-keys-1","master":"cGxhbnRlZC0=","mac":"{SECRET}"}}',
    "a short MAC key": f'{{"format":"registry-keys-1","master":"{SECRET}","mac":"cGxhbnRlZC0="}}',
}


@pytest.mark.parametrize("content", KEY_FILES.values(), ids=KEY_FILES.keys())
def test_a_file_that_holds_no_keys_is_refused_without_repeating_it(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(KeysRefused) as refused:
        FileKeyProvider(path, production=False)
    assert "cGxh" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_of_a_month_is_unwrapped_by_whoever_has_the_same_file(path: Path, provider: FileKeyProvider) -> None:
    kek, row = Kek.generate(provider, key_id=7, month="2024-05")
    again = Kek.unwrap(FileKeyProvider(path, production=False), row)
    _, person_row = DataKey.generate(kek, person_id=PERSON)
    assert again.open(person_row) == kek.open(person_row)
    assert (row.key_id, row.month) == (7, "2024-05")


def test_a_key_of_a_month_is_not_unwrapped_by_another_master_key(
    provider: FileKeyProvider, another_provider: FileKeyProvider
) -> None:
    _, row = Kek.generate(provider, key_id=7, month="2024-05")
    with pytest.raises(SealBroken):
        Kek.unwrap(another_provider, row)


def test_a_key_of_a_month_is_not_unwrapped_in_another_row(provider: FileKeyProvider) -> None:
    _, row = Kek.generate(provider, key_id=7, month="2024-05")
    with pytest.raises(SealBroken):
        Kek.unwrap(provider, msgspec.structs.replace(row, key_id=8))


def test_a_persons_key_unwrapped_opens_what_it_sealed(kek: Kek) -> None:
    key, row = DataKey.generate(kek, person_id=PERSON)
    assert open_sealed(DataKey.unwrap(kek, row), PLACE, seal(key, PLACE, b"sealed")) == b"sealed"
    assert (row.person_id, row.key_id, row.kek_id) == (PERSON, 1, 7)


def test_what_one_person_has_sealed_does_not_open_for_another(kek: Kek) -> None:
    key, _ = DataKey.generate(kek, person_id=PERSON)
    others, _ = DataKey.generate(kek, person_id=STRANGER)
    with pytest.raises(SealBroken):
        open_sealed(others, PLACE, seal(key, PLACE, b"sealed"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"person_id": STRANGER}, id="given to another person"),
        pytest.param({"key_id": 2}, id="under another number"),
    ],
)
def test_a_persons_key_moved_to_another_row_is_not_unwrapped(kek: Kek, change: dict[str, str | int]) -> None:
    _, row = DataKey.generate(kek, person_id=PERSON)
    with pytest.raises(SealBroken):
        DataKey.unwrap(kek, msgspec.structs.replace(row, **change))


def test_a_persons_key_is_not_unwrapped_by_the_key_of_another_month(provider: FileKeyProvider, kek: Kek) -> None:
    _, row = DataKey.generate(kek, person_id=PERSON)
    june, _ = Kek.generate(provider, key_id=8, month="2024-06")
    with pytest.raises(SealBroken):
        DataKey.unwrap(june, row)


def test_a_persons_key_wrapped_anew_still_opens_what_it_sealed(provider: FileKeyProvider, kek: Kek) -> None:
    key, row = DataKey.generate(kek, person_id=PERSON)
    june, _ = Kek.generate(provider, key_id=8, month="2024-06")
    wrapped = rewrap(data_key_place(PERSON), row.wrapped, old=kek, new=june)
    rewrapped = msgspec.structs.replace(row, kek_id=8, wrapped=wrapped)
    assert open_sealed(DataKey.unwrap(june, rewrapped), PLACE, seal(key, PLACE, b"sealed")) == b"sealed"
    with pytest.raises(SealBroken):
        DataKey.unwrap(kek, rewrapped)


def test_each_label_has_a_mac_key_of_its_own(provider: FileKeyProvider, another_provider: FileKeyProvider) -> None:
    macs = {provider.mac("a", b"1"), provider.mac("a", b"2"), provider.mac("b", b"1"), another_provider.mac("a", b"1")}
    assert len(macs) == 4
    assert provider.mac("a", b"1") in macs


def test_no_key_shows_itself(kek: Kek) -> None:
    key, _ = DataKey.generate(kek, person_id=PERSON)
    assert repr(kek) == "Kek(key_id=7)"
    assert repr(key) == "DataKey(key_id=1)"
