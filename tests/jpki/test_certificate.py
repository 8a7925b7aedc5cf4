"""Steps 2 to 9: a table of certificates that are not what they are shown for, and an oracle for the chain."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError
from hypothesis import given
from hypothesis import strategies as st

from registry.jpki.certificate import check_certificate
from registry.jpki.profile import PROFILES
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.sandbox.jpki.certificates import blank, key_usage, leaf_extensions, opaque_subject
from tests.jpki import pki
from tests.jpki.pki import BEGAN, DAY, ENDS, LOGIN, NOW, SIGNING, authority, der, issuer, key, leaf, pinned

GOOD = leaf()
SECOND = timedelta(seconds=1)


def refused(certificate, purpose=SIGNING, authorities=None, at=NOW):
    """The code by which a certificate is refused; None where it is not."""
    given_der = certificate if isinstance(certificate, bytes) else der(certificate)
    try:
        check_certificate(given_der, purpose, authorities or pinned(), at)
    except JpkiRefused as refusal:
        return refusal.code
    return None


def changed(kind, extension=None, *, critical=True, of=None):
    """A good certificate without one kind of extension, or with another in its place."""
    own = leaf_extensions(of or issuer(), pki.HOLDER)
    return leaf(of, pki.without(own, kind) if extension is None else pki.replaced(own, extension, critical))


def other_key(public):
    own = blank(issuer().certificate.subject, opaque_subject(), public, BEGAN, ENDS)
    for extension, critical in leaf_extensions(issuer(), pki.HOLDER):
        own = own.add_extension(extension, critical)
    return own.sign(issuer().key, SHA256())


def exponent_three():
    return other_key(generate_private_key(3, 2048).public_key())


def policies(*oids):
    return x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in oids])


@pytest.mark.parametrize("purpose", [SIGNING, LOGIN])
@pytest.mark.parametrize("generation", [1, 2])
def test_a_card_of_any_generation_serves_its_purpose(purpose, generation):
    of = issuer(purpose, generation)
    found = check_certificate(der(leaf(of)), purpose, pinned(), NOW)
    assert found.authority.key_id == authority(of).key_id
    assert found.serial > 0


def test_all_generations_have_one_name():
    assert issuer(SIGNING, 1).certificate.subject == issuer(SIGNING, 2).certificate.subject


def other_issuer_name():
    own = blank(issuer(LOGIN).certificate.subject, opaque_subject(), key("card").public_key(), BEGAN, ENDS)
    for extension, critical in leaf_extensions(issuer(), pki.HOLDER):
        own = own.add_extension(extension, critical)
    return own.sign(issuer().key, SHA256())


OTHER_POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.9.99")
FOREIGN = issuer(name="somebody else's")
BAD = {
    # (2) (3) the CA
    "a CA of the same name that nobody pinned": (lambda: leaf(FOREIGN), JpkiFault.AUTHORITY_UNKNOWN),
    "such a CA under the identifier of a pinned one": (lambda: leaf(signer=FOREIGN), JpkiFault.ISSUER_WRONG),
    "signed by the other generation": (lambda: leaf(signer=issuer(SIGNING, 1)), JpkiFault.ISSUER_WRONG),
    "no authority key identifier": (lambda: changed(x509.AuthorityKeyIdentifier), JpkiFault.AUTHORITY_UNKNOWN),
    "the issuer's name is another": (other_issuer_name, JpkiFault.ISSUER_WRONG),
    "the CA itself": (lambda: issuer().certificate, JpkiFault.KEY_USAGE_WRONG),
    "signed with SHA-1": (lambda: by_digest("sha1"), JpkiFault.ISSUER_WRONG),
    "signed with MD5": (lambda: by_digest("md5"), JpkiFault.ISSUER_WRONG),
    "signed with SHA-512, which JPKI does not": (lambda: by_digest("sha512"), JpkiFault.ISSUER_WRONG),
    # (4) dates
    "not yet valid": (lambda: leaf(began=NOW + SECOND), JpkiFault.NOT_YET_VALID),
    "expired": (lambda: leaf(ends=NOW - SECOND), JpkiFault.EXPIRED),
    # (5) key usage
    "no key usage": (lambda: changed(x509.KeyUsage), JpkiFault.KEY_USAGE_WRONG),
    "key usage not critical": (
        lambda: changed(x509.KeyUsage, key_usage(*PROFILES[SIGNING].key_usage), critical=False),
        JpkiFault.KEY_USAGE_WRONG,
    ),
    "key usage of login": (
        lambda: changed(x509.KeyUsage, key_usage("digital_signature")),
        JpkiFault.KEY_USAGE_WRONG,
    ),
    "key usage that may also issue": (
        lambda: changed(x509.KeyUsage, key_usage(*PROFILES[SIGNING].key_usage, "key_cert_sign")),
        JpkiFault.KEY_USAGE_WRONG,
    ),
    # (6) policy
    "no policy": (lambda: changed(x509.CertificatePolicies), JpkiFault.POLICY_WRONG),
    "the policy of login": (
        lambda: changed(x509.CertificatePolicies, policies(PROFILES[LOGIN].policy)),
        JpkiFault.POLICY_WRONG,
    ),
    "both policies": (
        lambda: changed(x509.CertificatePolicies, policies(*(one.policy for one in PROFILES.values()))),
        JpkiFault.POLICY_WRONG,
    ),
    "an unknown policy": (lambda: changed(x509.CertificatePolicies, policies(OTHER_POLICY)), JpkiFault.POLICY_WRONG),
    # (7) other extensions
    "EKU of TLS clients": (
        lambda: changed(x509.ExtendedKeyUsage, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])),
        JpkiFault.EXTENDED_KEY_USAGE_WRONG,
    ),
    "EKU of responders": (
        lambda: changed(x509.ExtendedKeyUsage, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])),
        JpkiFault.EXTENDED_KEY_USAGE_WRONG,
    ),
    "a CA by its basic constraints": (
        lambda: changed(x509.BasicConstraints, x509.BasicConstraints(ca=True, path_length=None)),
        JpkiFault.KEY_USAGE_WRONG,
    ),
    "a critical extension that nobody knows": (
        lambda: changed(x509.UnrecognizedExtension, x509.UnrecognizedExtension(OTHER_POLICY, b"\x05\x00")),
        JpkiFault.EXTENSION_NOT_UNDERSTOOD,
    ),
    # (8) the key
    "RSA of 1024 bits": (lambda: other_key(key("weak", 1024).public_key()), JpkiFault.KEY_WEAK),
    "RSA with exponent 3": (exponent_three, JpkiFault.KEY_WEAK),
    "ECDSA": (lambda: other_key(ec.generate_private_key(ec.SECP256R1()).public_key()), JpkiFault.KEY_WEAK),
    "Ed25519": (lambda: other_key(ed25519.Ed25519PrivateKey.generate().public_key()), JpkiFault.KEY_WEAK),
    # (9) the serial
    "serial 0": (lambda: by_serial(0), JpkiFault.SERIAL_NOT_POSITIVE),
    "a serial below 0": (lambda: by_serial(-1), JpkiFault.SERIAL_NOT_POSITIVE),
    # (1) no certificate
    "nothing": (lambda: b"", JpkiFault.CERTIFICATE_MALFORMED),
    "no DER": (lambda: b"-----BEGIN CERTIFICATE-----", JpkiFault.CERTIFICATE_MALFORMED),
    "something after it": (lambda: der(GOOD) + b"\x00", JpkiFault.CERTIFICATE_MALFORMED),
    "cut off": (lambda: der(GOOD)[:-1], JpkiFault.CERTIFICATE_MALFORMED),
}


def by_digest(digest):
    return pki.resigned(GOOD.tbs_certificate_bytes, issuer().key, digest)


def by_serial(serial):
    return pki.with_serial(GOOD, serial.to_bytes(1, "big", signed=True), issuer().key)


@pytest.mark.parametrize(("make", "code"), BAD.values(), ids=BAD)
def test_a_bad_certificate_is_refused_by_its_step(make, code):
    assert refused(make()) is code


@pytest.mark.parametrize("made", [lambda: by_digest("sha256"), lambda: by_serial(1)], ids=["algorithm", "serial"])
def test_what_is_put_together_by_hand_is_good_where_nothing_is_wrong(made):
    """Else the rows above could be refused for how they were made."""
    assert refused(made()) is None


@pytest.mark.parametrize(("shown", "asked"), [(SIGNING, LOGIN), (LOGIN, SIGNING)])
def test_a_certificate_never_does_the_others_work(shown, asked):
    assert refused(leaf(issuer(shown)), asked) is JpkiFault.OTHER_PURPOSE


def test_a_login_certificate_may_have_no_extended_key_usage():
    login = issuer(LOGIN)
    assert refused(changed(x509.ExtendedKeyUsage, of=login), LOGIN) is None


DATES = {
    "the second before": (BEGAN - SECOND, JpkiFault.NOT_YET_VALID),
    "the first second": (BEGAN, None),
    "the last second": (ENDS, None),
    "the second after": (ENDS + SECOND, JpkiFault.EXPIRED),
}


@pytest.mark.parametrize(("at", "code"), DATES.values(), ids=DATES)
def test_both_ends_belong_to_the_period(at, code):
    assert refused(GOOD, at=at) is code


def test_a_ca_that_has_ended_lets_nobody_sign():
    after = issuer().certificate.not_valid_after_utc + SECOND
    assert refused(leaf(ends=after + DAY), at=after) is JpkiFault.EXPIRED


@given(st.binary(max_size=300))
def test_whatever_arrives_is_refused_by_a_code(data):
    assert refused(data) is JpkiFault.CERTIFICATE_MALFORMED


@given(st.integers(min_value=0, max_value=len(der(GOOD)) * 8 - 1))
def test_no_bit_of_a_certificate_can_be_turned_into_another_certificate(bit):
    turned = bytearray(der(GOOD))
    turned[bit // 8] ^= 1 << bit % 8
    try:
        found = check_certificate(bytes(turned), SIGNING, pinned(), NOW)
    except JpkiRefused:
        return
    assert found.certificate.tbs_certificate_bytes == GOOD.tbs_certificate_bytes


# -------------------------------------------------------------------------------------------------- oracle


def oracle(certificate, at, authorities):
    """Whether cryptography's own verification builds a chain; it knows neither JPKI's policies nor its purposes."""
    ours = ExtensionPolicy.permit_all().may_be_present(x509.CertificatePolicies, Criticality.AGNOSTIC, None)
    theirs = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.CRITICAL, None)
    store = Store([one.certificate for one in authorities])
    builder = PolicyBuilder().store(store).time(at).max_chain_depth(1)
    verifier = builder.extension_policies(ca_policy=theirs, ee_policy=ours).build_client_verifier()
    try:
        verifier.verify(x509.load_der_x509_certificate(certificate), [])
    except VerificationError:
        return False
    return True


CHAINS = {
    "good": (lambda: der(GOOD), NOW, True),
    "the older generation": (lambda: der(leaf(issuer(SIGNING, 1))), NOW, True),
    "a CA of the same name that nobody pinned": (lambda: der(leaf(FOREIGN)), NOW, False),
    "under the identifier of a pinned one": (lambda: der(leaf(signer=FOREIGN)), NOW, False),
    "signed with SHA-1": (lambda: by_digest("sha1"), NOW, False),
    "signed with MD5": (lambda: by_digest("md5"), NOW, False),
    "before its time": (lambda: der(GOOD), BEGAN - SECOND, False),
    "after its time": (lambda: der(GOOD), ENDS + SECOND, False),
}


@pytest.mark.parametrize(("make", "at", "holds"), CHAINS.values(), ids=CHAINS)
def test_the_chain_is_judged_as_by_another_verifier(make, at, holds):
    certificate = make()
    ours = pinned(*(issuer(SIGNING, generation) for generation in (1, 2)))
    assert oracle(certificate, at, ours) is holds
    assert (refused(certificate, authorities=ours, at=at) is None) is holds


def test_a_weak_key_is_none_of_the_other_verifiers_business():
    """Why step 8 is ours."""
    weak = other_key(key("weak", 1024).public_key())
    assert oracle(der(weak), NOW, pinned())
    assert refused(weak) is JpkiFault.KEY_WEAK
