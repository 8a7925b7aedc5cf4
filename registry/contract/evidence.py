"""Evidence for ever: what a mission took in, when, in which order; and what the registry acknowledged.

At intake the gateway signs the exact bytes of a report as a detached JWS (RFC 7515 appendix F, RFC 7797): local
time, a number that rises by one, and the hash of the evidence before it. Whoever holds reports and evidence can
show years later what was taken in, and a missing piece leaves a gap in the numbers and a break in the chain. This
signature is apart from the one on each HTTP request (``signing``), which lives for a minute.

Receipts are detached too, by the registry over the body of its answer. Signatures are made by
:class:`~registry.contract.keys.SigningKey` and checked by joserfc; RFC 9864 names the algorithms in full:
"Ed25519", not "EdDSA", and "ES256".
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from registry.contract.decoding import decode, encode
from registry.contract.keys import Algorithm, KeyLookup, SigningKey, VerifyingKey
from registry.contract.problems import ProblemCode, WireRefusal
from registry.domain.errors import InvalidInput

_JwsName = Literal["Ed25519", "ES256"]
JWS_NAMES: Final[Mapping[Algorithm, _JwsName]] = {Algorithm.ED25519: "Ed25519", Algorithm.ECDSA_P256: "ES256"}
_Hash = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$")]  # SHA-256 in base64url

_F = TypeVar("_F", bound=msgspec.Struct)


class EvidenceRefused(WireRefusal):
    """The evidence or receipt does not prove what it is shown for."""


class EvidenceHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway states about one intake.

    ``taken_at`` is the mission's local time with its offset; ``sequence`` counts that gateway's intakes from 1
    without gaps; ``previous`` is :func:`evidence_hash` of the evidence numbered one less, None for the first. ``clerk``
    is :func:`evidence_hash` of the ID token of who typed the report, None where a machine handed it in: the gateway
    keeps the token, and shows years later who it was by the word of their provider.
    """

    key_id: str
    taken_at: datetime
    sequence: int
    previous: str | None
    clerk: str | None = None


class _EvidenceFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The protected header of evidence as it stands in the JWS; ``typ`` keeps it apart from a receipt."""

    alg: _JwsName
    kid: str
    typ: Literal["registry-evidence+jws"]
    taken_at: Annotated[datetime, msgspec.Meta(tz=True)]
    sequence: Annotated[int, msgspec.Meta(ge=1)]
    previous: _Hash | None
    clerk: _Hash | None = None
    b64: Literal[False]  # RFC 7797 § 3: the report itself is signed, not its base64
    crit: tuple[Literal["b64"]]

    def __post_init__(self) -> None:
        if (self.previous is None) != (self.sequence == 1):
            raise ValueError("the first evidence, and no other, has none before it")


class _ReceiptFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The protected header of a receipt."""

    alg: _JwsName
    kid: str
    typ: Literal["registry-receipt+jws"]


def make_evidence(report: bytes, key: SigningKey, header: EvidenceHeader) -> str:
    """Sign a report at intake; return the detached JWS, which holds nothing of the report.

    ``report`` is what will be sent, byte by byte. Raises ``ValueError`` when the header names another key, and
    :class:`~registry.domain.errors.InvalidInput` when it lacks an offset, number or hash: evidence that nobody
    could verify is never made.
    """
    if header.key_id != key.key_id:
        raise ValueError("evidence names the key that signs it")
    fields = encode(
        _EvidenceFields(
            alg=JWS_NAMES[key.algorithm],
            kid=header.key_id,
            typ="registry-evidence+jws",
            taken_at=header.taken_at,
            sequence=header.sequence,
            previous=header.previous,
            clerk=header.clerk,
            b64=False,
            crit=("b64",),
        )
    )
    decode(fields, _EvidenceFields)
    protected = _base64url(fields)
    # RFC 7797 § 5.1. joserfc cannot write this form: it takes reports for text and leaves some of them attached.
    return f"{protected}..{_base64url(key.sign(protected.encode() + b'.' + report))}"


def verify_evidence(report: bytes, evidence: str, resolve_key: KeyLookup) -> EvidenceHeader:
    """Check that ``evidence`` was made over exactly ``report`` by a known key; return what it states.

    Raises :class:`EvidenceRefused`: KEY_UNKNOWN, or EVIDENCE_INVALID for all that is malformed or does not match.
    Whether number and hash continue the gateway's chain is for its keeper to compare.
    """
    if ".." not in evidence:  # joserfc would judge an attached payload in place of the report
        raise EvidenceRefused(ProblemCode.EVIDENCE_INVALID)
    fields = _fields(evidence, _EvidenceFields)
    _verified_payload(evidence, fields, resolve_key, detached=report)
    return EvidenceHeader(
        key_id=fields.kid,
        taken_at=fields.taken_at,
        sequence=fields.sequence,
        previous=fields.previous,
        clerk=fields.clerk,
    )


def evidence_hash(evidence: str) -> str:
    """Hash a JWS for ``previous`` or ``clerk``: SHA-256 of its text, base64url, 43 characters."""
    return _base64url(sha256(evidence.encode()).digest())


def sign_receipt(payload: bytes, key: SigningKey) -> str:
    """Sign what the registry acknowledges; return a detached JWS (RFC 7515 appendix F), short enough for a header."""
    fields = _ReceiptFields(alg=JWS_NAMES[key.algorithm], kid=key.key_id, typ="registry-receipt+jws")
    signed = f"{_base64url(encode(fields))}.{_base64url(payload)}"
    return f"{signed.partition('.')[0]}..{_base64url(key.sign(signed.encode()))}"


def verify_receipt(payload: bytes, receipt: str, resolve_key: KeyLookup) -> None:
    """Check that ``receipt`` was made over exactly ``payload``; raises as :func:`verify_evidence` does."""
    if ".." not in receipt:
        raise EvidenceRefused(ProblemCode.EVIDENCE_INVALID)
    _verified_payload(receipt, _fields(receipt, _ReceiptFields), resolve_key, detached=payload)


def _fields(text: str, type_: type[_F]) -> _F:
    """Read the protected header, which nobody has vouched for yet, as strictly as any message."""
    try:
        return decode(urlsafe_b64decode(text.partition(".")[0].encode()), type_)
    except (ValueError, InvalidInput):
        pass
    raise EvidenceRefused(ProblemCode.EVIDENCE_INVALID)


def _verified_payload(
    text: str, fields: _EvidenceFields | _ReceiptFields, resolve_key: KeyLookup, detached: bytes
) -> None:
    """Check a JWS with the registered key and the one algorithm of that key."""
    key = resolve_key(fields.kid)
    if key is None:
        raise EvidenceRefused(ProblemCode.KEY_UNKNOWN)
    registry = _Registry(algorithms=[JWS_NAMES[key.algorithm]], strict_check_header=False)  # _fields was stricter
    try:
        jws.deserialize_compact(text, jose_key(key), registry=registry, payload=detached)
    except (JoseError, ValueError):
        raise EvidenceRefused(ProblemCode.EVIDENCE_INVALID) from None


class _Registry(jws.JWSRegistry):
    """joserfc's rules, but for its limit of 128 kB: the size of bodies is limited where they come in."""

    max_payload_length = 1 << 30


def jose_key(key: VerifyingKey) -> OKPKey | ECKey:
    """Hand a registered key to joserfc."""
    return OKPKey.import_key(key.public) if isinstance(key.public, Ed25519PublicKey) else ECKey.import_key(key.public)


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
