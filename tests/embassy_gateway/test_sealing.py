"""The seal of the spool: what opens where, and which key files are taken."""

import pytest

from embassy_gateway.sealing import KEY_BYTES, SealBroken, SetupRefused, SpoolKey, read_private

KEY = SpoolKey(b"k" * KEY_BYTES)
PLAIN = "髙﨑 花子".encode()
PLACE = ("report", "7", "payload")


def test_a_sealed_value_opens_where_it_was_put():
    assert KEY.open(KEY.seal(PLAIN, *PLACE), *PLACE) == PLAIN


def test_the_same_value_never_seals_the_same():
    assert KEY.seal(PLAIN, *PLACE) != KEY.seal(PLAIN, *PLACE)


def test_the_envelope_is_the_registrys():
    sealed = KEY.seal(PLAIN, *PLACE)
    assert sealed[0] == 1
    assert len(sealed) == 1 + 4 + 12 + len(PLAIN) + 16


@pytest.mark.parametrize(
    "place",
    [("report", "8", "payload"), ("receipt", "7", "payload"), ("report", "7", "body"), ("report7", "payload"), ()],
    ids=lambda place: "|".join(place) or "nowhere",
)
def test_a_value_moved_to_another_place_does_not_open(place):
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(PLAIN, *PLACE), *place)


def test_a_flipped_bit_is_noticed_wherever_it_is():
    sealed = KEY.seal(PLAIN, *PLACE)
    for position in range(len(sealed)):
        flipped = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(SealBroken):
            KEY.open(flipped, *PLACE)


@pytest.mark.parametrize("cut", [0, 1, 5, 16, 32])
def test_a_value_cut_short_does_not_open(cut):
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(PLAIN, *PLACE)[:cut], *PLACE)


def test_another_key_opens_nothing_and_knows_no_duplicate():
    other = SpoolKey(b"o" * KEY_BYTES)
    with pytest.raises(SealBroken):
        other.open(KEY.seal(PLAIN, *PLACE), *PLACE)
    assert other.digest(PLAIN) != KEY.digest(PLAIN) == KEY.digest(PLAIN)


def test_the_first_start_makes_a_key_that_only_its_owner_may_read(tmp_path):
    path = tmp_path / "keys" / "spool.key"
    sealed = SpoolKey.load_or_create(path, spool=tmp_path / "spool.sqlite").seal(PLAIN, *PLACE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert SpoolKey.load_or_create(path, spool=tmp_path / "spool.sqlite").open(sealed, *PLACE) == PLAIN


def test_a_spool_without_its_key_is_refused(tmp_path):
    spool = tmp_path / "spool.sqlite"
    spool.touch()
    with pytest.raises(SetupRefused, match="restore it"):
        SpoolKey.load_or_create(tmp_path / "spool.key", spool=spool)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "spool.key"
    path.write_bytes(b"k" * KEY_BYTES)
    path.chmod(mode)
    with pytest.raises(SetupRefused, match="chmod 600"):
        read_private(path)


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33])
def test_a_key_file_of_another_length_is_refused(tmp_path, content):
    path = tmp_path / "spool.key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(SetupRefused, match="32 bytes"):
        SpoolKey.load(path)
