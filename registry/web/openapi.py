"""GET /schema: the interface in OpenAPI 3.1, made from the very messages that are read and written."""

from typing import Any, Final

import msgspec
from litestar import Response, get

from registry.contract import applications, inquiry_list, jlis
from registry.contract import messages as m
from registry.contract.grants import GrantsAnswer
from registry.contract.log_proof import LogProof
from registry.contract.problems import PROBLEM_MEDIA_TYPE, Problem
from registry.contract.signing import SUBJECT_HEADER
from registry.contract.values import EXAMPLES
from registry.domain.residence_report import ResidenceReport
from registry.web.access import public
from registry.web.api import log
from registry.web.health import Health
from registry.web.problems import JSON, STATUS


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of the interface, as the schema shows it; ``answer`` is None where it is no message."""

    method: str
    path: str
    summary: str
    answer: type | None
    body: type | None = None
    media_type: str = JSON
    status: int = 200
    signed: bool = True
    parameters: tuple[dict[str, Any], ...] = ()
    other_answer: type | None = None


def _header(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


_SIGNATURE: Final = (
    _header("signature-input", "RFC 9421, in the closed profile of docs/trust-model.md"),
    _header("signature", "RFC 9421, Ed25519 or ECDSA P-256"),
)
_KEY: Final = _header(m.IDEMPOTENCY_HEADER, "the sender's key; the same key and body give the same answer")
_WITH_BODY: Final = (_header("content-digest", "RFC 9530, sha-256"), _KEY)
_EVIDENCE: Final = _header(m.EVIDENCE_HEADER, "detached JWS (RFC 7797) that the mission made over the body at intake")
_SUBJECT: Final = _header(
    SUBJECT_HEADER,
    "of the gateway of a mission, where it shows people to a clerk: the clerk's token (RFC 9068), bound to the key of "
    "the gateway (cnf.jkt) and covered by the signature",
    required=False,
)
_DRY_RUN: Final = {
    "name": "dry_run",
    "in": "query",
    "required": False,
    "description": "true: say what the report would do and store nothing but the entry in the log",
    "schema": {"type": "boolean", "default": False},
}
_SUBMISSION_ID: Final = {
    "name": "submission_id",
    "in": "path",
    "required": True,
    "description": "the id in the receipt",
    "schema": {"type": "string", "format": "uuid"},
}

_SESSION: Final = {
    "name": "__Host-session",
    "in": "cookie",
    "required": True,
    "description": "the session of a resident who signed in at level ①",
    "schema": {"type": "string"},
}

_AFTER: Final = {
    "name": "after",
    "in": "query",
    "required": False,
    "description": "the last question of the page before, as that page says; left out: the first page",
    "schema": {"type": "string", "format": "uuid"},
}

_PLACE: Final = {
    "name": "place",
    "in": "path",
    "required": True,
    "description": "<L>/<N>[.p/<W>]: a tile; entries/<N>[.p/<W>]: the entries of one of level 0 (C2SP tlog-tiles)",
    "schema": {"type": "string"},
}


def _leaves(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "query", "required": True, "description": description, "schema": schema}


_SIZE: Final = _leaves("size", "how many leaves the tree has")

OPERATIONS: Final = (
    Operation(
        method="post",
        path="/v1/submissions",
        summary="Submit one report (在留届・変更届・帰国届)",
        body=ResidenceReport,
        answer=m.Receipt,
        status=201,
        parameters=(_EVIDENCE, _SUBJECT, _DRY_RUN),
        other_answer=m.DryRun,
    ),
    Operation(
        method="post",
        path="/v1/submissions/batch",
        summary="Submit up to a hundred reports; each stands or falls by itself",
        body=m.Batch,
        answer=m.BatchAnswer,
    ),
    Operation(
        method="get",
        path="/v1/submissions/{submission_id}",
        summary="See how a submission stands",
        answer=m.Receipt,
        parameters=(_SUBMISSION_ID,),
    ),
    Operation(
        method="post",
        path="/v1/removed-records",
        summary="Deliver one part of an extract of 除票",
        body=m.Delivery,
        answer=m.DeliveryAnswer,
    ),
    Operation(
        method="post",
        path="/v1/inquiries",
        summary="Ask about one person on a legal basis (情報照会)",
        body=m.Inquiry,
        answer=m.InquiryAnswer,
        parameters=(_SUBJECT,),
    ),
    Operation(
        method="post",
        path="/v1/inquiries/bulk",
        summary="Ask the same about up to a thousand people; each stands or falls by itself (一括照会)",
        body=m.BulkInquiry,
        answer=m.BulkAnswer,
        parameters=(_SUBJECT,),
    ),
    Operation(
        method="get",
        path="/v1/supplementary-questions",
        summary="Fetch what a municipality is asked about the 附票 that it keeps",
        answer=jlis.SupplementaryQuestions,
    ),
    Operation(
        method="post",
        path="/v1/supplementary-answers",
        summary="Answer one of those questions (附票の照会への回答)",
        body=jlis.SupplementaryAnswer,
        answer=jlis.SupplementaryReceipt,
    ),
    Operation(
        method="get",
        path="/v1/removed-record-questions",
        summary="Fetch which 除票 the registry asks the municipality of the last residence for",
        answer=inquiry_list.RemovedRecordQuestions,
        parameters=(_AFTER,),
    ),
    Operation(
        method="post",
        path="/v1/removed-record-answers",
        summary="Say why there is no 除票 for one of those questions (除票の照会への回答)",
        body=inquiry_list.RemovedRecordAnswer,
        answer=inquiry_list.RemovedRecordReceipt,
    ),
    Operation(
        method="post",
        path="/me/application-challenges",
        summary="Have a nonce for one signature of one's own card",
        answer=applications.Challenge,
        status=201,
        signed=False,
        parameters=(_SESSION,),
    ),
    Operation(
        method="post",
        path="/me/applications",
        summary="Report of oneself, signed with one's own card (電子申請: 在留届・変更届)",
        body=applications.SignedApplication,
        answer=m.Receipt,
        status=201,
        signed=False,
        parameters=(_SESSION, _KEY, _DRY_RUN),
        other_answer=m.DryRun,
    ),
    Operation(
        method="get",
        path="/me/applications/{submission_id}",
        summary="See how one's own application stands",
        answer=m.Receipt,
        signed=False,
        parameters=(_SESSION, _SUBMISSION_ID),
    ),
    Operation(method="get", path="/v1/grants", summary="See what the caller may ask and submit", answer=GrantsAnswer),
    Operation(method="get", path="/v1/time", summary="Ask for the registry's clock", answer=m.TimeAnswer, signed=False),
    Operation(
        method="get",
        path="/v1/log/checkpoint",
        summary="Fetch the signed and cosigned head of the log of disclosures (C2SP tlog-checkpoint)",
        answer=None,
        media_type=log.TEXT,
        signed=False,
    ),
    Operation(
        method="get",
        path="/v1/log/tile/{place}",
        summary="Fetch a tile of its tree, or a bundle of its entries, which tell nobody anything",
        answer=None,
        media_type=log.BYTES,
        signed=False,
        parameters=(_PLACE,),
    ),
    Operation(
        method="get",
        path="/v1/log/proof/inclusion",
        summary="Have it proven that an entry is in the tree",
        answer=LogProof,
        signed=False,
        parameters=(_leaves("index", "the number of the entry, from 0"), _SIZE),
    ),
    Operation(
        method="get",
        path="/v1/log/proof/consistency",
        summary="Have it proven that a tree continues an earlier one",
        answer=LogProof,
        signed=False,
        parameters=(_leaves("old", "how many leaves the earlier tree has"), _SIZE),
    ),
    Operation(method="get", path="/health/live", summary="Does the process answer?", answer=Health, signed=False),
    Operation(method="get", path="/health/ready", summary="Can requests be served?", answer=Health, signed=False),
)

_REF: Final = "#/components/schemas/{name}"


def document() -> dict[str, Any]:
    """Return the whole document."""
    types = {Problem} | {kind for one in OPERATIONS for kind in (one.body, one.answer, one.other_answer) if kind}
    ordered = sorted(types, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(ordered, schema_hook=_value_schema, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Overseas-resident number registry",
            "version": "1",
            "description": "Every request and answer under /v1 is signed; under /me a resident's own software comes "
            "with their session. Refusals are RFC 9457 problem documents.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(one: Operation) -> dict[str, Any]:
    parameters = [
        *(_SIGNATURE if one.signed else ()),
        *(_WITH_BODY if one.body and one.signed else ()),
        *one.parameters,
    ]
    described: dict[str, Any] = {
        "operationId": f"{one.method}{one.path.title().translate(str.maketrans('', '', '/{}-_'))}",
        "summary": one.summary,
        "parameters": parameters,
        "responses": {
            str(one.status): {"description": "Done", "content": {one.media_type: {"schema": _answer(one)}}},
            "default": {
                "description": f"Refused: one of {', '.join(map(str, sorted(set(STATUS.values()))))}",
                "content": {PROBLEM_MEDIA_TYPE: {"schema": _ref(Problem)}},
            },
        },
    }
    if one.other_answer is not None:
        content = {JSON: {"schema": _ref(one.other_answer)}}
        described["responses"]["200"] = {"description": "The dry run", "content": content}
    if one.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(one.body)}}}
    return described


def _answer(one: Operation) -> dict[str, Any]:
    return {"type": "string", "contentMediaType": one.media_type} if one.answer is None else _ref(one.answer)


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _value_schema(kind: type) -> dict[str, Any]:
    """Describe a value of the domain, which travels as its text."""
    return {"type": "string", "title": kind.__name__, "examples": [EXAMPLES[kind]]}


@get("/schema", opt=public())
async def schema() -> Response[bytes]:
    """Return the document."""
    return Response(msgspec.json.encode(document()), media_type=JSON)
