"""Keys, requests and answers that are signed as they should be, for tests to spoil."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import msgspec

from registry.contract.keys import Algorithm, SigningKey
from registry.contract.signing import (
    AnswerParts,
    Headers,
    RequestParts,
    _signature_base,
    sign_answer,
    sign_request,
)

NOW = datetime(2026, 3, 31, 9, 0, 0, tzinfo=UTC)
NONCE = "n0nce-0123456789_ABCDEF"
URL = "https://registry.example/v1/submissions?dry_run=true"
KEYS = {
    "gateway": SigningKey.generate("gateway", Algorithm.ED25519),
    "agency": SigningKey.generate("agency", Algorithm.ECDSA_P256),
    "registry": SigningKey.generate("registry", Algorithm.ED25519),
}
GATEWAY, AGENCY, REGISTRY = KEYS.values()
PUBLIC = {key_id: key.verifying for key_id, key in KEYS.items()}
FIELDS: Headers = (("Content-Type", "application/json"), ("Idempotency-Key", "intake-0001"))


def request(**changes: Any) -> RequestParts:
    return RequestParts(**{"method": "POST", "url": URL, "headers": FIELDS, "body": b'{"a": 1}'} | changes)


def signed(parts: RequestParts | None = None, key: SigningKey = GATEWAY, **changes: Any) -> RequestParts:
    """Sign a request, then change what is named: the signature stays as it was."""
    parts = parts or request()
    headers = parts.headers + sign_request(parts, key, NOW, NONCE)
    return msgspec.structs.replace(parts, **{"headers": headers} | changes)


def with_header(parts: RequestParts, name: str, value: str | None) -> RequestParts:
    """Put another value into a header field, or take the field out."""
    headers = [(field, old) for field, old in parts.headers if field.lower() != name.lower()]
    return msgspec.structs.replace(parts, headers=(*headers, *([(name, value)] if value is not None else [])))


def header(parts: RequestParts | AnswerParts, name: str) -> str:
    return next(value for field, value in parts.headers if field.lower() == name.lower())


def resigned(stated: str, lines: dict[str, str], key: SigningKey = GATEWAY) -> Headers:
    """Sign by hand what the library would never sign."""
    signature = b64encode(key.sign(_signature_base(lines.items(), stated))).decode()
    return ("Signature-Input", f"sig={stated}"), ("Signature", f"sig=:{signature}:")


ANSWER = AnswerParts(status=201, headers=(("Content-Type", "application/json"),), body=b'{"state": "accepted"}')


def answered(to: RequestParts, parts: AnswerParts = ANSWER, key: SigningKey = REGISTRY, **changes: Any) -> AnswerParts:
    """Sign an answer, then change what is named."""
    headers = parts.headers + sign_answer(parts, to, key, NOW)
    return msgspec.structs.replace(parts, **{"headers": headers} | changes)
