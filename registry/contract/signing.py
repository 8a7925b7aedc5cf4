"""Who is calling, and what was answered: HTTP message signatures (RFC 9421) with Content-Digest (RFC 9530).

One closed profile, so that nothing in a message chooses how the message is judged (RFC 9421 § 1.4, § 7.2.1):

- exactly one signature, in the canonical spelling of structured fields; any second one is refused;
- a request covers ``@method @target-uri`` and, if it is a POST, also ``content-digest content-type
  idempotency-key``: all of them, nothing else, in any order; GET (without a body) and POST are the only methods;
- where a request carries ``registry-subject`` (on whose behalf a gateway asks), it covers that too: so nobody puts a
  clerk's token into another request, or takes it out of its own;
- a request states created, expires (at most 60 s later), nonce, keyid, alg and tag "registry-request";
- an answer covers ``@status content-digest content-type`` and ``"signature";req``, the signature of the very
  request that it answers; it states created, keyid, alg and tag "registry-answer", and no expiry: it is proof;
- ``alg`` must be the algorithm of the registered key; the key decides, the message only agrees;
- Content-Digest is one sha-256 of the body as it is on the wire.

Replays are not stopped here: (key id, nonce) must be unique in the database, in the transaction of the effect,
and may be forgotten once the signature has expired (``expires`` is judged without tolerance for that reason).
Why this is not left to a library: docs/decisions/0003-message-signatures.md.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from registry.contract.keys import KeyLookup, SigningKey, VerifyingKey
from registry.contract.problems import ProblemCode, WireRefusal

IDEMPOTENCY_KEY_FORM: Final = "[A-Za-z0-9._:-]{8,100}"
MAX_LIFETIME: Final = timedelta(seconds=60)
CLOCK_SKEW: Final = timedelta(seconds=10)  # what a clock set by the signed time may still run ahead

SUBJECT_HEADER: Final = "registry-subject"
"""Carries the token of the clerk on whose behalf the gateway of a mission asks (``openid.subject_token``)."""

_REQUEST_TAG: Final = "registry-request"
_ANSWER_TAG: Final = "registry-answer"
_SUBJECT: Final = f'"{SUBJECT_HEADER}"'
_METHODS: Final = frozenset({"GET", "POST"})
_REQUEST_STATES: Final = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})
_ANSWER_STATES: Final = frozenset({"created", "keyid", "alg", "tag"})

_LABEL = r"[a-z*][a-z0-9_.*-]{0,63}"
_COMPONENT = r'"[a-z@][a-z-]{0,63}"(?:;req)?'
_PARAMETER = r';([a-z]+)=(?:(0|[1-9][0-9]{0,14})|"([ !#-\[\]-~]{1,256})")'
_SIGNATURE_INPUT = re.compile(rf"({_LABEL})=(\(({_COMPONENT}(?: {_COMPONENT}){{0,15}})\)((?:{_PARAMETER}){{1,16}}))")
_SIGNATURE = re.compile(rf"({_LABEL})=:([A-Za-z0-9+/]{{86}}==):")  # 64 bytes, whichever of the two algorithms
_PARAMETERS = re.compile(_PARAMETER)

_NONCE = re.compile(r"[A-Za-z0-9_-]{22,64}")  # at least 128 random bits in base64url
_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY_FORM)
_TARGET_URI = re.compile(r'https?://[a-z0-9.:\[\]-]+/[!"$-~]*')  # as sent: lower-case host, a path, no fragment
_FIELD_VALUE = re.compile(r"[ -~]+")  # no line end: the signature base is made of lines (RFC 9421 § 2.5)

Headers = tuple[tuple[str, str], ...]


class SignatureRefused(WireRefusal):
    """The message does not prove who sent it, or is not the one that was signed."""


class RequestParts(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is on the wire.

    ``url`` is absolute, as the caller addressed it; ``headers`` keep repeated fields as repeated pairs, names in
    any case; ``body`` is empty for GET.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""


class AnswerParts(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is on the wire; ``body`` before any content coding is undone."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class _Seal:
    """Held only by this module: who has none cannot claim that something was verified."""


_VERIFIED: Final = _Seal()


class VerifiedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that the owner of ``key_id`` signed this request lately; only :func:`verify_request` makes one.

    ``nonce`` must not have been used with ``key_id`` before: the database decides, until ``expires``.
    """

    key_id: str
    nonce: str
    created: datetime
    expires: datetime
    seal: _Seal

    def __post_init__(self) -> None:
        _demand_seal(self.seal)


class VerifiedHead(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that the owner of ``key_id`` signed the head of this request lately; only :func:`verify_head` makes one.

    Of the body nothing is known yet but that it should have ``digest``, or that there should be none. ``subject`` is
    the token of the clerk on whose behalf it is said to come; it is signed along, and nobody has judged it.
    """

    key_id: str
    nonce: str
    created: datetime
    expires: datetime
    digest: str | None
    subject: str | None
    seal: _Seal

    def __post_init__(self) -> None:
        _demand_seal(self.seal)


class VerifiedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that the owner of ``key_id`` gave this answer to this request; only :func:`verify_answer` makes one."""

    key_id: str
    created: datetime
    seal: _Seal

    def __post_init__(self) -> None:
        _demand_seal(self.seal)


class _Stated(msgspec.Struct, frozen=True, kw_only=True):
    """What the two signature fields of a message say, before anything of it is believed."""

    covered: tuple[str, ...]
    parameters: dict[str, int | str]
    raw: str  # the value of @signature-params, as received: the form is canonical, so it is what was signed
    signature: bytes


# ---------------------------------------------------------------- requests
def sign_request(parts: RequestParts, key: SigningKey, now: datetime, nonce: str) -> Headers:
    """Sign a request for the next 60 seconds; return the headers to add.

    ``now`` is aware and may be corrected for skew; ``nonce`` is fresh for every attempt (22 to 64 characters of
    base64url). A POST must already carry Content-Type and Idempotency-Key. Raises :class:`SignatureRefused`
    when the request is none that :func:`verify_request` could accept.
    """
    if not _NONCE.fullmatch(nonce):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    digest = (("Content-Digest", content_digest(parts.body)),) if parts.method == "POST" else ()
    lines = _request_lines(msgspec.structs.replace(parts, headers=parts.headers + digest))
    created = int(now.timestamp())
    expires = created + int(MAX_LIFETIME.total_seconds())
    raw = (
        f"({' '.join(lines)});created={created};expires={expires}"
        f';nonce="{nonce}";keyid="{key.key_id}";alg="{key.algorithm}";tag="{_REQUEST_TAG}"'
    )
    return (*digest, *_signature_fields(lines, raw, key))


def verify_request(parts: RequestParts, resolve_key: KeyLookup, now: datetime) -> VerifiedRequest:
    """Find out who signed this request; raise :class:`SignatureRefused` with the first thing that is wrong.

    ``now`` is the registry's clock (aware). Checks in this order: (1) one well-formed signature (2) over exactly
    what the profile demands, with exactly its parameters (3) created and expires (4) a registered key
    and its algorithm (5) the signature (6) the body against Content-Digest. The body is hashed last, so that
    only the owner of a key can make the registry work for large bodies.
    """
    return verify_body(verify_head(parts, resolve_key, now), parts.body)


def verify_head(parts: RequestParts, resolve_key: KeyLookup, now: datetime) -> VerifiedHead:
    """Find out who signed a request whose body need not be there yet: checks (1) to (5) of :func:`verify_request`."""
    stated = _read_signature(parts.headers)  # (1)
    lines = _request_lines(parts)  # (2)
    _check_profile(stated, lines, _REQUEST_STATES, _REQUEST_TAG)
    nonce = stated.parameters["nonce"]
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    created, expires = _check_times(stated, now)  # (3)
    key = _check_signature(stated, lines, resolve_key)  # (4) (5)
    return VerifiedHead(
        key_id=key.key_id,
        nonce=nonce,
        created=created,
        expires=expires,
        digest=lines.get('"content-digest"'),
        subject=lines.get(_SUBJECT),
        seal=_VERIFIED,
    )


def verify_body(head: VerifiedHead, body: bytes) -> VerifiedRequest:
    """Hold the whole body against its signed head: check (6); raise :class:`SignatureRefused` for another body."""
    _check_digest(head.digest, body)  # (6)
    return VerifiedRequest(
        key_id=head.key_id, nonce=head.nonce, created=head.created, expires=head.expires, seal=_VERIFIED
    )


# ---------------------------------------------------------------- answers
def sign_answer(parts: AnswerParts, request: RequestParts, key: SigningKey, now: datetime) -> Headers:
    """Sign the answer to ``request``; return the headers to add.

    The answer must already carry Content-Type; ``request`` is as received, whether or not it was accepted. Raises
    :class:`SignatureRefused` with SIGNATURE_MISSING when the request carries no readable signature to
    answer to: such an answer goes out unsigned.
    """
    digest = (("Content-Digest", content_digest(parts.body)),)
    lines = _answer_lines(msgspec.structs.replace(parts, headers=parts.headers + digest), request)
    raw = (
        f"({' '.join(lines)});created={int(now.timestamp())}"
        f';keyid="{key.key_id}";alg="{key.algorithm}";tag="{_ANSWER_TAG}"'
    )
    return (*digest, *_signature_fields(lines, raw, key))


def verify_answer(parts: AnswerParts, request: RequestParts, resolve_key: KeyLookup) -> VerifiedAnswer:
    """Find out who answered ``request`` (as it was sent, with its signature); raise :class:`SignatureRefused`.

    No clock is asked: the answer is bound to a request whose nonce was never used before, which is all the
    freshness that a caller with a wrong clock can check.
    """
    stated = _read_signature(parts.headers)
    lines = _answer_lines(parts, request)
    _check_profile(stated, lines, _ANSWER_STATES, _ANSWER_TAG)
    created = _moment(stated, "created")
    key = _check_signature(stated, lines, resolve_key)
    _check_digest(lines['"content-digest"'], parts.body)
    return VerifiedAnswer(key_id=key.key_id, created=created, seal=_VERIFIED)


def content_digest(body: bytes) -> str:
    """Write the Content-Digest of a body: one sha-256 (RFC 9530 § 2)."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


# ---------------------------------------------------------------- what is signed
def _request_lines(parts: RequestParts) -> dict[str, str]:
    """Collect what a request must cover, component by component, in the order of the profile (RFC 9421 § 2)."""
    if parts.method not in _METHODS:
        raise SignatureRefused(ProblemCode.METHOD_NOT_ALLOWED)
    if not _TARGET_URI.fullmatch(parts.url):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    lines = {'"@method"': parts.method, '"@target-uri"': parts.url}
    if any(name.lower() == SUBJECT_HEADER for name, _ in parts.headers):
        lines[_SUBJECT] = _field(parts.headers, SUBJECT_HEADER, ProblemCode.SIGNATURE_INVALID)
    if parts.method == "GET":
        if parts.body:
            raise SignatureRefused(ProblemCode.DIGEST_MISMATCH)  # a body that no signature could cover
        return lines
    lines['"content-digest"'] = _field(parts.headers, "content-digest", ProblemCode.DIGEST_MISMATCH)
    lines['"content-type"'] = _field(parts.headers, "content-type", ProblemCode.UNSUPPORTED_MEDIA_TYPE)
    key = _field(parts.headers, "idempotency-key", ProblemCode.IDEMPOTENCY_KEY_MISSING)
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise SignatureRefused(ProblemCode.IDEMPOTENCY_KEY_MISSING)
    return lines | {'"idempotency-key"': key}


def _answer_lines(parts: AnswerParts, request: RequestParts) -> dict[str, str]:
    """Collect what an answer must cover, the signature of its request among it (RFC 9421 § 2.4)."""
    binding = _field(request.headers, "signature", ProblemCode.SIGNATURE_MISSING)
    if not _SIGNATURE.fullmatch(binding):
        raise SignatureRefused(ProblemCode.SIGNATURE_MISSING)  # the registry puts its name under no free text
    return {
        '"@status"': str(parts.status),
        '"content-digest"': _field(parts.headers, "content-digest", ProblemCode.DIGEST_MISMATCH),
        '"content-type"': _field(parts.headers, "content-type", ProblemCode.SIGNATURE_INVALID),
        '"signature";req': binding,
    }


def _signature_base(lines: Iterable[tuple[str, str]], raw: str) -> bytes:
    """Write the bytes that are signed (RFC 9421 § 2.5)."""
    return "\n".join([f"{component}: {value}" for component, value in lines] + [f'"@signature-params": {raw}']).encode()


def _signature_fields(lines: Mapping[str, str], raw: str, key: SigningKey) -> Headers:
    """Sign and write the two fields of the signature (RFC 9421 § 4)."""
    signature = b64encode(key.sign(_signature_base(lines.items(), raw))).decode()
    return ("Signature-Input", f"sig={raw}"), ("Signature", f"sig=:{signature}:")


# ---------------------------------------------------------------- what is checked
def _read_signature(headers: Headers) -> _Stated:
    """Read the one signature of a message; a second one, or any other spelling than the canonical, is refused."""
    if not any(name.lower() in {"signature", "signature-input"} for name, _ in headers):
        raise SignatureRefused(ProblemCode.SIGNATURE_MISSING)
    stated = _SIGNATURE_INPUT.fullmatch(_field(headers, "signature-input", ProblemCode.SIGNATURE_INVALID))
    signature = _SIGNATURE.fullmatch(_field(headers, "signature", ProblemCode.SIGNATURE_INVALID))
    if stated is None or signature is None or stated[1] != signature[1]:
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    found = _PARAMETERS.findall(stated[4])
    parameters = {name: int(number) if number else text for name, number, text in found}
    if len(parameters) != len(found):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    return _Stated(
        covered=tuple(stated[3].split(" ")), parameters=parameters, raw=stated[2], signature=b64decode(signature[2])
    )


def _check_profile(stated: _Stated, lines: Mapping[str, str], states: frozenset[str], tag: str) -> None:
    """Demand that the signature covers and states exactly what the profile says, under the right tag."""
    covers_all = len(stated.covered) == len(lines) and set(stated.covered) == lines.keys()
    if not covers_all or stated.parameters.keys() != states or stated.parameters["tag"] != tag:
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)


def _check_times(stated: _Stated, now: datetime) -> tuple[datetime, datetime]:
    """Demand a short life that has begun and not ended at ``now``."""
    created, expires = _moment(stated, "created"), _moment(stated, "expires")
    if not timedelta(0) < expires - created <= MAX_LIFETIME:
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    if created > now + CLOCK_SKEW:
        raise SignatureRefused(ProblemCode.CLOCK_SKEW)
    if expires < now:
        raise SignatureRefused(ProblemCode.SIGNATURE_EXPIRED)
    return created, expires


def _check_signature(stated: _Stated, lines: Mapping[str, str], resolve_key: KeyLookup) -> VerifyingKey:
    """Demand a registered key, its one algorithm, and a signature by it."""
    key_id = stated.parameters["keyid"]
    key = resolve_key(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise SignatureRefused(ProblemCode.KEY_UNKNOWN)
    base = _signature_base(((component, lines[component]) for component in stated.covered), stated.raw)
    if stated.parameters["alg"] != key.algorithm or not key.verifies(stated.signature, base):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    return key


def _check_digest(digest: str | None, body: bytes) -> None:
    """Demand that the signed Content-Digest is that of the body; where none is signed there must be no body."""
    is_other = bool(body) if digest is None else digest != content_digest(body)
    if is_other:
        raise SignatureRefused(ProblemCode.DIGEST_MISMATCH)


def _moment(stated: _Stated, name: str) -> datetime:
    """Read a time parameter: whole seconds since 1970 (RFC 9421 § 2.3)."""
    seconds = stated.parameters[name]
    if not isinstance(seconds, int):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise SignatureRefused(ProblemCode.SIGNATURE_INVALID) from None


def _field(headers: Headers, name: str, otherwise: ProblemCode) -> str:
    """Return the one value of a header field; refuse it missing, repeated, or with more than visible ASCII."""
    length = len(name)
    values = [value.strip(" \t") for field, value in headers if len(field) == length and field.lower() == name]
    if len(values) != 1 or not _FIELD_VALUE.fullmatch(values[0]):
        raise SignatureRefused(otherwise)
    return values[0]


def _demand_seal(seal: object) -> None:
    """Refuse, as a slip of programming, a proof that no verification made."""
    if seal is not _VERIFIED:
        raise TypeError("only verification makes a proof of who signed")
