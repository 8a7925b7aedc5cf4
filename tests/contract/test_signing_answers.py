"""What was answered to whom; and that all of it is the RFC 9421 that everybody else means."""

from base64 import b64decode, urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms

from registry.contract.keys import Algorithm, SigningKey, VerifyingKey
from registry.contract.problems import ProblemCode
from registry.contract.signing import (
    AnswerParts,
    RequestParts,
    SignatureRefused,
    _signature_base,
    sign_answer,
    sign_request,
    verify_answer,
    verify_request,
)
from tests.contract.signed import (
    AGENCY,
    ANSWER,
    FIELDS,
    GATEWAY,
    KEYS,
    NONCE,
    NOW,
    PUBLIC,
    REGISTRY,
    URL,
    answered,
    request,
    resigned,
    signed,
    with_header,
)


# ---------------------------------------------------------------- answers
def answer_refusal(parts: AnswerParts, to: RequestParts) -> ProblemCode:
    with pytest.raises(SignatureRefused) as refused:
        verify_answer(parts, to, PUBLIC.get)
    return refused.value.code


@pytest.mark.parametrize("key", [REGISTRY, AGENCY], ids=list(Algorithm))
@pytest.mark.parametrize("body", [ANSWER.body, b""], ids=["with a body", "without"])
def test_an_answer_proves_who_gave_it_to_which_request(key: SigningKey, body: bytes) -> None:
    asked = signed()
    proof = verify_answer(answered(asked, msgspec.structs.replace(ANSWER, body=body), key), asked, PUBLIC.get)
    assert (proof.key_id, proof.created) == (key.key_id, NOW)


OTHER_REQUESTS = {
    "the same, sent again": RequestParts(
        method="POST", url=URL, headers=FIELDS + sign_request(request(), GATEWAY, NOW, "m" * 22), body=request().body
    ),
    "another body": signed(request(body=b"2")),
    "another caller": signed(key=AGENCY),
}


@pytest.mark.parametrize("other", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
def test_the_answer_to_one_request_is_none_to_another(other: RequestParts) -> None:
    assert answer_refusal(answered(other), signed()) == ProblemCode.SIGNATURE_INVALID


ANSWERS_CHANGED = {
    "another status": (answered(signed(), status=200), ProblemCode.SIGNATURE_INVALID),
    "another body": (answered(signed(), body=b"{}"), ProblemCode.DIGEST_MISMATCH),
    "not signed": (ANSWER, ProblemCode.SIGNATURE_MISSING),
    "no content type": (answered(signed(), headers=answered(signed()).headers[1:]), ProblemCode.SIGNATURE_INVALID),
    "no digest": (
        answered(signed(), headers=answered(signed()).headers[:1] + answered(signed()).headers[2:]),
        ProblemCode.DIGEST_MISMATCH,
    ),
    "an unknown key": (answered(signed(), key=SigningKey.generate("nobody")), ProblemCode.KEY_UNKNOWN),
    "a false registry": (answered(signed(), key=SigningKey.generate("registry")), ProblemCode.SIGNATURE_INVALID),
    "the request's own signature": (
        answered(signed(), headers=(*ANSWER.headers, *signed().headers[2:])),
        ProblemCode.SIGNATURE_INVALID,
    ),
}


@pytest.mark.parametrize(("answer", "code"), ANSWERS_CHANGED.values(), ids=ANSWERS_CHANGED)
def test_another_answer_than_the_signed_one_is_refused(answer: AnswerParts, code: ProblemCode) -> None:
    assert answer_refusal(answer, signed()) == code


@pytest.mark.parametrize("binding", [None, "free text", 'sig=:AAAA:\n"@status": 200'], ids=["none", "text", "lines"])
def test_the_registry_signs_no_answer_to_an_unsigned_request(binding: str | None) -> None:
    with pytest.raises(SignatureRefused, match="signature-missing"):
        sign_answer(ANSWER, with_header(signed(), "Signature", binding), REGISTRY, NOW)


# ---------------------------------------------------------------- the same as everybody else's RFC 9421
def test_the_vector_of_rfc_9421_b_2_6() -> None:
    """Ed25519 is deterministic: the same key and base give the signature printed in the RFC."""
    private = urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
    key = SigningKey(key_id="test-key-ed25519", private=Ed25519PrivateKey.from_private_bytes(private))
    lines = {
        '"date"': "Tue, 20 Apr 2021 02:07:55 GMT",
        '"@method"': "POST",
        '"@path"': "/foo",
        '"@authority"': "example.com",
        '"content-type"': "application/json",
        '"content-length"': "18",
    }
    stated = f'({" ".join(lines)});created=1618884473;keyid="test-key-ed25519"'
    assert resigned(stated, lines, key)[1][1] == (
        "sig=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
    )


def test_the_vector_of_rfc_9421_b_2_4() -> None:
    """ECDSA P-256 with its signature printed in the RFC, over an answer."""
    key = VerifyingKey.from_pem(
        "test-key-ecc-p256",
        b"-----BEGIN PUBLIC KEY-----\n"
        b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf\n"
        b"w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n"
        b"-----END PUBLIC KEY-----\n",
    )
    lines = {
        '"@status"': "200",
        '"content-type"': "application/json",
        '"content-digest"': "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5a"
        "GgfLQ==:",
        '"content-length"': "23",
    }
    stated = f'({" ".join(lines)});created=1618884473;keyid="test-key-ecc-p256"'
    signature = b64decode("wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==")
    assert key.verifies(signature, _signature_base(lines.items(), stated))


LIBRARY = {Algorithm.ED25519: algorithms.ED25519, Algorithm.ECDSA_P256: algorithms.ECDSA_P256_SHA256}
COVERED = ("@method", "@target-uri", "content-digest", "content-type", "idempotency-key")
ANSWER_COVERED = ("@status", "content-digest", "content-type", '"signature";req')
RESOLVER = MappingKeyResolver(
    public_keys={key_id: key.public for key_id, key in PUBLIC.items()},
    private_keys={key_id: key.private for key_id, key in KEYS.items()},
)


@pytest.mark.parametrize("key", [GATEWAY, AGENCY], ids=list(Algorithm))
def test_an_independent_implementation_verifies_what_is_signed_here(key: SigningKey) -> None:
    parts, now = request(), datetime.now(UTC)  # the library reads the clock itself
    sent = SimpleNamespace(method="POST", url=URL, headers=dict(parts.headers + sign_request(parts, key, now, NONCE)))
    verifier = HTTPMessageVerifier(signature_algorithm=LIBRARY[key.algorithm], key_resolver=RESOLVER)
    (result,) = verifier.verify(sent, expect_tag="registry-request", require_components=COVERED, body=parts.body)
    assert result.parameters["keyid"] == key.key_id
    asked = msgspec.structs.replace(parts, headers=tuple(sent.headers.items()))
    answer = answered(asked, key=key, headers=ANSWER.headers + sign_answer(ANSWER, asked, key, now))
    given_back = SimpleNamespace(status_code=201, headers=dict(answer.headers), request=sent)
    (result,) = verifier.verify(
        given_back, expect_tag="registry-answer", require_components=ANSWER_COVERED, body=answer.body
    )
    assert result.parameters["keyid"] == key.key_id


@pytest.mark.parametrize("key", [GATEWAY, AGENCY], ids=list(Algorithm))
def test_what_an_independent_implementation_signs_is_verified_here(key: SigningKey) -> None:
    signer = HTTPMessageSigner(signature_algorithm=LIBRARY[key.algorithm], key_resolver=RESOLVER)
    sent = SimpleNamespace(method="POST", url=URL, headers=dict(FIELDS))
    signer.sign(
        sent,
        key_id=key.key_id,
        created=NOW,
        expires=NOW + timedelta(seconds=60),
        nonce=NONCE,
        label="other",
        tag="registry-request",
        covered_component_ids=COVERED,
        body=request().body,
    )
    asked = request(headers=tuple(sent.headers.items()))
    assert verify_request(asked, PUBLIC.get, NOW).key_id == key.key_id
    given_back = SimpleNamespace(status_code=201, headers=dict(ANSWER.headers), request=sent)
    signer.sign(
        given_back,
        key_id=key.key_id,
        created=NOW,
        tag="registry-answer",
        covered_component_ids=ANSWER_COVERED,
        body=ANSWER.body,
    )
    answer = msgspec.structs.replace(ANSWER, headers=tuple(given_back.headers.items()))
    assert verify_answer(answer, asked, PUBLIC.get).key_id == key.key_id
