"""CAs and cards of the sandbox for tests, good ones and such as no CA would make; keys are made once a run."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from registry.code_tables.files import load_municipalities
from registry.jpki.authenticator import Carrier
from registry.jpki.authorities import Authorities, Authority
from registry.jpki.crl import read_list
from registry.jpki.profile import Purpose
from registry.sandbox.jpki import certificates
from registry.sandbox.jpki.certificates import HolderTexts, Issuer, blank, leaf_extensions, make_ca, new_key

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(days=400)
ENDS = NOW + timedelta(days=400)
DAY = timedelta(days=1)
SIGNING, LOGIN = Purpose.SIGNING, Purpose.USER_AUTHENTICATION
ORIGIN = "https://registry.example"
NONCE = "AAAAAAAAAAAAAAAAAAAAAA"
MUNICIPALITIES = load_municipalities()
HOLDER = HolderTexts(
    name="高﨑\u3000花子",
    name_substitutes="00000",
    sex="2",
    birth_date="319850307",
    address="国外転出",
    address_substitutes="0000",
)
APPLICATION = '{"kind":"number-change","reason":"漏えい"}'.encode()


def key(name, bits=2048):
    return _key(name, bits)


@cache
def _key(_name, bits):
    return new_key(bits)


@cache
def issuer(purpose=SIGNING, generation=2, name="JPKI"):
    """One generation of a CA; another ``name`` is a CA that nobody pinned, under the same subject."""
    own = key(f"CA {name} {purpose} {generation}")
    where = f"http://ca.test/{{}}/{purpose}-{generation}"
    return Issuer(
        purpose=purpose,
        certificate=make_ca(purpose, own, BEGAN - DAY),
        key=own,
        crl=where.format("crl"),
        ocsp=where.format("ocsp"),
    )


def pinned(*issuers):
    chosen = issuers or [issuer(purpose, generation) for purpose in Purpose for generation in (1, 2)]
    return Authorities(
        Authority(purpose=one.purpose, certificate=one.certificate, crl=one.crl, ocsp=one.ocsp) for one in chosen
    )


def authority(of):
    return Authority(purpose=of.purpose, certificate=of.certificate, crl=of.crl, ocsp=of.ocsp)


def without(extensions, kind):
    return [(one, critical) for one, critical in extensions if not isinstance(one, kind)]


def replaced(extensions, new, critical):
    return [*without(extensions, type(new)), (new, critical)]


def leaf(of=None, extensions=None, *, holder=HOLDER, began=BEGAN, ends=ENDS, card=None, serial=None, signer=None):
    """A certificate of a card as a CA would make it; each keyword makes one thing otherwise."""
    of = of or issuer()
    public = (card or key("card")).public_key()
    builder = blank(of.certificate.subject, certificates.opaque_subject(), public, began, ends)
    if serial is not None:
        builder._serial_number = serial
    chosen = leaf_extensions(of, holder) if extensions is None else extensions
    return certificates.signed(builder, chosen, (signer or of).key)


def der(certificate):
    return certificate.public_bytes(Encoding.DER)


class InHand:
    """A carrier whose certificates are what a test gives it."""

    carrier = Carrier.CARD

    def __init__(self, certificate, card=None):
        self._certificate = certificate if isinstance(certificate, bytes) else der(certificate)
        self._card = card or key("card")

    def certificate(self, _purpose):
        return self._certificate

    def sign(self, _purpose, message):
        return self._card.sign(message, PKCS1v15(), SHA256())


class ByList:
    """Revocation by one list at hand: who does not stand in it is in good standing."""

    def __init__(self, one):
        self._list = one

    async def standing(self, leaf, now):
        return self._list.standing(leaf.serial, now)


def crl(of=None, revoked=(), *, number=7, began=NOW - DAY, ends=NOW + DAY, signer=None, extensions=()):
    """A CRL; ``revoked`` are (serial, since) or (serial, since, extensions of the entry)."""
    of = of or issuer()
    builder = x509.CertificateRevocationListBuilder().issuer_name(of.certificate.subject)
    builder = builder.last_update(began).next_update(ends)
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for serial, since, *own in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        for extension, critical in own:
            entry = entry.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign((signer or of).key, SHA256()).public_bytes(Encoding.DER)


def a_list(of=None, revoked=(), **changes):
    of = of or issuer()
    return read_list(crl(of, revoked, **changes), authority(of))


# ------------------------------------------------------------- what the library does not make: other algorithms

DIGESTS = {
    "md5": (4, "3020300c06082a864886f70d020505000410"),
    "sha1": (5, "3021300906052b0e03021a05000414"),
    "sha256": (11, "3031300d060960864801650304020105000420"),
    "sha512": (13, "3051300d060960864801650304020305000440"),
}
"""The last number of the OID (RFC 8017 A.2.4) and the DigestInfo before the digest."""


def rsa_signature(private, signed, digest):
    """RSASSA-PKCS1-v1_5 by hand: the library no longer makes what a test must see refused."""
    numbers = private.private_numbers()
    n = numbers.public_numbers.n
    info = bytes.fromhex(DIGESTS[digest][1]) + hashlib.new(digest, signed).digest()
    size = (n.bit_length() + 7) // 8
    padded = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return pow(int.from_bytes(padded, "big"), numbers.d, n).to_bytes(size, "big")


def algorithm(digest):
    return bytes.fromhex("300d06092a864886f70d0101") + bytes([DIGESTS[digest][0]]) + b"\x05\x00"


def resigned(tbs, private, digest="sha256"):
    """Put a signed structure together from what is to be signed."""
    tbs = tbs.replace(algorithm("sha256"), algorithm(digest))
    return _sequence(tbs + algorithm(digest) + _tlv(0x03, b"\x00" + rsa_signature(private, tbs, digest)))


def with_serial(certificate, serial, private):
    """The same certificate with another serial (DER of the integer's content), signed anew."""
    content = certificate.tbs_certificate_bytes[4:]  # after the tag and a length of three bytes
    version, number = content[:5], content[5:]
    return resigned(_sequence(version + _tlv(0x02, serial) + number[2 + number[1] :]), private)


def _sequence(content):
    return _tlv(0x30, content)


def _tlv(tag, content):
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content
