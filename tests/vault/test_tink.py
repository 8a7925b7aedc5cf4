"""Google Tink as judge: it opens what we seal, and we open what it seals, byte by byte the same envelope."""

import pytest
import tink
from hypothesis import given
from hypothesis import strategies as st
from tink import aead, proto_keyset_format, secret_key_access
from tink.proto import aes_gcm_pb2, tink_pb2

from registry.vault.keys import DataKey, Kek, data_key_place
from registry.vault.sealing import Place, SealBroken, SealingKey, length_prefixed, open_sealed, seal

aead.register()

PLACES = st.builds(
    Place,
    table=st.text(st.characters(codec="utf-8"), max_size=12),
    row_id=st.text(st.characters(codec="utf-8"), max_size=12),
    column=st.text(st.characters(codec="utf-8"), max_size=12),
    version=st.integers(0, 2**31),
)
KEY_IDS = st.integers(0, 2**32 - 1)
KEYS = st.binary(min_size=32, max_size=32)
PLACE = Place(table="version", row_id="0190a7e2", column="sealed", version=3)


def tinks(key_id: int, key: bytes) -> aead.Aead:
    """Return Tink's own AES-256-GCM with this key under this id."""
    material = tink_pb2.KeyData(
        type_url="type.googleapis.com/google.crypto.tink.AesGcmKey",
        value=aes_gcm_pb2.AesGcmKey(version=0, key_value=key).SerializeToString(),
        key_material_type=tink_pb2.KeyData.SYMMETRIC,
    )
    entry = tink_pb2.Keyset.Key(
        key_data=material, status=tink_pb2.ENABLED, key_id=key_id, output_prefix_type=tink_pb2.TINK
    )
    keyset = tink_pb2.Keyset(primary_key_id=key_id, key=[entry])
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(aead.Aead)


def additional_data(place: Place) -> bytes:
    """Write down by hand what an envelope is bound to."""
    return length_prefixed("v1", place.table, place.row_id, place.column, str(place.version))


@given(KEY_IDS, KEYS, PLACES, st.binary(max_size=300))
def test_tink_opens_what_we_seal(key_id: int, key: bytes, place: Place, plaintext: bytes) -> None:
    envelope = seal(SealingKey(key_id, key), place, plaintext)
    assert tinks(key_id, key).decrypt(envelope, additional_data(place)) == plaintext


@given(KEY_IDS, KEYS, PLACES, st.binary(max_size=300))
def test_we_open_what_tink_seals(key_id: int, key: bytes, place: Place, plaintext: bytes) -> None:
    envelope = tinks(key_id, key).encrypt(plaintext, additional_data(place))
    assert open_sealed(SealingKey(key_id, key), place, envelope) == plaintext


def test_tink_refuses_what_we_refuse_and_we_what_tink_refuses() -> None:
    key = bytes(range(32))
    envelope = bytearray(seal(SealingKey(7, key), PLACE, b"sealed"))
    for at in range(len(envelope)):
        envelope[at] ^= 1
        with pytest.raises(SealBroken):
            open_sealed(SealingKey(7, key), PLACE, bytes(envelope))
        with pytest.raises(tink.TinkError):
            tinks(7, key).decrypt(bytes(envelope), additional_data(PLACE))
        envelope[at] ^= 1


def test_tink_unwraps_the_key_of_a_person_with_the_key_of_a_month() -> None:
    month = bytes(range(32))
    person_id = "0190a7e2-0000-7000-8000-000000000001"
    key, row = DataKey.generate(Kek(20240501, month), person_id=person_id, random=lambda size: bytes(range(size)))
    unwrapped = tinks(20240501, month).decrypt(row.wrapped, additional_data(data_key_place(person_id)))
    assert tinks(key.key_id, unwrapped).decrypt(seal(key, PLACE, b"sealed"), additional_data(PLACE)) == b"sealed"
