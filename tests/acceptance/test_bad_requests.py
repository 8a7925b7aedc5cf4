"""What is wrong with how it was sent: signature, key, evidence, size, route. Who is not known touches no table."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from registry.contract.decoding import encode
from registry.contract.keys import Algorithm, SigningKey
from registry.contract.messages import EVIDENCE_HEADER
from registry.contract.signing import content_digest
from registry.domain.disclosure import BodyKind
from registry.store import callers
from registry.store.callers import RegisteredKey
from registry.web.door import LARGEST_BODY
from tests.acceptance.asking import refused
from tests.acceptance.door import (
    LOG_AND_ANSWER,
    NOTHING,
    SUBMISSIONS,
    Refused,
    header,
    is_signed,
    read,
    refusals,
    send,
    signed,
    unsigned,
    with_header,
)
from tests.acceptance.papers import kichiro, report
from tests.acceptance.seen import counts, grown
from tests.house import MISSION, NOW, PENSION, URL

pytestmark = pytest.mark.anyio

KEY = f"{MISSION}-key"
OTHER = encode(report(kichiro()))
BATCHES = f"{SUBMISSIONS}/batch"


def put(parts, **fields):
    return msgspec.structs.replace(parts, **fields)


# ------------------------------------------------------------------------------------------------- signatures


def spoilt_after_signing(registry):
    """Requests of which something is not as it was signed, each with the code of its refusal."""
    good = [signed(registry, report()) for _ in range(12)]
    return {
        "over another body": (put(good[0], body=OTHER), 400, "digest-mismatch"),
        "over another body, whose digest was put in": (
            with_header(put(good[1], body=OTHER), "content-digest", content_digest(OTHER)),
            401,
            "signature-invalid",
        ),
        "without the digest": (with_header(good[2], "content-digest", None), 400, "digest-mismatch"),
        "with a digest of another kind": (
            with_header(good[3], "content-digest", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"),
            401,
            "signature-invalid",
        ),
        "for another path": (put(good[4], url=URL + BATCHES), 401, "signature-invalid"),
        "not for a dry run": (put(good[5], url=f"{URL}{SUBMISSIONS}?dry_run=true"), 401, "signature-invalid"),
        "under another idempotency key": (
            with_header(good[6], "idempotency-key", "another-key"),
            401,
            "signature-invalid",
        ),
        "without its idempotency key": (
            with_header(good[7], "idempotency-key", None),
            400,
            "idempotency-key-missing",
        ),
        "under an idempotency key of another form": (
            with_header(good[8], "idempotency-key", "a b"),
            400,
            "idempotency-key-missing",
        ),
        "as another media type": (with_header(good[9], "content-type", "text/plain"), 401, "signature-invalid"),
        "as no media type": (with_header(good[10], "content-type", None), 415, "unsupported-media-type"),
        "with other parameters": (
            with_header(
                good[11], "signature-input", header(good[11], "signature-input").replace("expires=1", "expires=2")
            ),
            401,
            "signature-invalid",
        ),
    }


async def test_a_request_that_is_not_the_one_that_was_signed_is_refused(registry, database):
    cases = spoilt_after_signing(registry)
    requests = {name: parts for name, (parts, _, _) in cases.items()}
    assert await refusals(registry, database, requests) == {
        name: Refused(status, code, set(), NOTHING) for name, (_, status, code) in cases.items()
    }


def signed_wrongly(registry):
    """Requests signed too early, too late or by the wrong hand."""
    minute = timedelta(seconds=61)
    return {
        "long ago": (signed(registry, report(), at=NOW - minute), "signature-expired"),
        "in the future": (signed(registry, report(), at=NOW + minute), "clock-skew"),
        "by a key that nobody registered": (signed(registry, report(), key=SigningKey.generate("x")), "key-unknown"),
        "by another key under that name": (
            signed(registry, report(), key=SigningKey.generate(KEY)),
            "signature-invalid",
        ),
        "by a key of another algorithm under that name": (
            signed(registry, report(), key=SigningKey.generate(KEY, Algorithm.ECDSA_P256)),
            "signature-invalid",
        ),
    }


async def test_a_request_that_was_not_signed_lately_by_a_registered_key_is_refused(registry, database):
    cases = signed_wrongly(registry)
    assert await refusals(registry, database, {name: parts for name, (parts, _) in cases.items()}) == {
        name: Refused(401, code, set(), NOTHING) for name, (_, code) in cases.items()
    }


def without_a_signature(registry):
    """Requests to which no signed answer can be given."""
    twice = signed(registry, report())
    return {
        "none at all": (unsigned(registry, report()), "signature-missing"),
        "without the signature": (with_header(signed(registry, report()), "signature", None), "signature-invalid"),
        "garbage": (with_header(signed(registry, report()), "signature", "sig=:!:"), "signature-invalid"),
        "two of them": (
            put(twice, headers=(*twice.headers, ("Signature", header(twice, "signature")))),
            "signature-invalid",
        ),
    }


async def test_a_request_without_one_readable_signature_is_refused_by_an_answer_that_nobody_signed(registry, database):
    cases = without_a_signature(registry)
    requests = {name: parts for name, (parts, _) in cases.items()}
    assert await refusals(registry, database, requests, by_hand=True) == {
        name: Refused(401, code, set(), NOTHING) for name, (_, code) in cases.items()
    }


@pytest.mark.parametrize("path", [SUBMISSIONS, f"{SUBMISSIONS}?dry_run=true"])
async def test_a_request_that_is_sent_again_byte_by_byte_is_a_replay(registry, database, path):
    request = signed(registry, report(), path=path)
    first = await send(registry, request)
    before = await counts(database)
    replayed = await send(registry, request)
    assert (first.status < 300, replayed.status, str(read(replayed).code)) == (True, 401, "signature-replayed")
    assert is_signed(registry, request, replayed)
    assert grown(before, await counts(database)) == {"log_pending": 1}


async def test_a_signature_that_expired_is_no_replay_once_its_nonce_is_forgotten(registry):
    request = signed(registry, report())
    await send(registry, request)
    registry.clock.advance(seconds=61)
    assert str(read(await send(registry, request)).code) == "signature-expired"


async def test_a_key_that_was_withdrawn_signs_no_more(registry):
    await register(registry, registry.keys[MISSION], valid_to=NOW)
    registry.clock.advance(seconds=30)
    assert (await send(registry, signed(registry, report()))).status == 401


async def test_a_key_that_took_the_place_of_another_signs_from_now_on(registry):
    new = registry.keys[MISSION] = SigningKey.generate(KEY)
    await register(registry, new)
    registry.clock.advance(seconds=30)
    assert (await send(registry, signed(registry, report(), key=new))).status == 201


async def register(registry, key, **fields):
    """Register a key as ``registry callers register`` does."""
    row = {"body": MISSION, "body_kind": BodyKind.MISSION, "valid_from": NOW - timedelta(days=1)} | fields
    registered = RegisteredKey(key_id=key.key_id, public_key=key.verifying.to_pem(), **row)
    async with registry.owner.work() as work:
        await callers.register_key(work, registered)
        await work.commit()


# --------------------------------------------------------------------------------------------------- evidence


async def test_evidence_that_does_not_prove_the_intake_of_this_report_is_refused(registry, database):
    own = registry.evidence(MISSION, encode(report()))
    protected, _, signature = own.partition("..")
    evidence = {
        "none": None,
        "empty": "",
        "garbage": "evidence",
        "dots": "....",
        "over another report": registry.evidence(MISSION, OTHER),
        "by another mission": registry.evidence("JP-CG-BOSTON", encode(report())),
        "by a pension office": registry.evidence(PENSION, encode(report())),
        "with the report attached": f"{protected}.{'A' * 43}.{signature}",
        "without its signature": f"{protected}..",
        "with a header of something else": f"e30..{signature}",
        "with letters that are not ASCII": "é..é",
    }
    requests = {
        name: with_header(signed(registry, report()), EVIDENCE_HEADER, value) for name, value in evidence.items()
    }
    assert await refusals(registry, database, requests) == {
        name: Refused(422, "evidence-invalid", set(), LOG_AND_ANSWER) for name in evidence
    }


# --------------------------------------------------------------------------------------------------- the line

MEGABYTE = 1 << 20


async def test_a_body_beyond_all_measure_is_refused_by_a_signed_answer(registry, database):
    before = await counts(database)
    answer = await registry.post(MISSION, SUBMISSIONS, b" " * (LARGEST_BODY + 1))
    assert (answer.status, *refused(answer)) == (413, "body-too-large", set())
    assert grown(before, await counts(database)) == NOTHING


async def test_of_a_hundred_megabytes_no_more_is_read_than_the_largest_body_has(registry):
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b" " * MEGABYTE

    request = signed(registry, report())
    answer = await send(registry, request, stream=endless())
    assert (answer.status, str(read(answer).code)) == (413, "body-too-large")
    assert is_signed(registry, request, answer)
    assert taken * MEGABYTE <= LARGEST_BODY + MEGABYTE


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/json; charset=shift_jis"])
async def test_another_media_type_is_refused(registry, database, media_type):
    request = signed(registry, report(), Content_Type=media_type)
    (refusal,) = (await refusals(registry, database, {"": request})).values()
    assert (refusal.status, refusal.code) == (415, "unsupported-media-type")


ROUTES = {
    "a route that is none": ("POST", "/v1/people", 404, "not-found"),
    "no route at all": ("GET", "/", 404, "not-found"),
    "a route of another version": ("POST", "/v2/submissions", 404, "not-found"),
    "reading what is only written": ("GET", SUBMISSIONS, 405, "method-not-allowed"),
    "writing what is only read": ("POST", "/v1/grants", 405, "method-not-allowed"),
    "a submission that never was": (
        "GET",
        f"{SUBMISSIONS}/00000000-0000-4000-8000-000000000000",
        404,
        "not-found",
    ),
    "a submission under no id": ("GET", f"{SUBMISSIONS}/%00%ff..%2f", 404, "not-found"),
}


@pytest.mark.parametrize(("method", "path", "status", "code"), ROUTES.values(), ids=ROUTES)
async def test_a_route_or_method_that_is_not_there_is_a_clear_problem(registry, method, path, status, code):
    answer = await (registry.get(MISSION, path) if method == "GET" else registry.post(MISSION, path, report()))
    assert (answer.status, str(read(answer).code)) == (status, code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_method_that_no_signature_covers_is_refused(registry, database, method):
    before = await counts(database)
    answer = await send(registry, put(unsigned(registry, report()), method=method))
    assert (answer.status, str(read(answer).code)) == (405, "method-not-allowed")
    assert grown(before, await counts(database)) == NOTHING
