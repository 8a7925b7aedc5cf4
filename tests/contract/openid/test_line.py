"""The line to a provider: what it says of itself is believed only where it may be, and its keys change under way."""

import asyncio
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from registry.contract.openid import line as module
from registry.contract.openid.line import LARGEST_ANSWER, ProviderLine
from registry.contract.openid.providers import Provider
from registry.contract.openid.refusals import ProviderAway, SignInFault, SignInRefused
from registry.domain.sign_in import Level

pytestmark = pytest.mark.anyio

ISSUER = "https://idp.example"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "end_session_endpoint": f"{ISSUER}/out",
    "code_challenge_methods_supported": ["plain", "S256"],
}
KEYS = [ECKey.generate_key("P-256", {"kid": f"k{number}"}) for number in range(3)]
CLIENT_KEY = ECKey.generate_key("P-256", {"kid": "client"})
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PROVIDER = Provider(
    name="idp",
    label="提供者",
    label_en="Provider",
    issuer=ISSUER,
    client_id="registry",
    key=CLIENT_KEY,
    roles=frozenset(),
    levels={"urn:level": Level.PASSWORD},
)


class Played:
    """Answers as a provider would; ``answers`` go over that, by path."""

    def __init__(self):
        self.asked = []
        self.keys = KEYS[:1]
        self.answers = {}

    async def handle(self, request):
        path = request.url.path
        self.asked.append(path)
        self.last = request
        await asyncio.sleep(0)  # as on a line: others come in between
        own = {
            "/.well-known/openid-configuration": METADATA,
            "/jwks": {"keys": [one.as_dict(private=False) for one in self.keys]},
            "/token": {"id_token": "a.b.c", "access_token": "at"},
        }
        answer = self.answers.get(path, own[path])
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


@pytest.fixture
def played():
    return Played()


@pytest.fixture
async def line(played):
    ids = iter(f"id-{number}" for number in range(100))
    async with ProviderLine(PROVIDER, new_id=lambda: next(ids), transport=httpx.MockTransport(played.handle)) as opened:
        yield opened


def token(key):
    return jwt.encode({"alg": "ES256", "kid": key.kid}, {}, key)


UNBELIEVABLE = {
    "another issuer": {"issuer": f"{ISSUER}/"},
    "no PKCE": {"code_challenge_methods_supported": ["plain"]},
    "nothing said of PKCE": {"code_challenge_methods_supported": []},
    "people led away without TLS": {"authorization_endpoint": "http://idp.example/authorize"},
    "codes sent without TLS": {"token_endpoint": "http://idp.example/token"},
    "keys from a file": {"jwks_uri": "file:///keys"},
    "people led to a script": {"end_session_endpoint": "javascript:alert(1)"},
    "an address that is none": {"token_endpoint": 7},
}


@pytest.mark.parametrize("change", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
async def test_metadata_that_cannot_be_believed_is_none(played, line, change):
    played.answers["/.well-known/openid-configuration"] = METADATA | change
    with pytest.raises(ProviderAway):
        await line.metadata()


AWAY = {
    "no connection": httpx.ConnectError("away"),
    "too slow": httpx.ReadTimeout("slow"),
    "a fault": httpx.Response(500),
    "a redirect elsewhere": httpx.Response(302, headers={"location": "https://elsewhere.example"}),
    "no JSON": httpx.Response(200, text="<html>"),
    "a bomb": httpx.Response(200, content=b" " * (LARGEST_ANSWER + 1)),
}


@pytest.mark.parametrize("answer", AWAY.values(), ids=AWAY)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
async def test_whatever_does_not_answer_as_a_provider_is_away(played, line, path, answer):
    played.answers[path] = answer
    asking = {
        "/.well-known/openid-configuration": line.metadata,
        "/jwks": lambda: line.keys_for(token(KEYS[0])),
        "/token": lambda: line.exchange("code", "verifier", "https://registry.example/back", NOW),
    }
    with pytest.raises(ProviderAway):
        await asking[path]()


async def test_metadata_and_keys_are_kept(played, line):
    for _ in range(3):
        await line.keys_for(token(KEYS[0]))
    assert played.asked == ["/.well-known/openid-configuration", "/jwks"]


@pytest.mark.parametrize("answer", [METADATA, httpx.Response(500)], ids=["there", "away"])
async def test_however_many_begin_at_once_the_provider_is_asked_once(played, line, answer):
    played.answers["/.well-known/openid-configuration"] = answer
    told = await asyncio.gather(*(line.metadata() for _ in range(20)), return_exceptions=True)
    assert {type(one) for one in told} == {module.Metadata if answer is METADATA else ProviderAway}
    assert played.asked == ["/.well-known/openid-configuration"]


async def test_who_leaves_while_metadata_is_on_its_way_takes_it_from_nobody(played, line):
    leaving, staying = (asyncio.create_task(line.metadata()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).issuer == ISSUER
    assert (leaving.cancelled(), len(played.asked)) == (True, 1)


async def test_a_new_key_is_fetched_when_a_token_names_it_but_not_again_and_again(played, line, monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    await line.keys_for(token(KEYS[0]))
    played.keys = KEYS[1:]
    assert "k1" not in await line.keys_for(token(KEYS[1]))  # just fetched
    now[0] += module.NOT_AGAIN_WITHIN
    assert (await line.keys_for(token(KEYS[1]))).keys() == {"k1", "k2"}  # and the one withdrawn is gone
    assert played.asked.count("/jwks") == 2


async def test_a_key_that_was_withdrawn_is_forgotten_within_the_hour(played, line, monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    await line.keys_for(token(KEYS[0]))
    played.keys = []
    now[0] += module.KEPT_FOR
    assert await line.keys_for(token(KEYS[0])) == {}


async def test_a_code_is_exchanged_with_a_signature_of_ours_and_the_proof_of_pkce(played, line):
    await line.exchange("the-code", "the-verifier", "https://registry.example/back", NOW)
    form = dict(httpx.QueryParams(played.last.content.decode()))
    assertion = jwt.decode(form.pop("client_assertion"), CLIENT_KEY, algorithms=["ES256"])
    assert form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "https://registry.example/back",
        "code_verifier": "the-verifier",
        "client_id": "registry",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert assertion.claims == {
        "iss": "registry",
        "sub": "registry",
        "aud": ISSUER,
        "jti": "id-0",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
    }


async def test_a_code_that_the_provider_refuses_is_refused(played, line):
    played.answers["/token"] = httpx.Response(400, content=msgspec.json.encode({"error": "invalid_grant"}))
    with pytest.raises(SignInRefused) as refused:
        await line.exchange("code", "verifier", "https://registry.example/back", NOW)
    assert refused.value.fault is SignInFault.CODE_REFUSED
