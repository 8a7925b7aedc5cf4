"""Who is calling: what the signature of a request proves, and everything that it must not let pass."""

from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hmac import digest

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.contract.keys import Algorithm, SigningKey, VerifyingKey
from registry.contract.problems import ProblemCode
from registry.contract.signing import (
    RequestParts,
    SignatureRefused,
    VerifiedAnswer,
    VerifiedRequest,
    _signature_base,
    content_digest,
    sign_request,
    verify_head,
    verify_request,
)
from tests.contract.signed import (
    AGENCY,
    FIELDS,
    GATEWAY,
    NONCE,
    NOW,
    PUBLIC,
    URL,
    header,
    request,
    resigned,
    signed,
    with_header,
)


def refusal(parts: RequestParts, now: datetime = NOW, keys: dict[str, VerifyingKey] = PUBLIC) -> ProblemCode:
    with pytest.raises(SignatureRefused) as refused:
        verify_request(parts, keys.get, now)
    return refused.value.code


# ---------------------------------------------------------------- a request as it should be
@pytest.mark.parametrize("key", [GATEWAY, AGENCY], ids=list(Algorithm))
@pytest.mark.parametrize("parts", [request(), request(method="GET", headers=(), body=b""), request(body=b"")])
def test_a_signed_request_proves_its_caller(parts: RequestParts, key: SigningKey) -> None:
    proof = verify_request(signed(parts, key), PUBLIC.get, NOW)
    assert (proof.key_id, proof.created, proof.expires) == (key.key_id, NOW, NOW + timedelta(seconds=60))


def test_the_nonce_comes_out_so_that_the_database_can_refuse_a_replay() -> None:
    again = signed()
    assert verify_request(again, PUBLIC.get, NOW).nonce == verify_request(again, PUBLIC.get, NOW).nonce == NONCE


def test_a_post_covers_all_five_components() -> None:
    assert header(signed(), "signature-input").startswith(
        'sig=("@method" "@target-uri" "content-digest" "content-type" "idempotency-key");created='
    )


def test_a_get_covers_method_and_target() -> None:
    stated = header(signed(request(method="GET", headers=(), body=b"")), "signature-input")
    assert stated.startswith('sig=("@method" "@target-uri");created=')


ON_BEHALF = request(headers=(*FIELDS, ("Registry-Subject", "a.b.c")))


def test_on_whose_behalf_a_request_comes_is_signed_along() -> None:
    assert '"registry-subject"' in header(signed(ON_BEHALF), "signature-input")
    assert verify_head(signed(ON_BEHALF), PUBLIC.get, NOW).subject == "a.b.c"
    assert verify_head(signed(), PUBLIC.get, NOW).subject is None


MOVED = {
    "put into a request that was signed without": with_header(signed(), "Registry-Subject", "a.b.c"),
    "taken out": with_header(signed(ON_BEHALF), "Registry-Subject", None),
    "another in its place": with_header(signed(ON_BEHALF), "Registry-Subject", "x.y.z"),
    "another beside it": signed(ON_BEHALF, headers=(*signed(ON_BEHALF).headers, ("registry-subject", "x.y.z"))),
}


@pytest.mark.parametrize("parts", MOVED.values(), ids=MOVED)
def test_nobody_moves_a_token_of_a_clerk_from_request_to_request(parts: RequestParts) -> None:
    assert refusal(parts) == ProblemCode.SIGNATURE_INVALID


def test_components_may_stand_in_any_order() -> None:
    parts = with_header(request(), "Content-Digest", content_digest(request().body))
    lines = {
        '"idempotency-key"': "intake-0001",
        '"content-digest"': content_digest(parts.body),
        '"@target-uri"': URL,
        '"content-type"': "application/json",
        '"@method"': "POST",
    }
    created = int(NOW.timestamp())
    stated = (
        f'({" ".join(lines)});tag="registry-request";alg="ed25519";keyid="gateway"'
        f';nonce="{NONCE}";expires={created + 5};created={created}'
    )
    parts = msgspec.structs.replace(parts, headers=parts.headers + resigned(stated, lines))
    assert verify_request(parts, PUBLIC.get, NOW).expires == NOW + timedelta(seconds=5)


def test_fields_of_other_layers_may_come_and_go() -> None:
    assert verify_request(with_header(signed(), "Via", "1.1 proxy"), PUBLIC.get, NOW).key_id == "gateway"


# ---------------------------------------------------------------- time
TIMES = {
    "as it is made": (0, None),
    "when it expires": (60, None),
    "a second later": (61, ProblemCode.SIGNATURE_EXPIRED),
    "a day later": (86_400, ProblemCode.SIGNATURE_EXPIRED),
    "by a clock ten seconds behind": (-10, None),
    "by a clock eleven seconds behind": (-11, ProblemCode.CLOCK_SKEW),
}


@pytest.mark.parametrize(("seconds", "code"), TIMES.values(), ids=TIMES)
def test_a_signature_lives_for_a_minute(seconds: int, code: ProblemCode | None) -> None:
    now = NOW + timedelta(seconds=seconds)
    assert verify_request(signed(), PUBLIC.get, now).nonce == NONCE if code is None else refusal(signed(), now) == code


# ---------------------------------------------------------------- another request than the one that was signed
CHANGED = {
    "another body": (signed(body=b'{"a": 2}'), ProblemCode.DIGEST_MISMATCH),
    "no body": (signed(body=b""), ProblemCode.DIGEST_MISMATCH),
    "another body with its digest": (
        with_header(signed(body=b"2"), "Content-Digest", content_digest(b"2")),
        ProblemCode.SIGNATURE_INVALID,
    ),
    "a body on a GET": (
        signed(request(method="GET", headers=(), body=b""), body=b"x"),
        ProblemCode.DIGEST_MISMATCH,
    ),
    "another path": (signed(url="https://registry.example/v1/inquiries"), ProblemCode.SIGNATURE_INVALID),
    "another query": (signed(url=URL.removesuffix("?dry_run=true")), ProblemCode.SIGNATURE_INVALID),
    "another host": (signed(url=URL.replace("registry", "other")), ProblemCode.SIGNATURE_INVALID),
    "another scheme": (signed(url=URL.replace("https", "http")), ProblemCode.SIGNATURE_INVALID),
    "a fragment": (signed(url=URL + "#x"), ProblemCode.SIGNATURE_INVALID),
    "another method": (signed(method="GET", body=b""), ProblemCode.SIGNATURE_INVALID),
    "a method outside the profile": (signed(method="PUT"), ProblemCode.METHOD_NOT_ALLOWED),
    "a method in small letters": (signed(method="post"), ProblemCode.METHOD_NOT_ALLOWED),
    "another content type": (with_header(signed(), "Content-Type", "text/plain"), ProblemCode.SIGNATURE_INVALID),
    "no content type": (with_header(signed(), "Content-Type", None), ProblemCode.UNSUPPORTED_MEDIA_TYPE),
    "another idempotency key": (with_header(signed(), "Idempotency-Key", "intake-2"), ProblemCode.SIGNATURE_INVALID),
    "no idempotency key": (with_header(signed(), "Idempotency-Key", None), ProblemCode.IDEMPOTENCY_KEY_MISSING),
    "a short idempotency key": (with_header(signed(), "Idempotency-Key", "a"), ProblemCode.IDEMPOTENCY_KEY_MISSING),
    "no digest": (with_header(signed(), "Content-Digest", None), ProblemCode.DIGEST_MISMATCH),
    "two content types": (
        signed(headers=(*signed().headers, ("content-type", "text/plain"))),
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    ),
    "a line end in a field": (
        with_header(signed(), "Content-Type", 'application/json\n"idempotency-key": x'),
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    ),
}


@pytest.mark.parametrize(("parts", "code"), CHANGED.values(), ids=CHANGED)
def test_another_request_than_the_signed_one_is_refused(parts: RequestParts, code: ProblemCode) -> None:
    assert refusal(parts) == code


# ---------------------------------------------------------------- who signed, and how
def rewritten(old: str, new: str) -> RequestParts:
    """Change what the signature says about itself, and leave the signature."""
    stated = header(signed(), "signature-input")
    assert old in stated
    return with_header(signed(), "Signature-Input", stated.replace(old, new))


def signed_anyway(old: str, new: str) -> RequestParts:
    """Let the owner of the key sign, correctly, something that the profile does not allow."""
    parts = with_header(request(), "Content-Digest", content_digest(request().body))
    stated = header(signed(), "signature-input").removeprefix("sig=")
    assert old in stated
    stated = stated.replace(old, new)
    values = {
        '"@method"': "POST",
        '"@target-uri"': URL,
        '"content-digest"': content_digest(parts.body),
        '"content-type"': "application/json",
        '"idempotency-key"': "intake-0001",
        '"@path"': "/v1/submissions",
    }
    covered = {name: values[name] for name in stated[1 : stated.index(")")].split(" ") if name in values}
    return msgspec.structs.replace(parts, headers=parts.headers + resigned(stated, covered))


CREATED = int(NOW.timestamp())
CLAIMS = {
    "no signature at all": (request(), ProblemCode.SIGNATURE_MISSING),
    "only half of it": (with_header(signed(), "Signature", None), ProblemCode.SIGNATURE_INVALID),
    "the other half": (with_header(signed(), "Signature-Input", None), ProblemCode.SIGNATURE_INVALID),
    "an unknown key": (rewritten('keyid="gateway"', 'keyid="nobody"'), ProblemCode.KEY_UNKNOWN),
    "somebody else's key": (rewritten('keyid="gateway"', 'keyid="registry"'), ProblemCode.SIGNATURE_INVALID),
    "a key of the other kind": (rewritten('keyid="gateway"', 'keyid="agency"'), ProblemCode.SIGNATURE_INVALID),
    "another algorithm than the key's": (rewritten('"ed25519"', '"ecdsa-p256-sha256"'), ProblemCode.SIGNATURE_INVALID),
    "an algorithm of shared secrets": (rewritten('"ed25519"', '"hmac-sha256"'), ProblemCode.SIGNATURE_INVALID),
    "a longer life": (rewritten(f"expires={CREATED + 60}", f"expires={CREATED + 61}"), ProblemCode.SIGNATURE_INVALID),
    "another nonce": (rewritten(NONCE, "n" * 22), ProblemCode.SIGNATURE_INVALID),
    "signed: another algorithm": (signed_anyway('"ed25519"', '"ecdsa-p256-sha256"'), ProblemCode.SIGNATURE_INVALID),
    "signed: no algorithm": (signed_anyway(';alg="ed25519"', ""), ProblemCode.SIGNATURE_INVALID),
    "signed: 61 seconds": (signed_anyway(f"expires={CREATED + 60}", f"expires={CREATED + 61}"), "signature-invalid"),
    "signed: no time at all": (signed_anyway(f"expires={CREATED + 60}", f"expires={CREATED}"), "signature-invalid"),
    "signed: no expiry": (signed_anyway(f";expires={CREATED + 60}", ""), ProblemCode.SIGNATURE_INVALID),
    "signed: no creation": (signed_anyway(f";created={CREATED}", ""), ProblemCode.SIGNATURE_INVALID),
    "signed: a creation in words": (signed_anyway(f"created={CREATED}", 'created="now"'), "signature-invalid"),
    "signed: a creation beyond the calendar": (
        signed_anyway(f"created={CREATED};expires={CREATED + 60}", "created=999999999999999;expires=999999999999999"),
        ProblemCode.SIGNATURE_INVALID,
    ),
    "signed: no nonce": (signed_anyway(f';nonce="{NONCE}"', ""), ProblemCode.SIGNATURE_INVALID),
    "signed: a short nonce": (signed_anyway(NONCE, "n" * 21), ProblemCode.SIGNATURE_INVALID),
    "signed: a nonce that is a number": (signed_anyway(f'"{NONCE}"', "1"), ProblemCode.SIGNATURE_INVALID),
    "signed: a key id that is a number": (signed_anyway('"gateway"', "1"), ProblemCode.KEY_UNKNOWN),
    "signed: the tag of an answer": (signed_anyway("registry-request", "registry-answer"), "signature-invalid"),
    "signed: no tag": (signed_anyway(';tag="registry-request"', ""), ProblemCode.SIGNATURE_INVALID),
    "signed: an unknown parameter": (signed_anyway(";tag=", ';why="x";tag='), ProblemCode.SIGNATURE_INVALID),
    "signed: a parameter twice": (signed_anyway(";tag=", f";created={CREATED};tag="), ProblemCode.SIGNATURE_INVALID),
    "signed: the body left out": (signed_anyway(' "content-digest"', ""), ProblemCode.SIGNATURE_INVALID),
    "signed: the target left out": (signed_anyway(' "@target-uri"', ""), ProblemCode.SIGNATURE_INVALID),
    "signed: the idempotency key left out": (signed_anyway(' "idempotency-key"', ""), "signature-invalid"),
    "signed: the path in place of the target": (signed_anyway('"@target-uri"', '"@path"'), "signature-invalid"),
    "signed: one component more": (signed_anyway('("@method"', '("@path" "@method"'), "signature-invalid"),
    "signed: one component twice": (signed_anyway('("@method"', '("@method" "@method"'), "signature-invalid"),
    "signed: nothing covered": (signed_anyway('("@method" "@target-uri" ', "("), ProblemCode.SIGNATURE_INVALID),
}


@pytest.mark.parametrize(("parts", "code"), CLAIMS.values(), ids=CLAIMS)
def test_a_signature_outside_the_profile_is_refused(parts: RequestParts, code: ProblemCode) -> None:
    assert refusal(parts) == code


def test_a_public_key_is_no_shared_secret() -> None:
    """The classic confusion: HMAC with the published key as its secret."""
    claimed = rewritten('"ed25519"', '"hmac-sha256"')
    stated = header(claimed, "signature-input").removeprefix("sig=")
    forged = digest(PUBLIC["gateway"].to_pem(), _signature_base({'"@method"': "POST"}.items(), stated), "sha512")
    forged_request = with_header(claimed, "Signature", f"sig=:{b64encode(forged).decode()}:")
    assert refusal(forged_request) == ProblemCode.SIGNATURE_INVALID


def test_a_key_that_was_withdrawn_is_unknown() -> None:
    assert refusal(signed(), keys={}) == ProblemCode.KEY_UNKNOWN


STATED, SIGNATURE = header(signed(), "signature-input"), header(signed(), "signature")
SPELLINGS = {
    "two signatures": (f"{STATED}, {STATED.replace('sig=', 'sig2=')}", f"{SIGNATURE}, sig2{SIGNATURE[3:]}"),
    "two signatures of one name": (f"{STATED}, {STATED}", f"{SIGNATURE}, {SIGNATURE}"),
    "labels that differ": (STATED, "sig2" + SIGNATURE[3:]),
    "two spaces between components": (STATED.replace('" "', '"  "', 1), SIGNATURE),
    "a space before a parameter": (STATED.replace(";created", "; created"), SIGNATURE),
    "a leading zero": (STATED.replace("created=", "created=0"), SIGNATURE),
    "a negative time": (STATED.replace("created=", "created=-"), SIGNATURE),
    "a broken signature": (STATED, SIGNATURE[:-5] + ":"),
    "a longer signature": (STATED, SIGNATURE.replace("sig=:", "sig=:AAAA")),
    "no colons": (STATED, SIGNATURE.replace(":", "")),
    "a signature of nothing": (STATED, "sig=::"),
    "an empty field": (STATED, ""),
    "a key that is not ASCII": (STATED.replace("gateway", "gätewäy"), SIGNATURE),
    "no list": (STATED.split(";", 1)[1], SIGNATURE),
    "cut off": (STATED[:40], SIGNATURE),
    "10,000 spaces": (STATED.replace("sig=", "sig=" + " " * 10_000), SIGNATURE),
    "10,000 components": (STATED.replace("(", "(" + '"a" ' * 10_000), SIGNATURE),
}


@pytest.mark.parametrize(("stated", "signature"), SPELLINGS.values(), ids=SPELLINGS)
def test_any_other_spelling_than_the_canonical_is_refused(stated: str, signature: str) -> None:
    parts = with_header(with_header(signed(), "Signature-Input", stated), "Signature", signature)
    assert refusal(parts) == ProblemCode.SIGNATURE_INVALID


def test_two_signatures_in_two_lines_are_refused() -> None:
    twice = (*signed().headers, *signed().headers[-2:])
    assert refusal(signed(headers=twice)) == ProblemCode.SIGNATURE_INVALID


@settings(max_examples=300, deadline=None)
@given(stated=st.text(max_size=300), signature=st.text(max_size=120))
@example(stated=STATED, signature=SIGNATURE[:40])
@example(stated="sig=();created=1", signature="sig=:" + "A" * 86 + "==:")
def test_garbage_is_refused_and_nothing_else_happens(stated: str, signature: str) -> None:
    parts = with_header(with_header(signed(), "Signature-Input", stated), "Signature", signature)
    assert refusal(parts) == ProblemCode.SIGNATURE_INVALID


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, len(STATED) - 1), character=st.characters(min_codepoint=32, max_codepoint=126))
def test_no_single_character_of_what_is_stated_can_be_changed(place: int, character: str) -> None:
    changed = STATED[:place] + character + STATED[place + 1 :]
    parts = with_header(signed(), "Signature-Input", changed)
    times = {ProblemCode.CLOCK_SKEW, ProblemCode.SIGNATURE_EXPIRED}
    if changed != STATED:
        assert refusal(parts) in {ProblemCode.SIGNATURE_INVALID, ProblemCode.KEY_UNKNOWN} | times


@settings(max_examples=200, deadline=None)
@given(bit=st.integers(0, 511))
def test_no_single_bit_of_the_signature_can_be_changed(bit: int) -> None:
    raw = bytearray(b64decode(SIGNATURE[5:-1]))
    raw[bit // 8] ^= 1 << bit % 8
    parts = with_header(signed(), "Signature", f"sig=:{b64encode(raw).decode()}:")
    assert refusal(parts) == ProblemCode.SIGNATURE_INVALID


UNSIGNABLE = {
    "no idempotency key": (request(headers=FIELDS[:1]), NONCE, ProblemCode.IDEMPOTENCY_KEY_MISSING),
    "no content type": (request(headers=FIELDS[1:]), NONCE, ProblemCode.UNSUPPORTED_MEDIA_TYPE),
    "another method": (request(method="DELETE"), NONCE, ProblemCode.METHOD_NOT_ALLOWED),
    "a relative address": (request(url="/v1/submissions"), NONCE, ProblemCode.SIGNATURE_INVALID),
    "an address with a name": (request(url="https://registry.example/山"), NONCE, ProblemCode.SIGNATURE_INVALID),
    "a short nonce": (request(), "1", ProblemCode.SIGNATURE_INVALID),
}


@pytest.mark.parametrize(("parts", "nonce", "code"), UNSIGNABLE.values(), ids=UNSIGNABLE)
def test_what_could_not_be_verified_is_not_signed(parts: RequestParts, nonce: str, code: ProblemCode) -> None:
    with pytest.raises(SignatureRefused) as refused:
        sign_request(parts, GATEWAY, NOW, nonce)
    assert refused.value.code == code


# ---------------------------------------------------------------- proofs come from verification alone
def test_a_proof_cannot_be_made_without_verification() -> None:
    with pytest.raises(TypeError, match="only verification"):
        VerifiedRequest(key_id="gateway", nonce=NONCE, created=NOW, expires=NOW, seal=None)  # type: ignore[arg-type] # on purpose
    with pytest.raises(TypeError, match="only verification"):
        VerifiedAnswer(key_id="registry", created=NOW, seal=object())  # type: ignore[arg-type] # on purpose
    with pytest.raises(msgspec.ValidationError, match="_Seal"):
        msgspec.convert({"key_id": "registry", "created": NOW, "seal": {}}, VerifiedAnswer)
