"""A mission asks over real HTTP on behalf of its clerk, with the clerk's rights; with its own it sees nobody."""

from uuid import uuid4

import httpx
import msgspec
import pytest

from registry.contract.client import SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.keys import SigningKey
from registry.contract.messages import EVIDENCE_HEADER, DryRun, InquiryAnswer
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.possession import thumbprint
from registry.contract.openid.providers import read_providers
from registry.contract.problems import Problem
from registry.contract.signing import SUBJECT_HEADER, RequestParts, sign_request
from registry.domain.sign_in import Level
from registry.sandbox.clerk import token_of
from registry.sandbox.identity_provider import Login
from registry.sandbox.identity_provider_cli import GATEWAY_PROVIDERS
from registry.sandbox.personas import ACR, PERSONAS
from registry.vault.pseudonyms import account_id
from registry.wiring import new_id
from tests.acceptance.papers import report
from tests.house import MISSION, PENSION
from tests.logged import log
from tests.people.town import Clock

pytestmark = pytest.mark.anyio

DRY_RUN, INQUIRIES, BULK = "/v1/submissions?dry_run=true", "/v1/inquiries", "/v1/inquiries/bulk"
SEARCH = {"by": "name-and-birth-date", "name": {"surname": "吉田", "given": "美咲"}, "birth_date": "1990-08-19"}
ASKED = {
    "affair": "consular-protection",
    "basis": "旅券法16条",
    "handled_by": "whoever",
    "fields": ["name"],
    "search": SEARCH,
}


def line(place, body=MISSION, key=None):
    """The line of a gateway: its key, and the address at which the registry really is."""
    return SignedClient(
        place.url,
        signing_key=key or place.house.keys[body],
        registry_keys={"registry": place.house.resources.signing_key.verifying},
        clock=place.house.clock,
        nonce=lambda: uuid4().hex,
    )


async def send(place, token, path=INQUIRIES, message=ASKED, **who):
    headers = () if token is None else ((SUBJECT_HEADER, token),)
    async with line(place, **who) as client:
        return await client.post(path, encode(message), uuid4().hex, headers)


async def signed_in(place, persona="mission-staff", key=None):
    """The token of somebody who signed in at the gateway, by the whole way that a gateway goes."""
    (provider,) = read_providers(place.folder / "identity-provider" / GATEWAY_PROVIDERS, production=False)
    return await token_of(
        persona,
        provider=provider,
        gateway_url=place.gateway_url,
        key=key or place.house.keys[MISSION],
        clock=Clock(),
        new_id=lambda: uuid4().hex,
    )


def said(place, typ="at+jwt", **change):
    """A token that the provider signs, with something else in it."""
    provider, key = place.provider, place.house.keys[MISSION].verifying
    login = Login(persona=PERSONAS[0], acr=ACR[Level.PASSWORD], auth_time=provider._now())
    claims = provider.claims_of(login, "registry") | {"cnf": {"jkt": thumbprint(key)}} | change
    return provider.sign({name: value for name, value in claims.items() if value is not None}, typ)


def outcome(answer):
    return (answer.status, str(decode(answer.body, Problem).code)) if answer.is_problem else answer.status


async def test_a_clerk_sees_what_their_mission_may_see_and_the_log_names_them(place):
    token = await signed_in(place)
    trial = await send(place, token, DRY_RUN, report())
    asked = await send(place, token)
    people = {name: value for name, value in ASKED.items() if name != "search"} | {"people": [{"search": SEARCH}]}
    in_bulk = await send(place, token, BULK, people)
    assert decode(trial.body, DryRun).state == "accepted"
    assert decode(asked.body, InquiryAnswer).outcome == "not-found"
    assert in_bulk.status == 200
    known = account_id(place.house.resources.provider, place.listed.issuer, "sandbox-mission-staff")
    assert await log(place.house, "operation", handled_by=known) == [("dry-run",), ("inquiry",), ("inquiry",)]


async def test_a_gateway_alone_delivers_and_sees_nobody(place):
    message = report()
    evidence = (EVIDENCE_HEADER, place.house.evidence(MISSION, encode(message)))
    async with line(place) as client:
        delivered = await client.post("/v1/submissions", encode(message), uuid4().hex, (evidence,))
        tried = [await client.post(path, encode(one), uuid4().hex) for path, one in SHOWN.items()]
        tried.append(await client.post(DRY_RUN, encode(message), uuid4().hex, (evidence,)))
    assert delivered.status == 201
    assert [outcome(one) for one in tried] == [(403, "subject-missing")] * len(tried)
    assert ("dry-run", "refused", ["subject-missing"]) in await log(place.house, "operation", "outcome", "codes")


SHOWN = {INQUIRIES: ASKED, BULK: ASKED, DRY_RUN: report()}

BAD = {
    "that has expired": (lambda place: said(place, iat=place.provider._now() - 400, exp=place.provider._now() - 100)),
    "good for longer than five minutes": (lambda place: said(place, exp=place.provider._now() + 301)),
    "of a sign-in of yesterday": (lambda place: said(place, auth_time=place.provider._now() - 12 * 3600)),
    "bound to another gateway's key": (
        lambda place: said(place, cnf={"jkt": thumbprint(place.house.keys["JP-CG-BOSTON"].verifying)})
    ),
    "bound to nothing": (lambda place: said(place, cnf=None)),
    "of a clerk of another mission": (lambda place: said(place, registry_unit="JP-CG-BOSTON/consular")),
    "of a clerk of no mission": (lambda place: said(place, registry_unit=None)),
    "of an approver alone": (lambda place: said(place, registry_roles=["mission-approver"])),
    "of an official of a municipality": (
        lambda place: said(place, registry_roles=["municipal-clerk"], registry_unit="131016/residents")
    ),
    "with a role that there is not": (lambda place: said(place, registry_roles=["king"])),
    "of somebody who showed nothing": (lambda place: said(place, acr=None)),
    "for another service": (lambda place: said(place, aud="another")),
    "for the gateway itself": (lambda place: said(place, aud="gateway")),
    "of an issuer that nobody knows": (lambda place: said(place, iss="https://evil.example")),
    "that is an ID token": (lambda place: said(place, typ="JWT")),
    "that was tampered with": (lambda place: said(place)[:-8] + "AAAAAAAA"),
    "that is none": (lambda _: "guessed"),
}
CODES = {
    "subject-expired": ["that has expired", "good for longer than five minutes", "of a sign-in of yesterday"],
    "subject-of-another-key": ["bound to another gateway's key"],
    "subject-of-another-body": ["of a clerk of another mission", "of an official of a municipality"],
    "subject-not-permitted": [
        "of a clerk of no mission",
        "of an approver alone",
        "with a role that there is not",
        "of somebody who showed nothing",
    ],
}


async def test_every_other_token_is_refused_by_a_code_of_its_own(place):
    assert (await send(place, said(place))).status == 200  # this one is good
    expected = {name: code for code, names in CODES.items() for name in names}
    found = {name: outcome(await send(place, made(place))) for name, made in BAD.items()}
    assert found == {name: (403, expected.get(name, "subject-invalid")) for name in BAD}


async def test_a_token_is_worth_nothing_in_another_gateways_hands_or_in_another_request(place):
    token, registry = await signed_in(place), place.house.keys
    other = await send(place, token, body="JP-CG-BOSTON")
    fields = (("Content-Type", "application/json"), ("Idempotency-Key", uuid4().hex))
    bare = RequestParts(method="POST", url=place.url + INQUIRIES, headers=fields, body=encode(ASKED))
    signature = sign_request(bare, registry[MISSION], place.house.clock(), uuid4().hex)
    async with httpx.AsyncClient(trust_env=False) as http:
        put_in = await http.post(bare.url, content=bare.body, headers=[*fields, *signature, (SUBJECT_HEADER, token)])
    assert outcome(other) == (403, "subject-of-another-key")
    assert (put_in.status_code, put_in.json()["code"]) == (401, "signature-invalid")


async def test_a_token_that_was_made_for_a_key_that_nobody_registered_opens_no_line(place):
    stolen = SigningKey.generate("stolen")
    answer = await send(place, await signed_in(place, key=stolen), key=stolen)
    assert outcome(answer) == (401, "key-unknown")


async def test_others_than_missions_ask_as_before(place):
    asked = {**ASKED, "affair": "pension-benefit", "basis": "番号法19条8号"}
    asked["search"] = {"by": "individual-number", "individual_number": "123456789018"}
    assert (await send(place, None, INQUIRIES, asked, body=PENSION)).status == 200


async def test_while_the_provider_is_away_a_mission_is_told_to_come_again(place):
    gone = msgspec.structs.replace(place.listed, issuer="http://127.0.0.1:9")
    async with ProviderLine(gone, new_id=new_id) as away:
        before, place.subjects._lines = place.subjects._lines, {gone.issuer: away}
        answer = await send(place, said(place, iss=gone.issuer))
        place.subjects._lines = before
    assert outcome(answer) == (503, "not-ready")
