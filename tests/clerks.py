"""Clerks of missions for tests: an issuer whose word the registry takes, and tokens that it makes of anything."""

from datetime import UTC, datetime

from joserfc import jwt
from joserfc.jwk import ECKey

from registry.contract.openid.possession import thumbprint
from registry.contract.openid.providers import Provider
from registry.contract.openid.signed_token import readable_keys
from registry.domain.account import Role
from registry.domain.sign_in import Level

ISSUER = "https://staff.test"
ISSUER_KEY = ECKey.generate_key("P-256", {"kid": "issuer"})
PROVIDER = Provider(
    name="staff",
    label="職員",
    label_en="Staff",
    issuer=ISSUER,
    client_id="registry",
    key=ECKey.generate_key("P-256"),
    roles=frozenset({Role.MISSION_STAFF, Role.MISSION_APPROVER}),
    levels={"urn:password": Level.PASSWORD},
)


class Line:
    """A line to the issuer that is never away."""

    provider = PROVIDER

    async def keys_for(self, token):
        del token
        return readable_keys({"keys": [ISSUER_KEY.as_dict(private=False)]})


def claims_for(body, key, now=None, **changes):
    """What the token of a clerk of ``body`` says whose gateway signs by ``key``; None takes a claim out."""
    seconds = int((now or datetime.now(UTC)).timestamp())
    claims = {
        "iss": ISSUER,
        "sub": "clerk-7",
        "aud": PROVIDER.client_id,
        "iat": seconds,
        "exp": seconds + 300,
        "auth_time": seconds - 3600,
        "acr": "urn:password",
        "cnf": {"jkt": thumbprint(key)},
        "registry_roles": ["mission-staff"],
        "registry_unit": f"{body}/consular",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def signed_token(claims, key=ISSUER_KEY, **header):
    return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"} | header, claims, key, algorithms=["ES256"])
