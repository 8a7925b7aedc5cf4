"""The keys of the log: one for each person and year, made of the secret of the year and of nothing else."""

import hmac

import pytest

from registry.vault.keys import Kek, data_key_place, rewrap
from registry.vault.log_keys import LogYear, owner_of
from registry.vault.sealing import Place, SealBroken, open_sealed, seal

SECRET = bytes(range(32))
SUBJECT = "A" * 32
PLACE = Place(table="log_entry", row_id="row", column="sealed", version=2024)


def kek(provider, month="2024-12"):
    made, _ = Kek.generate(provider, key_id=int(month.replace("-", "")), month=month)
    return made


def opens(sealing, opening):
    try:
        return open_sealed(opening, PLACE, seal(sealing, PLACE, b"sealed")) == b"sealed"
    except SealBroken:
        return False


def test_the_key_of_a_person_and_year_is_the_hmac_of_the_subject():
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in (b"v1", b"log", SUBJECT.encode()))
    key = LogYear(2024, SECRET).key_of(SUBJECT)
    expected = hmac.digest(SECRET, parts, "sha256")
    assert key.key_id == 2024
    assert key.aead.decrypt(bytes(12), type(key.aead)(expected).encrypt(bytes(12), b"x", b""), b"") == b"x"


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (LogYear(2024, SECRET).key_of(SUBJECT), True),
        (LogYear(2024, SECRET).key_of("B" * 32), False),
        (LogYear(2024, SECRET).key_of(None), False),
        (LogYear(2025, SECRET).key_of(SUBJECT), False),
        (LogYear(2024, SECRET[::-1]).key_of(SUBJECT), False),
    ],
    ids=["the same", "another person", "nobody", "another year", "another secret"],
)
def test_what_one_key_seals_no_other_opens(other, is_same):
    assert opens(LogYear(2024, SECRET).key_of(SUBJECT), other) is is_same


def test_a_year_opens_by_the_key_that_wrapped_it_and_for_that_year_alone(known_keys):
    month = kek(known_keys)
    made, row = LogYear.generate(month, 2024)
    assert row.person_id == owner_of(2024)
    assert opens(made.key_of(SUBJECT), LogYear.unwrap(month, 2024, row.wrapped).key_of(SUBJECT))
    for other, year in ((month, 2025), (kek(known_keys, "2025-01"), 2024)):
        with pytest.raises(SealBroken):
            LogYear.unwrap(other, year, row.wrapped)


def test_a_year_is_rewrapped_as_data_keys_are(known_keys):
    old, new = kek(known_keys), kek(known_keys, "2025-01")
    made, row = LogYear.generate(old, 2024)
    again = rewrap(data_key_place(owner_of(2024)), row.wrapped, old=old, new=new)
    assert opens(made.key_of(SUBJECT), LogYear.unwrap(new, 2024, again).key_of(SUBJECT))


def test_a_year_does_not_show_its_secret():
    assert repr(LogYear(2024, SECRET)) == "LogYear(2024)"
    with pytest.raises(ValueError, match="32 bytes"):
        LogYear(2024, SECRET[:31])
