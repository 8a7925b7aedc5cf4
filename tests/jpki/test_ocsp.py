"""Step 11 by OCSP: what of an answer is believed, and whose."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as rfc6960
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from registry.jpki import ocsp
from registry.jpki.certificate import check_certificate
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation import RevocationSource
from registry.sandbox.jpki.certificates import blank, make_responder, opaque_subject, signed
from tests.jpki import pki
from tests.jpki.pki import BEGAN, DAY, ENDS, LOGIN, NOW, SIGNING, authority, der, issuer, key, leaf, pinned

LEAF = check_certificate(der(leaf()), SIGNING, pinned(), NOW)
NONCE = bytes(range(32))
ASKED = ocsp.ask(LEAF, NONCE)
RESPONDER = make_responder(issuer(), key("responder").public_key(), BEGAN)
FOREIGN = issuer(name="somebody else's")
GOOD = rfc6960.OCSPCertStatus.GOOD


def answer(
    responder=RESPONDER,
    private=None,
    *,
    status=GOOD,
    since=None,
    nonce=NONCE,
    began=NOW,
    ends=NOW + DAY,
    about=None,
    of=None,
    hash_algorithm=SHA256,
    shown=...,
):
    """An answer of the CA's responder; each keyword makes one thing otherwise."""
    builder = rfc6960.OCSPResponseBuilder().add_response(
        about or LEAF.certificate,
        (of or issuer()).certificate,
        hash_algorithm(),
        status,
        began,
        ends,
        since,
        x509.ReasonFlags.key_compromise if since else None,
    )
    builder = builder.responder_id(rfc6960.OCSPResponderEncoding.HASH, responder)
    if shown is not None:
        builder = builder.certificates([responder if shown is ... else shown])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(private or key("responder"), SHA256()).public_bytes(Encoding.DER)


def found(given_der, now=NOW):
    try:
        return ocsp.read_answer(given_der, ASKED, authority(issuer()), now)
    except JpkiRefused as refusal:
        return refusal.code


def responder(of=None, *, usages=(ExtendedKeyUsageOID.OCSP_SIGNING,), no_check=True, began=BEGAN, ends=ENDS, bits=2048):
    """The certificate of a responder that lacks something."""
    of = of or issuer()
    public = key("responder", bits).public_key()
    extensions = [(x509.ExtendedKeyUsage(usages), False)] if usages else []
    extensions += [(x509.OCSPNoCheck(), False)] if no_check else []
    return signed(blank(of.certificate.subject, opaque_subject(), public, began, ends), extensions, of.key)


def test_a_certificate_in_good_standing_is_so():
    standing = found(answer())
    assert standing.source is RevocationSource.OCSP
    assert (standing.as_of, standing.until, standing.revoked_since) == (NOW, NOW + DAY, None)


def test_a_revoked_one_is_revoked_since_then():
    assert found(answer(status=rfc6960.OCSPCertStatus.REVOKED, since=NOW - DAY)).revoked_since == NOW - DAY


def test_the_ca_may_answer_itself():
    assert found(answer(issuer().certificate, issuer().key, shown=None)).revoked_since is None


def by_sha1():
    whole = answer(shown=None)
    signed_part = rfc6960.load_der_ocsp_response(whole).tbs_response_bytes
    old = pki.algorithm("sha256") + b"\x03\x82\x01\x01\x00"
    at = whole.index(old)
    by_ca = pki.rsa_signature(issuer().key, signed_part, "sha1")
    return whole[:at] + pki.algorithm("sha1") + b"\x03\x82\x01\x01\x00" + by_ca


ANOTHER = JpkiFault.REVOCATION_OF_ANOTHER
STALE = JpkiFault.REVOCATION_STALE
SECOND = timedelta(seconds=1)
BAD = {
    "a responder of a CA that nobody pinned": (lambda: answer(responder(FOREIGN)), ANOTHER),
    "a responder of the older generation": (lambda: answer(responder(issuer(SIGNING, 1))), ANOTHER),
    "a responder of the CA for login": (lambda: answer(responder(issuer(LOGIN))), ANOTHER),
    "a card as responder": (lambda: answer(leaf(), key("card")), ANOTHER),
    "a responder named for something else": (
        lambda: answer(responder(usages=[ExtendedKeyUsageOID.SERVER_AUTH])),
        ANOTHER,
    ),
    "a responder named for nothing": (lambda: answer(responder(usages=[])), ANOTHER),
    "a responder that may itself be revoked": (lambda: answer(responder(no_check=False)), ANOTHER),
    "a responder that has ended": (lambda: answer(responder(ends=NOW - SECOND)), ANOTHER),
    "a responder that has not begun": (lambda: answer(responder(began=NOW + SECOND)), ANOTHER),
    "a responder with a weak key": (lambda: answer(responder(bits=1024), key("responder", 1024)), ANOTHER),
    "a responder that does not show itself": (lambda: answer(shown=None), ANOTHER),
    "signed by another than who shows itself": (
        lambda: answer(leaf(), key("card"), shown=RESPONDER),
        ANOTHER,
    ),
    "another CA itself": (lambda: answer(FOREIGN.certificate, FOREIGN.key), ANOTHER),
    "signed with SHA-1": (by_sha1, ANOTHER),
    "about another certificate": (lambda: answer(about=leaf()), ANOTHER),
    "about this serial with another CA": (lambda: answer(of=issuer(SIGNING, 1)), ANOTHER),
    "about it by another hash": (lambda: answer(hash_algorithm=SHA1), ANOTHER),
    "without the nonce": (lambda: answer(nonce=None), STALE),
    "with the nonce of another request": (lambda: answer(nonce=bytes(32)), STALE),
    "out of date": (lambda: answer(began=NOW - 2 * DAY, ends=NOW), STALE),
    "from the future": (lambda: answer(began=NOW + timedelta(minutes=2)), STALE),
    "without an end": (lambda: answer(ends=None), STALE),
    "unknown to the CA": (lambda: answer(status=rfc6960.OCSPCertStatus.UNKNOWN), JpkiFault.REVOCATION_UNKNOWN),
    "not now": (
        lambda: unsuccessful(rfc6960.OCSPResponseStatus.TRY_LATER),
        JpkiFault.REVOCATION_UNAVAILABLE,
    ),
    "not to us": (
        lambda: unsuccessful(rfc6960.OCSPResponseStatus.UNAUTHORIZED),
        JpkiFault.REVOCATION_UNAVAILABLE,
    ),
    "cut off": (lambda: answer()[:-1], JpkiFault.REVOCATION_MALFORMED),
    "a page of HTML": (lambda: b"<html>503</html>", JpkiFault.REVOCATION_MALFORMED),
    "nothing": (lambda: b"", JpkiFault.REVOCATION_MALFORMED),
}


def unsuccessful(status):
    return rfc6960.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


@pytest.mark.parametrize(("make", "code"), BAD.values(), ids=BAD)
def test_an_answer_that_is_not_the_cas_own_about_this_and_fresh_is_refused(make, code):
    assert found(make()) is code


ANSWER = answer()


@given(st.integers(min_value=0, max_value=len(ANSWER) * 8 - 1))
def test_no_bit_of_an_answer_can_be_turned_into_another_answer(bit):
    turned = bytearray(ANSWER)
    turned[bit // 8] ^= 1 << bit % 8
    outcome = found(bytes(turned))
    assert outcome == found(ANSWER) or isinstance(outcome, JpkiFault)


@given(st.binary(max_size=200))
def test_whatever_arrives_is_refused_by_a_code(data):
    assert found(data) is JpkiFault.REVOCATION_MALFORMED
