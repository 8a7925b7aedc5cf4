"""What makes an ID token believed: one true token, and every way in which it can be another one."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from registry.contract.openid.id_token import Expected, believed, half_hash
from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.signed_token import LARGEST_TOKEN, readable_keys

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
KEY, OTHER = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("k1", "k2"))
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EXPECTED = Expected(
    issuer="https://idp.example",
    client_id="registry",
    nonce="n-1",
    begun_at=NOW - timedelta(minutes=2),
    now=NOW,
    access_token="at-1",
)
SECONDS = int(NOW.timestamp())
CLAIMS = {
    "iss": "https://idp.example",
    "sub": "subject-1",
    "aud": "registry",
    "exp": SECONDS + 300,
    "iat": SECONDS - 1,
    "nonce": "n-1",
    "auth_time": SECONDS - 30,
    "acr": "urn:level",
    "at_hash": half_hash("at-1"),
}
ALL_ALGORITHMS = ["none", "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "RS512", "Ed25519"]


def jwks(*keys):
    return {"keys": [key.as_dict(private=False) for key in keys]}


KEYS = readable_keys(jwks(KEY, OTHER, RSA))


def token(claims=CLAIMS, key=KEY, **header):
    stated = {"alg": "RS256" if key is RSA else "ES256", "kid": key.kid} | header
    stated = {name: value for name, value in stated.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else msgspec.json.encode(claims)
    registry = jws.JWSRegistry(algorithms=ALL_ALGORITHMS)
    return jws.serialize_compact(stated, payload, key, registry=registry)


def refusal(made, keys=KEYS, expected=EXPECTED):
    with pytest.raises(SignInRefused) as refused:
        believed(made, keys, expected)
    return refused.value.fault


@pytest.mark.parametrize("key", [KEY, RSA], ids=["ES256", "RS256"])
def test_a_token_for_this_sign_in_is_believed(key):
    claims = believed(token(key=key), KEYS, EXPECTED)
    assert (claims.sub, claims.acr, claims.authenticated_at) == ("subject-1", "urn:level", NOW - timedelta(seconds=30))


def test_a_token_may_do_without_at_hash_and_name_the_client_in_a_list():
    claims = {**CLAIMS, "aud": ["registry"], "azp": "registry"}
    del claims["at_hash"]
    assert believed(token(claims), KEYS, EXPECTED).sub == "subject-1"


CHANGED = {
    "another issuer": ({"iss": "https://idp.example/"}, SignInFault.TOKEN_ISSUER),
    "another client": ({"aud": "another"}, SignInFault.TOKEN_AUDIENCE),
    "another client besides": ({"aud": ["registry", "another"]}, SignInFault.TOKEN_AUDIENCE),
    "nobody": ({"aud": []}, SignInFault.TOKEN_AUDIENCE),
    "given to another client": ({"azp": "another"}, SignInFault.TOKEN_AUDIENCE),
    "expired": ({"exp": SECONDS - 31}, SignInFault.TOKEN_TIME),
    "made in the future": ({"iat": SECONDS + 31}, SignInFault.TOKEN_TIME),
    "made before the sign-in began": ({"iat": SECONDS - 151}, SignInFault.TOKEN_TIME),
    "not valid yet": ({"nbf": SECONDS + 31}, SignInFault.TOKEN_TIME),
    "authenticated in the future": ({"auth_time": SECONDS + 31}, SignInFault.TOKEN_TIME),
    "another nonce": ({"nonce": "n-2"}, SignInFault.TOKEN_NONCE),
    "no nonce": ({"nonce": None}, SignInFault.TOKEN_UNREADABLE),
    "another access token": ({"at_hash": half_hash("at-2")}, SignInFault.TOKEN_HASH),
    "no time of authentication": ({"auth_time": None}, SignInFault.TOKEN_UNREADABLE),
    "no subject": ({"sub": ""}, SignInFault.TOKEN_UNREADABLE),
    "a subject beyond all measure": ({"sub": "s" * 256}, SignInFault.TOKEN_UNREADABLE),
    "an expiry that is no time": ({"exp": "tomorrow"}, SignInFault.TOKEN_UNREADABLE),
    "an expiry beyond all time": ({"exp": 1e300}, SignInFault.TOKEN_UNREADABLE),
    "roles that are no list": ({"registry_roles": "operator"}, SignInFault.TOKEN_UNREADABLE),
}


@pytest.mark.parametrize(("change", "fault"), CHANGED.values(), ids=CHANGED)
def test_a_token_that_says_something_else_is_refused(change, fault):
    assert refusal(token({**CLAIMS, **change})) is fault


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time"])
def test_a_token_that_says_too_little_is_refused(missing):
    assert refusal(token({name: value for name, value in CLAIMS.items() if name != missing})) is (
        SignInFault.TOKEN_UNREADABLE
    )


@pytest.mark.parametrize(("change", "seconds"), [("exp", -29), ("iat", 29), ("iat", -149), ("auth_time", 29)], ids=str)
def test_half_a_minute_of_difference_between_two_clocks_is_borne(change, seconds):
    assert believed(token({**CLAIMS, change: SECONDS + seconds}), KEYS, EXPECTED)


def unsigned():
    header = urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').decode().rstrip("=")
    return f"{header}.{token().split('.')[1]}."


def with_the_public_key_as_a_secret(key):
    secret = OctKey.import_key(msgspec.json.encode(key.as_dict(private=False)))
    stated = {"alg": "HS256", "kid": key.kid}
    return jws.serialize_compact(stated, msgspec.json.encode(CLAIMS), secret, algorithms=["HS256"])


def spoilt():
    header, payload, signature = token().split(".")
    return f"{header}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def of_another_payload():
    header, _, signature = token().split(".")
    return f"{header}.{token({**CLAIMS, 'sub': 'subject-2'}).split('.')[1]}.{signature}"


FORGED = {
    "no signature": (unsigned, SignInFault.TOKEN_KEY),
    "the public key as a shared secret": (lambda: with_the_public_key_as_a_secret(KEY), SignInFault.TOKEN_KEY),
    "the public RSA key as a shared secret": (lambda: with_the_public_key_as_a_secret(RSA), SignInFault.TOKEN_KEY),
    "a key that nobody knows": (lambda: token(key=ECKey.generate_key("P-256", {"kid": "k9"})), SignInFault.TOKEN_KEY),
    "another key under a known name": (
        lambda: token(key=ECKey.generate_key("P-256", {"kid": "k1"})),
        SignInFault.TOKEN_SIGNATURE,
    ),
    "the other key of the provider": (lambda: token(key=OTHER, kid="k1"), SignInFault.TOKEN_SIGNATURE),
    "no name of a key": (lambda: token(kid=None), SignInFault.TOKEN_UNREADABLE),
    "an algorithm of another kind of key": (lambda: token(key=RSA, kid="k1"), SignInFault.TOKEN_KEY),
    "a weaker hash": (lambda: token(key=RSA, alg="RS512"), SignInFault.TOKEN_KEY),
    "something critical that nobody understands": (
        lambda: token().replace(
            token().split(".")[0],
            jws.serialize_compact(
                {"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": True}, b"{}", KEY, algorithms=["ES256"]
            ).split(".")[0],
        ),
        SignInFault.TOKEN_SIGNATURE,
    ),
    "a spoilt signature": (spoilt, SignInFault.TOKEN_SIGNATURE),
    "a signature over something else": (of_another_payload, SignInFault.TOKEN_SIGNATURE),
    "no token": (lambda: "", SignInFault.TOKEN_UNREADABLE),
    "two dots and nothing else": (lambda: "..", SignInFault.TOKEN_UNREADABLE),
    "beyond all measure": (lambda: "a" * (LARGEST_TOKEN + 1), SignInFault.TOKEN_UNREADABLE),
    "no JSON": (lambda: token(b"\xff\xfe"), SignInFault.TOKEN_UNREADABLE),
    "no object": (lambda: token(b"[]"), SignInFault.TOKEN_UNREADABLE),
}


@pytest.mark.parametrize(("made", "fault"), FORGED.values(), ids=FORGED)
def test_a_token_that_the_provider_did_not_sign_is_refused(made, fault):
    assert refusal(made()) is fault


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}", fullmatch=True))
def test_whatever_is_no_token_is_refused_and_nothing_breaks(text):
    assert isinstance(refusal(text), SignInFault)


def test_claims_show_nothing_when_they_are_printed():
    assert repr(believed(token(), KEYS, EXPECTED)) == "Claims(hidden)"


# ------------------------------------------------------------------------------------------------ the keys


def with_fields(key, **fields):
    return {**key.as_dict(private=False), **fields}


UNFIT = {
    "for sealing": with_fields(KEY, use="enc"),
    "for another algorithm": with_fields(KEY, alg="ES384"),
    "without a name": {name: value for name, value in with_fields(KEY).items() if name != "kid"},
    "a secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
    "private": KEY.as_dict(private=True),
    "on another curve": ECKey.generate_key("P-384", {"kid": "k1"}).as_dict(private=False),
    "of another kind": OKPKey.generate_key("Ed25519", {"kid": "k1"}).as_dict(private=False),
    "too weak": {"kty": "RSA", "kid": "k1", "e": "AQAB", "n": RSA.as_dict(private=False)["n"][:171]},
    "without its numbers": {"kty": "EC", "crv": "P-256", "kid": "k1"},
    "no key": "k1",
    "a kind that is no text": {"kty": ["EC"], "kid": "k1"},
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_a_key_that_may_not_sign_tokens_is_left_out(unfit):
    assert readable_keys({"keys": [unfit, *jwks(OTHER)["keys"]]}).keys() == {"k2"}


def test_two_keys_of_one_name_are_none():
    twin = ECKey.generate_key("P-256", {"kid": "k1"})
    assert readable_keys(jwks(KEY, twin, OTHER)).keys() == {"k2"}


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": None}], ids=str)
def test_what_is_no_list_of_keys_is_refused(document):
    with pytest.raises(ValueError, match="JWKS"):
        readable_keys(document)
