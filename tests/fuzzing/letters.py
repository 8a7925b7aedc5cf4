"""Signed letters for the fuzzer to spoil; their keys never change, so that what it finds can be tried again."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.contract.evidence import EvidenceHeader, make_evidence, sign_receipt
from registry.contract.keys import SigningKey
from registry.contract.signing import AnswerParts, RequestParts, sign_answer, sign_request

NOW = datetime(2026, 3, 31, 9, 0, 0, tzinfo=UTC)
NONCE = "n0nce-0123456789_ABCDEF"
URL = "https://registry.example/v1/submissions?dry_run=true"
REPORT = b'{"kind":"residence"}'
KEYS = {
    "gateway": SigningKey(key_id="gateway", private=Ed25519PrivateKey.from_private_bytes(bytes(32))),
    "agency": SigningKey(key_id="agency", private=derive_private_key(7, SECP256R1())),
    "registry": SigningKey(key_id="registry", private=Ed25519PrivateKey.from_private_bytes(bytes([1] * 32))),
}
PUBLIC = {key_id: key.verifying for key_id, key in KEYS.items()}


class Answered(NamedTuple):
    """An answer as it is before it is signed, the request that it answers, and what its signature vouches for."""

    parts: AnswerParts
    request: RequestParts
    signed: tuple[int, bytes, str]


class Kept(NamedTuple):
    """What a mission keeps of one report: its own evidence and the registry's receipt."""

    evidence: str
    receipt: str


def base64url(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(method, key_id):
    """A request as it should be."""
    fields = (("Content-Type", "application/json"), ("Idempotency-Key", "intake-0001")) if method == "POST" else ()
    parts = RequestParts(method=method, url=URL, headers=fields, body=REPORT if method == "POST" else b"")
    return msgspec.structs.replace(parts, headers=fields + sign_request(parts, KEYS[key_id], NOW, NONCE))


REQUESTS = tuple(signed(method, key_id) for method in ("POST", "GET") for key_id in ("gateway", "agency"))
GENUINE = {
    (request.method, request.url, request.body, key_id, NONCE)
    for request in REQUESTS
    for key_id in ("gateway", "agency")
}
_UNSIGNED = AnswerParts(status=201, headers=(("Content-Type", "application/json"),), body=b'{"state":"accepted"}')
ANSWER = Answered(_UNSIGNED, REQUESTS[0], (_UNSIGNED.status, _UNSIGNED.body, "registry"))
SIGNED_ANSWER = msgspec.structs.replace(
    _UNSIGNED, headers=_UNSIGNED.headers + sign_answer(_UNSIGNED, ANSWER.request, KEYS["registry"], NOW)
)
EVIDENCE = Kept(
    make_evidence(REPORT, KEYS["gateway"], EvidenceHeader(key_id="gateway", taken_at=NOW, sequence=1, previous=None)),
    sign_receipt(REPORT, KEYS["registry"]),
)


def written(first, headers, body):
    """One letter as ``targets.signatures`` takes it apart."""
    lines = [first, *(f"{name}:{value}" for name, value in headers)]
    return "\n".join(lines).encode() + b"\n\n" + body
