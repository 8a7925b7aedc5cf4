"""One key, one algorithm: the kind of key decides, and nothing else does."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from registry.contract.keys import Algorithm, SigningKey, VerifyingKey

FOREIGN = {
    "RSA": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "Ed448": ed448.Ed448PrivateKey.generate(),
    "X25519": x25519.X25519PrivateKey.generate(),
}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_survives_its_pem_files(algorithm: Algorithm) -> None:
    key = SigningKey.generate("mission-0123", algorithm)
    read = SigningKey.from_pem("mission-0123", key.to_pem())
    public = VerifyingKey.from_pem("mission-0123", key.verifying.to_pem())
    assert (read.algorithm, public.algorithm) == (algorithm, algorithm)
    assert public.verifies(read.sign(b"x"), b"x")


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_signature_holds_for_its_message_and_key_alone(algorithm: Algorithm) -> None:
    key, other = (SigningKey.generate("k", algorithm) for _ in range(2))
    signature = key.sign(b"message")
    assert len(signature) == 64
    assert not key.verifying.verifies(signature, b"Message")
    assert not other.verifying.verifies(signature, b"message")
    assert not key.verifying.verifies(signature[:63], b"message")
    assert not key.verifying.verifies(signature + b"\0", b"message")
    assert not key.verifying.verifies(bytes(64), b"message")


@pytest.mark.parametrize("private", FOREIGN.values(), ids=FOREIGN)
def test_any_other_kind_of_key_is_refused(private: rsa.RSAPrivateKey) -> None:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="Ed25519 or ECDSA P-256"):
        SigningKey.from_pem("k", pem)
    with pytest.raises(ValueError, match="Ed25519 or ECDSA P-256"):
        VerifyingKey.from_pem("k", public)


def test_an_encrypted_or_damaged_file_is_refused_in_the_same_words() -> None:
    key = SigningKey.generate("k")
    locked = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    for pem in (locked, b"", key.to_pem()[:60], key.verifying.to_pem()):
        with pytest.raises(ValueError, match="no unencrypted PEM file"):
            SigningKey.from_pem("k", pem)


@pytest.mark.parametrize("key_id", ["", "-a", "a b", "../a", "a\n", "é", "a" * 65])
def test_a_key_id_is_short_and_plain(key_id: str) -> None:
    with pytest.raises(ValueError, match="a key id has"):
        SigningKey.generate(key_id)


def test_a_private_key_is_not_printed() -> None:
    assert repr(SigningKey.generate("mission-1")) == "SigningKey(key_id='mission-1')"
