"""On whose behalf a gateway asks: one true token of a clerk, and every way in which it can be another one."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey
from joserfc.util import urlsafe_b64decode

from registry.contract.keys import Algorithm, SigningKey, VerifyingKey
from registry.contract.openid.possession import PROOF_TYPE, proof, thumbprint
from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.signed_token import readable_keys
from registry.contract.openid.subject_token import ExpectedSubject, believed_subject, issuer_of
from tests.clerks import ISSUER, ISSUER_KEY, claims_for, signed_token

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
GATEWAY, OTHER = SigningKey.generate("gateway"), SigningKey.generate("other", Algorithm.ECDSA_P256)
KEYS = readable_keys({"keys": [ISSUER_KEY.as_dict(private=False)]})
EXPECTED = ExpectedSubject(issuer=ISSUER, audience="registry", signer=thumbprint(GATEWAY.verifying), now=NOW)


def claims(**changes):
    return claims_for("JP-CG-NEW-YORK", GATEWAY.verifying, NOW, **changes)


def refusal(token, **expected):
    with pytest.raises(SignInRefused) as refused:
        believed_subject(token, KEYS, ExpectedSubject(**{name: getattr(EXPECTED, name) for name in NAMES} | expected))
    return refused.value.fault


NAMES = EXPECTED.__struct_fields__


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt"])
def test_the_token_of_a_clerk_is_believed(typ):
    token = signed_token(claims(), typ=typ)
    assert issuer_of(token) == ISSUER
    assert believed_subject(token, KEYS, EXPECTED).sub == "clerk-7"


CHANGED = {
    "another issuer": ({"iss": f"{ISSUER}/"}, SignInFault.TOKEN_ISSUER),
    "another service": ({"aud": "another"}, SignInFault.TOKEN_AUDIENCE),
    "another service besides": ({"aud": ["registry", "another"]}, SignInFault.TOKEN_AUDIENCE),
    "the gateway itself": ({"aud": "gateway"}, SignInFault.TOKEN_AUDIENCE),
    "expired": ({"iat": SECONDS - 331, "exp": SECONDS - 31}, SignInFault.TOKEN_TIME),
    "good for too long": ({"exp": SECONDS + 301}, SignInFault.TOKEN_TIME),
    "made in the future": ({"iat": SECONDS + 31}, SignInFault.TOKEN_TIME),
    "not valid yet": ({"nbf": SECONDS + 31}, SignInFault.TOKEN_TIME),
    "authenticated in the future": ({"auth_time": SECONDS + 31}, SignInFault.TOKEN_TIME),
    "authenticated twelve hours ago": ({"auth_time": SECONDS - 12 * 3600}, SignInFault.NOT_FRESH),
    "bound to another key": ({"cnf": {"jkt": thumbprint(OTHER.verifying)}}, SignInFault.TOKEN_POSSESSION),
    "bound to no key": ({"cnf": None}, SignInFault.TOKEN_UNREADABLE),
    "bound in another way": ({"cnf": {"x5t#S256": "A" * 43}}, SignInFault.TOKEN_UNREADABLE),
    "no subject": ({"sub": None}, SignInFault.TOKEN_UNREADABLE),
    "no time of authentication": ({"auth_time": None}, SignInFault.TOKEN_UNREADABLE),
    "no end": ({"exp": None}, SignInFault.TOKEN_UNREADABLE),
}


@pytest.mark.parametrize(("change", "fault"), CHANGED.values(), ids=CHANGED)
def test_a_token_that_says_something_else_is_refused(change, fault):
    assert refusal(signed_token(claims(**change))) is fault


@pytest.mark.parametrize("typ", ["JWT", "jwt", "dpop+jwt", "AT+JWT"])
def test_an_id_token_or_any_other_is_no_token_of_a_clerk(typ):
    assert refusal(signed_token(claims(), typ=typ)) is SignInFault.TOKEN_TYPE


def test_a_token_that_another_signed_or_somebody_changed_is_refused():
    stranger = ECKey.generate_key("P-256", {"kid": ISSUER_KEY.kid})
    head, _, tail = signed_token(claims()).split(".")
    changed = signed_token(claims(registry_unit="JP-CG-BOSTON/consular")).split(".")[1]
    assert refusal(signed_token(claims(), stranger)) is SignInFault.TOKEN_SIGNATURE
    assert refusal(f"{head}.{changed}.{tail}") is SignInFault.TOKEN_SIGNATURE


@pytest.mark.parametrize("text", ["", "a.b.c", "髙", "e30.e30.e30", "A" * (17 << 10)])
def test_what_is_no_token_names_no_issuer(text):
    with pytest.raises(SignInRefused, match="token-unreadable"):
        issuer_of(text)


def test_a_thumbprint_is_that_of_rfc_8037():
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    key = VerifyingKey(key_id="appendix-a", public=public)
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("key", [GATEWAY, OTHER], ids=["Ed25519", "ES256"])
def test_a_gateway_proves_that_it_holds_the_key_that_the_registry_knows(key):
    made = proof(key, "POST", "https://staff.test/token", NOW + timedelta(milliseconds=300), "p-1")
    kind = OKPKey if key is GATEWAY else ECKey
    said = jwt.decode(made, kind.import_key(key.verifying.public), algorithms=["Ed25519", "ES256"])
    assert said.claims == {"jti": "p-1", "htm": "POST", "htu": "https://staff.test/token", "iat": SECONDS}
    assert said.header["typ"] == PROOF_TYPE
    assert kind.import_key(said.header["jwk"]).thumbprint() == thumbprint(key.verifying)
    assert "d" not in said.header["jwk"]
