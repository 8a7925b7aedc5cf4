"""The sandbox's identity provider keeps to what the registry relies on; and it is never there in production."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.contract.openid.line import ACCESS_TOKEN
from registry.contract.openid.possession import proof, thumbprint
from registry.contract.openid.providers import read_providers
from registry.contract.openid.signed_token import readable_keys
from registry.contract.openid.subject_token import ExpectedSubject, believed_subject
from registry.domain.sign_in import Level
from registry.sandbox import programs
from registry.sandbox.identity_provider import BEARER, EXCHANGE, Client, IdentityProvider, NotServed
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
    return IdentityProvider(ISSUER, [client], Clock())


def assertion(provider, key=KEY, **change):
    now = int(provider.clock().timestamp())
    claims = {
        "iss": "registry",
        "sub": "registry",
        "aud": ISSUER,
        "jti": str(len(provider._used)),
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
    provider = IdentityProvider(ISSUER, [client], Clock())
    assert provider.sign_out(None, {"client_id": "registry", "post_logout_redirect_uri": OUT}) == OUT
    assert (
        provider.sign_out(None, {"client_id": "registry", "post_logout_redirect_uri": "https://evil.example"}) is None
    )
    assert provider.sign_out(None, {"client_id": "another", "post_logout_redirect_uri": OUT}) is None


# ------------------------------------------------------------------------------------------------ for a gateway

HELD = SigningKey.generate("gateway-key")
GATEWAY_KEY, GATEWAY_BACK = ECKey.generate_key("P-256"), "http://127.0.0.1:8470/console/sign-in/sandbox/back"


@pytest.fixture
def with_gateway(provider):
    provider.clients["gateway"] = Client(
        client_id="gateway",
        key=GATEWAY_KEY,
        redirect_uris=frozenset({GATEWAY_BACK}),
        signed_out_uris=frozenset(),
        may_ask_for=frozenset({"registry"}),
    )
    return provider


def asking(provider, **change):
    """What a gateway sends for the token of a clerk who has just signed in at it, and its proof."""
    at_gateway = {"iss": "gateway", "sub": "gateway"}
    query, _ = chosen(provider, "mission-staff", client_id="gateway", redirect_uri=GATEWAY_BACK)
    code = form(provider, query["code"]) | {"client_id": "gateway", "redirect_uri": GATEWAY_BACK}
    code["client_assertion"] = assertion(provider, GATEWAY_KEY, **at_gateway)
    asked = {
        "grant_type": EXCHANGE,
        "subject_token": provider.tokens(code)["access_token"],
        "subject_token_type": ACCESS_TOKEN,
        "audience": "registry",
        "client_id": "gateway",
        "client_assertion_type": BEARER,
        "client_assertion": assertion(provider, GATEWAY_KEY, **at_gateway),
    }
    return asked | change, proof(HELD, "POST", f"{ISSUER}/token", provider.clock(), "p-1")


def test_a_gateway_gets_a_token_of_its_clerk_for_the_registry_that_its_own_key_alone_may_use(with_gateway):
    given = with_gateway.tokens(*asking(with_gateway))
    expected = ExpectedSubject(
        issuer=ISSUER, audience="registry", signer=thumbprint(HELD.verifying), now=with_gateway.clock()
    )
    said = believed_subject(given["access_token"], readable_keys(with_gateway.jwks()), expected)
    assert (said.sub, said.registry_unit) == ("sandbox-mission-staff", "JP-CG-NEW-YORK/consular")
    assert (given["token_type"], given["issued_token_type"]) == ("DPoP", ACCESS_TOKEN)


def other_client(provider):
    asked, shown = asking(provider, client_id="registry")
    return asked | {"client_assertion": assertion(provider)}, shown


def at_another_address(provider):
    asked, _ = asking(provider)
    return asked, proof(HELD, "POST", f"{ISSUER}/authorize", provider.clock(), "p-2")


def long_ago(provider):
    asked, _ = asking(provider)
    return asked, proof(HELD, "POST", f"{ISSUER}/token", provider.clock() - timedelta(seconds=61), "p-3")


def used(provider):
    _, shown = asking(provider)
    provider.tokens(asking(provider)[0], shown)
    return asking(provider)[0], shown


def tomorrow(provider):
    asked, _ = asking(provider)
    provider.clock.now += timedelta(hours=12)
    asked["client_assertion"] = assertion(provider, GATEWAY_KEY, iss="gateway", sub="gateway")
    return asked, proof(HELD, "POST", f"{ISSUER}/token", provider.clock(), "p-4")


NOT_EXCHANGED = {
    "what another client got": (other_client, "invalid_request"),
    "what nobody got": (lambda one: asking(one, subject_token="guessed"), "invalid_request"),
    "for somebody else": (lambda one: asking(one, audience="another"), "invalid_target"),
    "without a proof": (lambda one: (asking(one)[0], ""), "invalid_dpop_proof"),
    "with a proof for elsewhere": (at_another_address, "invalid_dpop_proof"),
    "with an old proof": (long_ago, "invalid_dpop_proof"),
    "with a proof that was used": (used, "invalid_dpop_proof"),
    "of yesterday's sign-in": (tomorrow, "invalid_request"),
}


@pytest.mark.parametrize(("made", "code"), NOT_EXCHANGED.values(), ids=NOT_EXCHANGED)
def test_anything_else_is_exchanged_for_nothing(with_gateway, made, code):
    given = made(with_gateway)
    with pytest.raises(NotServed, match=code):
        with_gateway.tokens(*given)


def test_the_registry_itself_gets_no_token_of_anybody(provider):
    query, _ = chosen(provider)
    access = provider.tokens(form(provider, query["code"]))["access_token"]
    asked = form(provider, "") | {"grant_type": EXCHANGE, "subject_token": access, "audience": "registry"}
    asked["subject_token_type"] = ACCESS_TOKEN
    with pytest.raises(NotServed, match="invalid_target"):
        provider.tokens(asked, proof(HELD, "POST", f"{ISSUER}/token", provider.clock(), "p-1"))


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
