"""The sandbox's identity provider keeps to what the registry relies on; and it is never there in production."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from registry.cli import app
from registry.domain.sign_in import Level
from registry.relying_party.id_token import readable_keys
from registry.relying_party.providers import read_providers
from registry.sandbox import programs
from registry.sandbox.identity_provider import BEARER, Client, IdentityProvider, NotServed
from registry.sandbox.identity_provider_cli import PROVIDERS
from registry.sandbox.personas import ACR, PERSONAS

KEY, ISSUER = ECKey.generate_key("P-256"), "http://127.0.0.1:8420"
BACK, OUT = "http://127.0.0.1:8400/sign-in/sandbox/back", "http://127.0.0.1:8400/signed-out"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""RFC 7636 appendix B."""
QUERY = {
    "response_type": "code",
    "scope": "openid",
    "client_id": "registry",
    "redirect_uri": BACK,
    "state": "s",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def provider():
    client = Client(client_id="registry", key=KEY, redirect_uris=frozenset({BACK}), signed_out_uris=frozenset({OUT}))
    return IdentityProvider(ISSUER, client, Clock())


def assertion(provider, key=KEY, **change):
    now = int(provider.clock().timestamp())
    claims = {
        "iss": "registry",
        "sub": "registry",
        "aud": ISSUER,
        "jti": str(len(provider._assertions)),
        "exp": now + 60,
    }
    return jwt.encode({"alg": "ES256"}, claims | change, key)


def chosen(provider, persona="resident", level=Level.PASSWORD, **change):
    """Where the provider sends somebody back to, and their cookie."""
    address, cookie = provider.choose(provider.wait_for(provider.asked(QUERY | change)), persona, ACR[level])
    return dict(parse_qsl(urlsplit(address).query)), cookie


def form(provider, code):
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": "registry",
        "client_assertion_type": BEARER,
        "client_assertion": assertion(provider),
    }


def claims_of(provider, tokens):
    token = jwt.decode(tokens["id_token"], next(iter(readable_keys(provider.jwks()).values())), algorithms=["ES256"])
    return token.claims


NOT_SERVED = {
    "no PKCE": {"code_challenge": ""},
    "PKCE in clear": {"code_challenge_method": "plain"},
    "a token without a code": {"response_type": "id_token"},
    "no state": {"state": ""},
    "no nonce": {"nonce": ""},
    "another client": {"client_id": "another"},
    "an address that is not registered": {"redirect_uri": "https://evil.example"},
}


@pytest.mark.parametrize("change", NOT_SERVED.values(), ids=NOT_SERVED)
def test_a_request_that_is_not_safe_is_not_served(provider, change):
    with pytest.raises(NotServed):
        provider.asked(QUERY | change)


def test_a_code_is_exchanged_for_what_was_chosen(provider):
    back, _ = chosen(provider, "municipal-clerk")
    claims = claims_of(provider, provider.tokens(form(provider, back["code"])))
    assert back.keys() == {"code", "state", "iss"}
    assert (claims["sub"], claims["nonce"], claims["acr"]) == ("sandbox-municipal-clerk", "n", ACR[Level.PASSWORD])
    assert (claims["registry_roles"], claims["registry_unit"]) == (["municipal-clerk"], "131016/residents")


FORMS = {
    "another code": lambda _: {"code": "guessed"},
    "another verifier": lambda _: {"code_verifier": "A" * 43},
    "no verifier": lambda _: {"code_verifier": ""},
    "another address": lambda _: {"redirect_uri": OUT},
    "no signature of the client": lambda _: {"client_assertion": ""},
    "another client's signature": lambda one: {"client_assertion": assertion(one, ECKey.generate_key("P-256"))},
    "a signature for another provider": lambda one: {"client_assertion": assertion(one, aud="https://evil.example")},
    "a signature of another client": lambda one: {"client_assertion": assertion(one, sub="another")},
    "a signature that is over": lambda one: {"client_assertion": assertion(one, exp=1)},
}


@pytest.mark.parametrize("change", FORMS.values(), ids=FORMS)
def test_a_code_in_other_hands_is_worth_nothing(provider, change):
    back, _ = chosen(provider)
    with pytest.raises(NotServed):
        provider.tokens(form(provider, back["code"]) | change(provider))


def test_a_code_is_good_once_and_for_a_minute(provider):
    back, _ = chosen(provider)
    sent = form(provider, back["code"])
    provider.tokens(sent)
    with pytest.raises(NotServed, match="invalid_client"):
        provider.tokens(sent)  # the client's own signature is good once as well
    with pytest.raises(NotServed, match="invalid_grant"):
        provider.tokens(form(provider, back["code"]))
    late, _ = chosen(provider)
    provider.clock.now += timedelta(seconds=61)
    with pytest.raises(NotServed, match="invalid_grant"):
        provider.tokens(form(provider, late["code"]))


def test_who_is_known_is_not_asked_again_unless_it_was_long_ago_or_another_way_is_asked_for(provider):
    _, cookie = chosen(provider)
    asked = provider.asked(QUERY | {"max_age": "60"})
    assert provider.known(cookie, asked) is not None
    assert provider.known(cookie, provider.asked(QUERY | {"max_age": "0"})) is None
    assert provider.known(cookie, provider.asked(QUERY | {"acr_values": ACR[Level.JPKI]})) is None
    provider.clock.now += timedelta(seconds=60)
    assert provider.known(cookie, asked) is None
    assert provider.known(cookie, provider.asked(QUERY)) is not None
    provider.sign_out(cookie, {})
    assert provider.known(cookie, provider.asked(QUERY)) is None


def test_a_persona_is_known_only_by_their_own_ways(provider):
    with pytest.raises(NotServed):
        chosen(provider, "operator", Level.JPKI)


def test_keys_rotate_and_the_one_before_stays_for_a_while(provider):
    before = set(readable_keys(provider.jwks()))
    provider.rotate()
    assert before < set(readable_keys(provider.jwks()))
    provider.rotate()
    assert before.isdisjoint(readable_keys(provider.jwks()))


def test_after_signing_out_people_are_sent_only_where_the_client_said():
    client = Client(client_id="registry", key=KEY, redirect_uris=frozenset(), signed_out_uris=frozenset({OUT}))
    provider = IdentityProvider(ISSUER, client, Clock())
    assert provider.sign_out(None, {"post_logout_redirect_uri": OUT}) == OUT
    assert provider.sign_out(None, {"post_logout_redirect_uri": "https://evil.example"}) is None


# ------------------------------------------------------------------------------------------------ as it is typed


def typed(*command):
    try:
        app(["sandbox", "identity-provider", *command], exit_on_error=False, result_action="return_value")
    except SystemExit as ended:
        return ended.code
    return 0


def test_it_serves_as_a_process_what_the_registry_reads_from_its_folder(tmp_path):
    port, folder = programs.free_port(), tmp_path / "provider"
    assert typed("init", str(folder), "--port", str(port)) == 0
    (listed,) = read_providers(folder / PROVIDERS, production=False)
    with programs.Programs(tmp_path) as running:
        command = ["registry", "sandbox", "identity-provider", "serve", str(folder), "--port", str(port)]
        process = running.start("provider", command, {})
        programs.wait_until_ready(f"{listed.issuer}/health", process, tmp_path / "provider.log")
        metadata = httpx.get(f"{listed.issuer}/.well-known/openid-configuration", trust_env=False).json()
        page = httpx.get(metadata["authorization_endpoint"], params=QUERY, trust_env=False)
    assert metadata["issuer"] == listed.issuer
    assert all(one.label in page.text for one in PERSONAS)


@pytest.mark.parametrize("command", [["init"], ["serve"]], ids=str)
def test_it_is_not_played_in_production(tmp_path, monkeypatch, command):
    monkeypatch.setenv("REGISTRY_ENV", "production")
    assert typed(*command, str(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []
