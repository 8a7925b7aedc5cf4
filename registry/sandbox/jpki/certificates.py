"""Certificates in the profile of JPKI, made by CAs that nobody trusts: each has the extensions of the real one."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from registry.domain.basic_four import Confidential
from registry.jpki import profile
from registry.jpki.profile import KEY_USAGES, LEAST_KEY_BITS, PROFILES, PUBLIC_EXPONENT, Purpose
from registry.services.resources import japan_date

Extensions = list[tuple[x509.ExtensionType, bool]]
"""Extensions of a certificate, and whether each is critical."""

YEARS_OF_A_CA: Final = 10
END_OF_DAY_IN_JAPAN: Final = time(14, 59, 59)
"""As UTC."""

BIRTHDAYS: Final = 5
"""A certificate ends on the 5th birthday after its issue."""


class HolderTexts(Confidential, frozen=True, kw_only=True):
    """The otherNames of a signing certificate, as they are written."""

    name: str
    name_substitutes: str
    sex: str
    birth_date: str
    address: str
    address_substitutes: str


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """A CA with its key, and where it publishes what it has revoked."""

    purpose: Purpose
    certificate: x509.Certificate
    key: RSAPrivateKey
    crl: str
    ocsp: str


def new_key(bits: int = LEAST_KEY_BITS) -> RSAPrivateKey:
    """Make a key as cards have it."""
    return generate_private_key(PUBLIC_EXPONENT, bits)


def issuer_name(purpose: Purpose) -> x509.Name:
    """Return the name of a CA, the same for every generation."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, PROFILES[purpose].unit),
            x509.NameAttribute(
                NameOID.ORGANIZATIONAL_UNIT_NAME, "Japan Agency for Local Authority Information Systems"
            ),
        ]
    )


def key_usage(*bits: str) -> x509.KeyUsage:
    """Return the extension with these bits set."""
    return x509.KeyUsage(**{bit: bit in bits for bit in KEY_USAGES}, encipher_only=False, decipher_only=False)


def make_ca(purpose: Purpose, key: RSAPrivateKey, begins: datetime) -> x509.Certificate:
    """Make the self-signed certificate of one generation of a CA."""
    builder = blank(issuer_name(purpose), issuer_name(purpose), key.public_key(), begins, _years_on(begins))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    extensions: Extensions = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (key_usage("key_cert_sign", "crl_sign"), True),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
        (x509.UnrecognizedExtension(profile.SANDBOX, b"\x05\x00"), False),
    ]
    return signed(builder, extensions, key)


def _years_on(begins: datetime) -> datetime:
    return begins + timedelta(days=365 * YEARS_OF_A_CA)


def make_responder(issuer: Issuer, public: RSAPublicKey, begins: datetime) -> x509.Certificate:
    """Make the certificate of who answers by OCSP in the CA's place."""
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, "OCSP responder")]
    )
    extensions: Extensions = [
        (key_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        (_authority_key(issuer), False),
    ]
    return signed(blank(issuer.certificate.subject, name, public, begins, _years_on(begins)), extensions, issuer.key)


def make_leaf(issuer: Issuer, public: RSAPublicKey, holder: HolderTexts, begins: datetime) -> x509.Certificate:
    """Make the certificate of a card, for the purpose of its CA."""
    builder = blank(
        issuer.certificate.subject, opaque_subject(), public, begins, fifth_birthday(holder.birth_date, begins)
    )
    return signed(builder, leaf_extensions(issuer, holder), issuer.key)


def leaf_extensions(issuer: Issuer, holder: HolderTexts) -> Extensions:
    """Return the extensions of a card's certificate: who the holder is stands in that for signing alone."""
    wanted = PROFILES[issuer.purpose]
    extensions: Extensions = [
        (key_usage(*wanted.key_usage), True),
        (x509.CertificatePolicies([x509.PolicyInformation(wanted.policy, None)]), True),
        (_authority_key(issuer), False),
        (x509.CRLDistributionPoints([_published_at(issuer.crl)]), False),
        (x509.AuthorityInformationAccess([_answered_at(issuer.ocsp)]), False),
    ]
    if wanted.extended_key_usage:
        extensions.append((x509.ExtendedKeyUsage(wanted.extended_key_usage), False))
    if issuer.purpose is Purpose.SIGNING:
        extensions.append((x509.SubjectAlternativeName(_other_names(holder)), False))
    return extensions


def _other_names(holder: HolderTexts) -> list[x509.OtherName]:
    texts = {
        profile.NAME: holder.name,
        profile.NAME_SUBSTITUTES: holder.name_substitutes,
        profile.SEX: holder.sex,
        profile.BIRTH_DATE: holder.birth_date,
        profile.ADDRESS: holder.address,
        profile.ADDRESS_SUBSTITUTES: holder.address_substitutes,
    }
    return [x509.OtherName(oid, asn1.encode_der(text)) for oid, text in texts.items() if text]


def _authority_key(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _published_at(address: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)


def _answered_at(address: str) -> x509.AccessDescription:
    return x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(address))


def opaque_subject() -> x509.Name:
    """Return a subject that says nothing of anybody, as the real one."""
    opaque = f"{x509.random_serial_number():040x}"
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, opaque[:24].upper())]
    )


def fifth_birthday(birth_date: str, begins: datetime) -> datetime:
    """Return the end of the 5th birthday after ``begins``, by the clock of Japan; ``birth_date`` is EYYYYMMDD."""
    month, day = int(birth_date[5:7]) or 1, int(birth_date[7:9]) or 1
    today = japan_date(begins)
    first = today.year if (month, day) > (today.month, today.day) else today.year + 1
    year = first + BIRTHDAYS - 1
    birthday = date(year, 2, 28) if (month, day) == (2, 29) else date(year, month, day)
    return datetime.combine(birthday, END_OF_DAY_IN_JAPAN, UTC)


def blank(
    issuer: x509.Name, subject: x509.Name, public: RSAPublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    """Begin a certificate, without extensions."""
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def signed(builder: x509.CertificateBuilder, extensions: Extensions, key: RSAPrivateKey) -> x509.Certificate:
    """Put the extensions in and sign."""
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256())
