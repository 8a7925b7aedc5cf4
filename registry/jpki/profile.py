"""証明書プロファイル — what certificates of JPKI look like, by what they are for (J-LIS: プロファイル仕様書).

One table. What is unverified says so, and is corrected here alone.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID


class Purpose(StrEnum):
    """署名用 and 利用者証明用: a certificate is for one of them, and never does the other's work."""

    SIGNING = "signing"
    USER_AUTHENTICATION = "user-authentication"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What certificates for one purpose have. ``unit`` is the OU of their issuer.

    ``key_usage`` names the bits that are set, all others being off. ``extended_key_usage`` is what EKU may say; a
    certificate without EKU is for anything that its key usage and policy allow.
    """

    unit: str
    policy: ObjectIdentifier
    key_usage: frozenset[str]
    extended_key_usage: frozenset[ObjectIdentifier]


PROFILES: Final[Mapping[Purpose, Profile]] = {
    Purpose.SIGNING: Profile(
        unit="JPKI for digital signature",
        policy=ObjectIdentifier("1.2.392.200149.8.5.1.1.20"),
        key_usage=frozenset({"digital_signature", "content_commitment"}),
        extended_key_usage=frozenset(),
    ),
    Purpose.USER_AUTHENTICATION: Profile(
        unit="JPKI for user authentication",
        policy=ObjectIdentifier("1.2.392.200149.8.5.1.3.30"),
        key_usage=frozenset({"digital_signature"}),
        extended_key_usage=frozenset({ExtendedKeyUsageOID.CLIENT_AUTH}),  # unverified
    ),
}

KEY_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
"""Every bit of keyUsage but the two that only qualify key_agreement; content_commitment was nonRepudiation."""

LEAST_KEY_BITS: Final = 2048
PUBLIC_EXPONENT: Final = 65537
"""What cards of JPKI have; another exponent is no card's."""

UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
)
"""Extensions that verification looks at: any other that is critical refuses the certificate (RFC 5280 § 4.2)."""

SANDBOX: Final = ObjectIdentifier("2.25.291927909024284584432377005248725216886")
"""An extension of CAs whose people do not exist; production refuses to pin one. (X.667: from a random number.)"""

_HOLDER: Final = "1.2.392.200149.8.5.5."
NAME: Final = ObjectIdentifier(_HOLDER + "1")
NAME_SUBSTITUTES: Final = ObjectIdentifier(_HOLDER + "2")
SEX: Final = ObjectIdentifier(_HOLDER + "3")
BIRTH_DATE: Final = ObjectIdentifier(_HOLDER + "4")
ADDRESS: Final = ObjectIdentifier(_HOLDER + "5")
ADDRESS_SUBSTITUTES: Final = ObjectIdentifier(_HOLDER + "6")
"""The otherNames by which a signing certificate states the 4情報."""
