"""Step 1: the one form of a signature, and everything that only looks like it."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import RSAKey

from registry.jpki import detached
from registry.jpki.authenticator import sign_application, sign_in
from registry.jpki.refusals import JpkiFault, JpkiRefused
from tests.jpki.pki import APPLICATION, LOGIN, NONCE, ORIGIN, SIGNING, InHand, der, issuer, key, leaf

CERTIFICATE = der(leaf())
CARD = InHand(CERTIFICATE)
SIGNED = sign_application(CARD, APPLICATION, origin=ORIGIN, nonce=NONCE)
HEADER = {
    "alg": "RS256",
    "typ": "registry-application+jws",
    "x5c": [b64encode(CERTIFICATE).decode()],
    "aud": ORIGIN,
    "nonce": NONCE,
    "b64": False,
    "crit": ["b64"],
}


def base64url(raw):
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def written(signature=b"\x01" * 256, **changes):
    header = {name: value for name, value in (HEADER | changes).items() if value is not None}
    return f"{base64url(json.dumps(header).encode())}..{base64url(signature)}"


def refused(text, purpose=SIGNING):
    try:
        detached.read(text, purpose)
    except JpkiRefused as refusal:
        return refusal.code
    return None


def test_what_was_written_is_read():
    token = detached.read(SIGNED, SIGNING)
    assert (token.certificate, token.origin, token.nonce) == (CERTIFICATE, ORIGIN, NONCE)
    assert token.signed_bytes(APPLICATION) == SIGNED.partition(".")[0].encode() + b"." + APPLICATION


def test_a_header_put_together_by_hand_is_read():
    """Else the rows below could be refused for how they were made."""
    assert refused(written()) is None


MALFORMED = JpkiFault.FORM_MALFORMED
BAD = {
    "no algorithm": (written(alg="none"), JpkiFault.ALGORITHM_NOT_ALLOWED),
    "the public key as a shared secret": (written(alg="HS256"), JpkiFault.ALGORITHM_NOT_ALLOWED),
    "RSA with another padding": (written(alg="PS256"), JpkiFault.ALGORITHM_NOT_ALLOWED),
    "RSA with SHA-1": (written(alg="RS1"), JpkiFault.ALGORITHM_NOT_ALLOWED),
    "the algorithm in small letters": (written(alg="rs256"), JpkiFault.ALGORITHM_NOT_ALLOWED),
    "made for sign-in": (written(typ="registry-sign-in+jws"), JpkiFault.OTHER_PURPOSE),
    "evidence of a mission": (written(typ="registry-evidence+jws"), JpkiFault.OTHER_PURPOSE),
    "no type": (written(typ=None), MALFORMED),
    "no nonce": (written(nonce=None), MALFORMED),
    "a nonce too short": (written(nonce="AAAA"), MALFORMED),
    "a nonce with a line end": (written(nonce=NONCE + "\n"), MALFORMED),
    "no origin": (written(aud=None), MALFORMED),
    "two origins": (written(aud=[ORIGIN, "https://elsewhere.example"]), MALFORMED),
    "the content in base64": (written(b64=True), MALFORMED),
    "b64 that nobody must understand": (written(crit=None), MALFORMED),
    "something else that is critical": (written(crit=["b64", "exp"]), MALFORMED),
    "a header that we do not know": (written(jku="https://elsewhere.example/keys"), MALFORMED),
    "a key of the sender's own": (written(jwk={"kty": "RSA"}), MALFORMED),
    "no certificate": (written(x5c=[]), MALFORMED),
    "two certificates": (written(x5c=HEADER["x5c"] * 2), MALFORMED),
    "a certificate that is no base64": (written(x5c=["?"]), JpkiFault.CERTIFICATE_MALFORMED),
    "a certificate with a gap": (written(x5c=[HEADER["x5c"][0] + "\n"]), JpkiFault.CERTIFICATE_MALFORMED),
    "a header twice": (base64url(json.dumps(HEADER)[:-1].encode() + b',"alg":"none"}') + "..AAAA", MALFORMED),
    "content attached": (SIGNED.replace("..", f".{base64url(APPLICATION)}."), MALFORMED),
    "no signature": (SIGNED.partition("..")[0] + "..", MALFORMED),
    "padding": (SIGNED + "=", MALFORMED),
    "a line end": (SIGNED + "\n", MALFORMED),
    "JSON": (json.dumps({"protected": SIGNED}), MALFORMED),
    "nothing": ("", MALFORMED),
    "longer than any": (written(signature=b"\x01" * detached.LONGEST), MALFORMED),
    "full-width letters": (SIGNED.replace("A", "Ａ"), MALFORMED),
}


@pytest.mark.parametrize(("text", "code"), BAD.values(), ids=BAD)
def test_what_is_not_of_the_one_form_is_refused(text, code):
    assert refused(text) is code


def test_a_sign_in_is_no_signature_and_a_signature_no_sign_in():
    answer = sign_in(InHand(leaf(issuer(LOGIN))), origin=ORIGIN, nonce=NONCE)
    assert refused(answer, LOGIN) is None
    assert refused(answer, SIGNING) is JpkiFault.OTHER_PURPOSE
    assert refused(SIGNED, LOGIN) is JpkiFault.OTHER_PURPOSE


@given(st.text(alphabet="AB-_.=é", max_size=40))
def test_whatever_arrives_is_refused_by_a_code(text):
    assert refused(text) is MALFORMED


class Roomy(jws.JWSRegistry):
    """joserfc's rules, but for a header that holds a certificate."""

    max_header_length = detached.LONGEST


def test_another_library_finds_the_signature_good():
    """The form is a plain one of RFC 7515 and RFC 7797: joserfc is the oracle."""
    public = RSAKey.import_key(key("card").public_key())
    registry = Roomy(algorithms=["RS256"], strict_check_header=False)
    found = jws.deserialize_compact(SIGNED, public, registry=registry, payload=APPLICATION)
    assert found.headers()["nonce"] == NONCE


def test_what_is_signed_never_shows_in_a_log_line():
    assert repr(detached.read(SIGNED, SIGNING)) == "Detached(…)"
