"""The document at /schema: sound in itself, and true of the messages that are read and written."""

import json
import re
import sys
from pathlib import Path

import anyio
import httpx
import pytest

from registry.contract import applications, inquiry_list, jlis, messages
from registry.contract.decoding import decode, encode
from registry.contract.problems import ProblemCode
from registry.contract.values import EXAMPLES, from_json, to_json
from registry.domain.errors import FaultCode
from registry.domain.inquiry_list import TIME_TO_COME_BY_ITSELF
from registry.domain.residence_report import ResidenceReport
from registry.services.inquiry_list import open_questions
from registry.web.access import routes_of
from registry.web.app import make_app
from registry.web.desk import Desk
from registry.web.pages.visit import SESSION_COOKIE
from registry.web.problems import STATUS
from tests.acceptance.asking import CHECKED, CONTACT, SEARCHES, ask, namesakes, settle
from tests.acceptance.jlis import asked, book, long_ago
from tests.acceptance.papers import HANAKO, KICHIRO, NEW_YORK, by_name, change, person, removed_record, report
from tests.acceptance.reading_openapi import DOCUMENT, OPERATIONS, SCHEMAS, made, misfits, nodes, resolved
from tests.house import MISSION, PENSION, TOWN, URL
from tests.planted import NUMBER

NOT_IN_ITSELF = {("get", "/schema"), ("get", "/metrics")}
"""The document itself, and the metrics in a format of their own: neither is a message of the interface."""
READ = {
    ("post", "/v1/submissions"): ResidenceReport,
    ("post", "/v1/submissions/batch"): messages.Batch,
    ("post", "/v1/removed-records"): messages.Delivery,
    ("post", "/v1/inquiries"): messages.Inquiry,
    ("post", "/v1/inquiries/bulk"): messages.BulkInquiry,
    ("post", "/v1/supplementary-answers"): jlis.SupplementaryAnswer,
    ("post", "/v1/removed-record-answers"): inquiry_list.RemovedRecordAnswer,
    ("post", "/me/applications"): applications.SignedApplication,
}
"""What the routes decode."""


# ------------------------------------------------------------------------------------------ sound in itself


def test_it_is_a_document_of_openapi_3_1():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert all(DOCUMENT["info"][name] for name in ("title", "version"))
    assert DOCUMENT.keys() <= {"openapi", "info", "servers", "paths", "components", "tags"}
    for operation in OPERATIONS.values():
        assert operation["summary"]
        assert all(response["description"] for response in operation["responses"].values())
        assert all(re.fullmatch(r"[1-5]\d\d|default", status) for status in operation["responses"])


def test_every_reference_points_at_something_and_everything_is_referred_to():
    references = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    choices = [node["discriminator"]["mapping"] for node in nodes(SCHEMAS) if "discriminator" in node]
    references |= {target for mapping in choices for target in mapping.values()}
    assert all(resolved(reference) for reference in references)
    assert references == {f"#/components/schemas/{name}" for name in SCHEMAS}


def test_operations_have_names_of_their_own():
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_parameters_are_those_of_the_path_and_stand_once(method, path):
    parameters = OPERATIONS[method, path]["parameters"]
    places = [(one["in"], one["name"]) for one in parameters]
    assert len(set(places)) == len(places)
    assert {name for where, name in places if where == "path"} == set(re.findall(r"{(\w+)}", path))
    assert all(one["required"] for one in parameters if one["in"] == "path")
    assert all(one["schema"] and one["description"] for one in parameters)


def test_nothing_personal_has_a_place_in_an_address():
    in_addresses = {one["name"] for one in nodes(DOCUMENT["paths"]) if one.get("in") in {"path", "query", "cookie"}}
    assert in_addresses == {"submission_id", "dry_run", "after", "place", "index", "old", "size", "__Host-session"}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_has_effects_or_tells_of_people_must_be_signed(method, path):
    headers = {
        one["name"] for one in OPERATIONS[method, path]["parameters"] if one["in"] == "header" and one["required"]
    }
    signed = {"signature-input", "signature"} <= headers
    assert signed is (path.startswith("/v1/") and not path.startswith(("/v1/time", "/v1/log/")))
    if method == "post" and signed:
        assert {"content-digest", "idempotency-key"} <= headers
        assert OPERATIONS[method, path]["requestBody"]["required"]
    if path.startswith("/me/"):
        cookies = [one["name"] for one in OPERATIONS[method, path]["parameters"] if one["in"] == "cookie"]
        assert cookies == [SESSION_COOKIE]


# ------------------------------------------------------------------------------------------ true of the routes


def test_every_route_is_in_the_document_and_every_operation_has_a_route():
    app = make_app(Desk(resources=None, keys=None, public_url=URL))
    routes = {(one.method.lower(), one.path) for one in routes_of(app) if not one.access.page}
    assert routes - NOT_IN_ITSELF == OPERATIONS.keys()
    assert routes >= NOT_IN_ITSELF


@pytest.mark.anyio
async def test_the_route_and_the_command_give_the_same_document():
    app = make_app(Desk(resources=None, keys=None, public_url=URL))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as caller:
        served = await caller.get("/schema")
    program = Path(sys.executable).with_name("registry")
    printed = (await anyio.run_process([program, "openapi"])).stdout
    assert (served.status_code, served.headers["content-type"]) == (200, "application/json")
    assert served.json() == json.loads(printed) == DOCUMENT


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_says_how_it_refuses(method, path):
    refusal = OPERATIONS[method, path]["responses"]["default"]
    assert refusal["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert set(re.findall(r"\d{3}", refusal["description"])) == {str(status) for status in STATUS.values()}


@pytest.mark.parametrize("codes", [ProblemCode, FaultCode])
def test_every_code_is_in_the_document(codes):
    assert set(SCHEMAS[codes.__name__]["enum"]) == {str(code) for code in codes}
    assert resolved(SCHEMAS["Problem"]["properties"]["code"]["$ref"]) == SCHEMAS["ProblemCode"]
    assert resolved(SCHEMAS["FaultEntry"]["properties"]["code"]["$ref"]) == SCHEMAS["FaultCode"]


# ---------------------------------------------------------------------------------------- true of the messages


def body_schema(operation):
    return operation["requestBody"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize(("method", "path"), READ)
def test_a_message_made_from_the_document_alone_can_be_read(method, path):
    decode(json.dumps(made(body_schema(OPERATIONS[method, path]))).encode(), READ[method, path])


def test_every_message_that_is_read_has_its_schema():
    bodies = {key for key, operation in OPERATIONS.items() if "requestBody" in operation}
    assert bodies == READ.keys()
    for key, kind in READ.items():
        assert body_schema(OPERATIONS[key]) == {"$ref": f"#/components/schemas/{kind.__name__}"}


def test_no_message_leaves_room_for_unknown_members():
    objects = {name for name, schema in SCHEMAS.items() if schema.get("type") == "object"}
    assert {name for name in objects if SCHEMAS[name].get("additionalProperties") is not False} == {"Health"}


def test_every_example_is_one_of_its_kind():
    kinds = {kind.__name__: kind for kind in EXAMPLES}
    seen = {node["title"]: node["examples"] for node in nodes(SCHEMAS) if "examples" in node}
    assert seen.keys() == kinds.keys()
    for title, examples in seen.items():
        assert [to_json(from_json(kinds[title], example)) for example in examples] == examples


# ------------------------------------------------------------------------------------ answers fit the document

BATCHES, ONE = "/v1/submissions/batch", "/v1/submissions/{submission_id}"
QUESTIONS, ANSWERS = "/v1/supplementary-questions", "/v1/supplementary-answers"
INQUIRY_LIST, REASONS = "/v1/removed-record-questions", "/v1/removed-record-answers"
NAHA = "472018"


def test_what_fits_and_what_does_not_is_told_apart():
    schema = {"$ref": "#/components/schemas/ResidenceReport"}
    good = report(person(individual_number=NUMBER, number_check=CHECKED), contact=CONTACT)
    assert list(misfits(good, schema)) == []
    bad = good | {"kind": "departure", "visa": 1, "people": [{}], "came_from": 7, "address_abroad": {"country": "usa"}}
    assert sorted(misfits(bad, schema)) == [
        "/address_abroad: none of the choices",
        "/came_from: none of the choices",
        "/kind: not in the list",
        "/people/0/birth_date: missing",
        "/people/0/name: missing",
        "/visa: unknown",
    ]


def described(method, path, answer):
    """Hold an answer against what the document says of its operation; return what does not fit."""
    responses = OPERATIONS[method, path]["responses"]
    content = responses.get(str(answer.status), responses["default"])["content"]
    media_type = answer.header("content-type")
    return list(misfits(json.loads(answer.body), content[media_type]["schema"]))


async def answers(registry):
    """One answer of each kind: the operation that gave it, and the answer."""
    inquiries, submissions = ("post", "/v1/inquiries"), ("post", "/v1/submissions")
    kept = await settle(registry)
    await namesakes(registry)
    await ask_honseki(registry)
    await ask_last_municipality(registry)
    moved = change(address_abroad=NEW_YORK | {"subdivision": "?"})
    faulty = removed_record(addressee_number="33", name={})
    waiting = await registry.get(NAHA, QUESTIONS)
    (question,) = json.loads(waiting.body)["questions"]
    nobody = {"question_id": question["question_id"], "finding": "not-in-supplementary-record"}
    listed = await registry.get(NAHA, INQUIRY_LIST)
    (wanted,) = json.loads(listed.body)["questions"]
    not_held = {"question_id": wanted["question_id"], "finding": "not-held"}
    return {
        "what a municipality is asked": ("get", QUESTIONS, waiting),
        "what it answers": ("post", ANSWERS, await registry.post(NAHA, ANSWERS, nobody)),
        "the inquiry list": ("get", INQUIRY_LIST, listed),
        "why there is no 除票": ("post", REASONS, await registry.post(NAHA, REASONS, not_held)),
        "a dry run": (*submissions, await registry.submit(moved, dry_run=True)),
        "a receipt": (*submissions, await registry.submit(moved)),
        "a refusal": (*submissions, await registry.submit(report(visa=1, people=[]))),
        "a batch": ("post", BATCHES, await registry.post(MISSION, BATCHES, batch(registry))),
        "a receipt looked up": ("get", ONE, await registry.get(MISSION, ONE.format(submission_id=kept.submission_id))),
        "a part": ("post", "/v1/removed-records", await registry.deliver(removed_record(), faulty)),
        "somebody found": (*inquiries, await ask(registry, PENSION)),
        "found by a municipality": (*inquiries, await ask(registry, TOWN, search=SEARCHES["addressee-number"])),
        "found by a mission": (*inquiries, await ask(registry, MISSION)),
        "nobody found": (*inquiries, await ask(registry, PENSION, search=by_name(birth_date="1990-01-01"))),
        "two found": (*inquiries, await ask(registry, PENSION, search=by_name(KICHIRO, "1981-02-14"))),
        "some found, one refused": ("post", "/v1/inquiries/bulk", await ask_many(registry)),
        "an inquiry refused": (*inquiries, await ask(registry, PENSION, fields=["honseki"])),
        "the grants": ("get", "/v1/grants", await registry.get(MISSION, "/v1/grants")),
        "the time": ("get", "/v1/time", await registry.get(MISSION, "/v1/time")),
    }


async def ask_many(registry):
    """Ask about one who is there, one who is not, and one who cannot be read."""
    terms = {"affair": "pension-benefit", "basis": "番号法19条8号", "handled_by": "clerk-7", "fields": ["name"]}
    searches = (by_name(), by_name(birth_date="1990-01-01"), by_name({}))
    return await registry.post(
        PENSION, "/v1/inquiries/bulk", terms | {"people": [{"search": search} for search in searches]}
    )


async def ask_honseki(registry):
    """Let somebody be reported whom only the municipality of the 本籍 can still tell about."""
    await long_ago(registry, person(name=HANAKO | {"given": "若子"}, honseki={"text": "泉崎", "municipality": NAHA}))
    for _ in ("J-LIS knows nobody", "the municipality is next"):
        await asked(registry, book())


async def ask_last_municipality(registry):
    """Let somebody be reported whose 除票 does not come."""
    lived = {"text": "泉崎一丁目", "municipality": NAHA}
    await registry.submit(report(person(name=HANAKO | {"given": "枝子"}, honseki=None, last_address=lived)))
    registry.clock.advance(seconds=TIME_TO_COME_BY_ITSELF.total_seconds())
    async for _ in open_questions(registry.ex_officio):
        pass


def batch(registry):
    """A batch of one report that is taken and one that is refused."""
    content = encode(report(person(name=HANAKO | {"given": "葉子"})))
    item = {"idempotency_key": "report-1", "report": content.decode(), "evidence": registry.evidence(MISSION, content)}
    return {"items": [item, item | {"idempotency_key": "report-2", "evidence": ""}]}


@pytest.mark.anyio
async def test_every_answer_is_what_the_document_says(registry):
    given = await answers(registry)
    assert {name: described(*one) for name, one in given.items()} == {name: [] for name in given}
    assert {(method, path) for method, path, _ in given.values()} == {
        key for key in OPERATIONS if key[1].startswith("/v1/") and not key[1].startswith("/v1/log/")
    }


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_the_health_routes_answer_as_the_document_says(registry, path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(registry.app), base_url=URL) as operator:
        answer = await operator.get(path)
    schema = OPERATIONS["get", path]["responses"]["200"]["content"]["application/json"]["schema"]
    assert (answer.status_code, list(misfits(answer.json(), schema))) == (200, [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/log/checkpoint", ""),
        ("/v1/log/tile/{place}", "0/000.p/1"),
        ("/v1/log/tile/{place}", "entries/000.p/1"),
        ("/v1/log/proof/inclusion", "?index=0&size=1"),
        ("/v1/log/proof/consistency", "?old=1&size=1"),
    ],
)
async def test_the_log_is_served_as_the_document_says(registry, path, asked):
    await ask(registry, PENSION)
    await registry.sequence()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(registry.app), base_url=URL) as anybody:
        answer = await anybody.get(path.replace("{place}", "") + asked)
    content = OPERATIONS["get", path]["responses"]["200"]["content"]
    schema = content[answer.headers["content-type"]]["schema"]
    given = answer.json() if "$ref" in schema else answer.content.decode("latin-1")
    assert (answer.status_code, list(misfits(given, schema))) == (200, [])


def test_good_messages_fit_the_document():
    inquiry = {"affair": "a", "basis": "b", "handled_by": "c", "fields": ["name"]}
    for search in SEARCHES.values():
        assert list(misfits(inquiry | {"search": search}, {"$ref": "#/components/schemas/Inquiry"})) == []
    delivery = {"extract_id": "extract-1", "part": 1, "records": [removed_record()]}
    assert list(misfits(delivery, {"$ref": "#/components/schemas/Delivery"})) == []
