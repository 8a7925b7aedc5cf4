"""How verification says no: one closed family of codes. What stands in a certificate is never repeated.

The words for people stand in ``wording``. Codes are part of the contract: they stand in logs and in answers.
"""

from enum import StrEnum
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import DuplicateExtension, InvalidVersion, UnsupportedGeneralNameType

UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    DuplicateExtension,
    InvalidVersion,
    UnsupportedGeneralNameType,
)
"""What the library raises on DER that is none, some of it only when a part is looked at."""


class JpkiFault(StrEnum):
    """Stable codes of why a signature or certificate is not accepted; a code is never renamed."""

    # (1) the form, and for where it was made
    FORM_MALFORMED = "form-malformed"
    ALGORITHM_NOT_ALLOWED = "algorithm-not-allowed"
    OTHER_PURPOSE = "other-purpose"
    ORIGIN_WRONG = "origin-wrong"
    CERTIFICATE_MALFORMED = "certificate-malformed"
    # (2)-(4) the chain, and when
    AUTHORITY_UNKNOWN = "authority-unknown"
    ISSUER_WRONG = "issuer-wrong"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    # (5)-(9) what the certificate is for, and how strong it is
    KEY_USAGE_WRONG = "key-usage-wrong"
    POLICY_WRONG = "policy-wrong"
    EXTENDED_KEY_USAGE_WRONG = "extended-key-usage-wrong"
    EXTENSION_NOT_UNDERSTOOD = "extension-not-understood"
    KEY_WEAK = "key-weak"
    SERIAL_NOT_POSITIVE = "serial-not-positive"
    # (10) exactly these bytes
    SIGNATURE_WRONG = "signature-wrong"
    # (11) revocation
    REVOKED = "revoked"
    REVOCATION_UNAVAILABLE = "revocation-unavailable"
    REVOCATION_TOO_LARGE = "revocation-too-large"
    REVOCATION_MALFORMED = "revocation-malformed"
    REVOCATION_OF_ANOTHER = "revocation-of-another"
    REVOCATION_STALE = "revocation-stale"
    REVOCATION_ROLLED_BACK = "revocation-rolled-back"
    REVOCATION_PARTIAL = "revocation-partial"
    REVOCATION_UNKNOWN = "revocation-unknown"
    # (12) who the holder is
    HOLDER_UNREADABLE = "holder-unreadable"
    # (13) once
    CHALLENGE_UNKNOWN = "challenge-unknown"


class JpkiRefused(Exception):  # noqa: N818 - a refusal is an answer of the rules, not an accident of the program
    """A signature or certificate is not accepted; ``code`` says why, and nothing of it is kept."""

    def __init__(self, code: JpkiFault) -> None:
        """Carry the code alone: the words of a library could repeat what stands in a certificate."""
        super().__init__(code.value)
        self.code = code
