"""The identity provider of the sandbox: OpenID Connect over real HTTP, where one chooses who to be.

It keeps to what the registry asks of a provider: code flow with PKCE (S256) and no other, clients that sign, codes
good once and for a minute, ``acr_values``, ``max_age`` and ``auth_time``, keys that rotate, sign-out. For the gateway
of a mission it exchanges tokens (RFC 8693), bound to the key that the gateway shows it (RFC 9449). It asks nobody for
a password, so it refuses production.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from registry.contract.openid.id_token import half_hash
from registry.contract.openid.line import ACCESS_TOKEN
from registry.contract.openid.possession import PROOF_TYPE
from registry.sandbox.personas import ACR, PERSONAS, Persona

CODE_LIVES: Final = 60
"""Seconds."""
TOKEN_LIVES: Final = 300
"""Seconds."""
GRANT_LIVES: Final = 12 * 3600
"""Seconds after which what came with a sign-in is exchanged no more: as long as staff stay signed in."""
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
PROOF_ALGORITHMS: Final = ("Ed25519", "ES256")
BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS_KEPT: Final = 2
"""The key that signs, and the one before it."""


class NotServed(Exception):  # noqa: N818 - an answer of the protocol
    """A request is refused with an error code of RFC 6749."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client: its id, its public key, and the addresses that people may be sent back to.

    ``may_ask_for`` are the clients for which it may exchange tokens of those who signed in at it.
    """

    client_id: str
    key: ECKey
    redirect_uris: frozenset[str]
    signed_out_uris: frozenset[str]
    may_ask_for: frozenset[str] = frozenset()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for by sending somebody here."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in at the provider: who, how, and since when."""

    persona: Persona
    acr: str
    auth_time: int


class _Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token stands for: somebody's sign-in at one client."""

    client_id: str
    login: Login


class _Code(msgspec.Struct, frozen=True, kw_only=True):
    asked: Asked
    login: Login
    expires: float


class IdentityProvider:
    """Everything that the provider knows; all of it is forgotten at the end."""

    def __init__(self, issuer: str, clients: Iterable[Client], clock: Callable[[], datetime]) -> None:
        self.issuer = issuer
        self.clients = {one.client_id: one for one in clients}
        self.clock = clock
        self._keys = [_new_key()]
        self._codes: dict[str, _Code] = {}
        self._asked: dict[str, Asked] = {}
        self._logins: dict[str, Login] = {}
        self._granted: dict[str, _Granted] = {}
        self._used: set[str] = set()

    def metadata(self) -> dict[str, Any]:
        """Return what OpenID Connect Discovery asks for."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/sign-out",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid"],
            "acr_values_supported": list(ACR.values()),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "grant_types_supported": ["authorization_code", EXCHANGE],
            "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        """Return the public keys: that which signs, and the one before it."""
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"} for key in self._keys]}

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self._keys = [_new_key(), *self._keys][:KEYS_KEPT]

    # ------------------------------------------------------------------------------------- the person is here

    def asked(self, query: Mapping[str, str]) -> Asked:
        """Read what a client sends somebody for; raises :class:`NotServed`."""
        client = self.clients.get(query.get("client_id", ""))
        if client is None or query.get("redirect_uri") not in client.redirect_uris:
            raise NotServed("unauthorized_client")  # and nobody is sent to an address that is not registered
        wanted = {"response_type": "code", "scope": "openid", "code_challenge_method": "S256"}
        given = {name: query.get(name, "") for name in ("state", "nonce", "code_challenge")}
        max_age = query.get("max_age")
        if any(query.get(name) != value for name, value in wanted.items()) or not all(given.values()):
            raise NotServed("invalid_request")
        return Asked(
            client_id=client.client_id,
            redirect_uri=query["redirect_uri"],
            state=given["state"],
            nonce=given["nonce"],
            challenge=given["code_challenge"],
            acr_values=tuple(query.get("acr_values", "").split()),
            max_age=int(max_age) if max_age and max_age.isdigit() else None,
        )

    def wait_for(self, asked: Asked) -> str:
        """Keep what is asked until somebody has chosen who to be; return its name."""
        name = secrets.token_urlsafe(16)
        self._asked[name] = asked
        return name

    def choose(self, name: str, persona: str, acr: str) -> tuple[str, str]:
        """Sign somebody in; return where to go, and the cookie by which they are known next time."""
        asked = self._asked.pop(name, None)
        chosen = next((one for one in PERSONAS if one.name == persona), None)
        if asked is None or chosen is None or acr not in {ACR[level] for level in chosen.levels}:
            raise NotServed("invalid_request")
        cookie = secrets.token_urlsafe(32)
        login = self._logins[cookie] = Login(persona=chosen, acr=acr, auth_time=self._now())
        return self.back(asked, login), cookie

    def decline(self, name: str) -> str:
        """Return where somebody goes who does not want to sign in."""
        asked = self._asked.pop(name, None)
        if asked is None:
            raise NotServed("invalid_request")
        return _address(asked.redirect_uri, error="access_denied", state=asked.state, iss=self.issuer)

    def known(self, cookie: str | None, asked: Asked) -> Login | None:
        """Return who is here already, if that was not too long ago and in a way that will do."""
        login = None if cookie is None else self._logins.get(cookie)
        if login is None or (asked.acr_values and login.acr not in asked.acr_values):
            return None
        return None if asked.max_age is not None and self._now() - login.auth_time >= asked.max_age else login

    def back(self, asked: Asked, login: Login) -> str:
        """Return where somebody goes who is signed in: back, with a code."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(asked=asked, login=login, expires=self._now() + CODE_LIVES)
        return _address(asked.redirect_uri, code=code, state=asked.state, iss=self.issuer)

    def sign_out(self, cookie: str | None, query: Mapping[str, str]) -> str | None:
        """Sign somebody out; return where to go then, if it is an address that is registered."""
        self._logins.pop(cookie or "", None)
        client, to = self.clients.get(query.get("client_id", "")), query.get("post_logout_redirect_uri")
        return to if client is not None and to in client.signed_out_uris else None

    # ------------------------------------------------------------------------------------- the client is here

    def tokens(self, form: Mapping[str, str], proof: str = "") -> dict[str, Any]:
        """Exchange a code for an ID token, or what came with one for a clerk's token; raises :class:`NotServed`."""
        client = self._demand_client(form)
        if form.get("grant_type") == EXCHANGE:
            return self._exchanged(client, form, proof)
        code = self._codes.pop(form.get("code", ""), None)  # good once, whatever comes of it
        if form.get("grant_type") != "authorization_code" or code is None or self._now() > code.expires:
            raise NotServed("invalid_grant")
        challenge = _text(sha256(form.get("code_verifier", "").encode()).digest())
        is_same = form.get("redirect_uri") == code.asked.redirect_uri and client.client_id == code.asked.client_id
        if not is_same or not hmac.compare_digest(challenge, code.asked.challenge):
            raise NotServed("invalid_grant")
        access_token = secrets.token_urlsafe(32)
        self._granted[access_token] = _Granted(client_id=client.client_id, login=code.login)
        claims = self.claims(code.asked, code.login) | {"at_hash": half_hash(access_token)}
        return {
            "token_type": "Bearer",
            "expires_in": GRANT_LIVES,
            "access_token": access_token,
            "id_token": self.sign(claims),
        }

    def _exchanged(self, client: Client, form: Mapping[str, str], proof: str) -> dict[str, Any]:
        """Give a token for another client, good for the key that the proof shows (RFC 8693 § 2, RFC 9449 § 5)."""
        granted = self._granted.get(form.get("subject_token", ""))
        if granted is None or granted.client_id != client.client_id:
            raise NotServed("invalid_request")
        if self._now() >= granted.login.auth_time + GRANT_LIVES or form.get("subject_token_type") != ACCESS_TOKEN:
            raise NotServed("invalid_request")
        audience = form.get("audience", "")
        if audience not in client.may_ask_for:
            raise NotServed("invalid_target")
        claims = self.claims_of(granted.login, audience) | {
            "client_id": client.client_id,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": self._proven(proof)},
        }
        return {
            "token_type": "DPoP",
            "expires_in": TOKEN_LIVES,
            "access_token": self.sign(claims, typ="at+jwt"),
            "issued_token_type": ACCESS_TOKEN,
        }

    def _proven(self, proof: str) -> str:
        """Return the thumbprint of the key that a proof shows: made for us, just now, and not seen before."""
        try:
            stated = jws.extract_compact(proof.encode()).headers()["jwk"]
            key = _SHOWN[stated["kty"]].import_key(stated)
            shown = jwt.decode(proof, key, algorithms=list(PROOF_ALGORITHMS))
        except (JoseError, ValueError, KeyError, TypeError):
            raise NotServed("invalid_dpop_proof") from None
        said, address = shown.claims, f"{self.issuer}/token"
        is_for_this = (shown.header.get("typ"), said.get("htm"), said.get("htu")) == (PROOF_TYPE, "POST", address)
        is_fresh = isinstance(said.get("iat"), int) and abs(self._now() - said["iat"]) <= CODE_LIVES
        if key.is_private or not is_for_this or not is_fresh or said.get("jti") in self._used:
            raise NotServed("invalid_dpop_proof")
        self._used.add(said["jti"])
        return key.thumbprint()

    def claims(self, asked: Asked, login: Login) -> dict[str, Any]:
        """Return what an ID token says."""
        return self.claims_of(login, asked.client_id) | {"nonce": asked.nonce}

    def claims_of(self, login: Login, audience: str) -> dict[str, Any]:
        """Return what every token says of somebody."""
        now, unit = self._now(), login.persona.unit
        return {
            "iss": self.issuer,
            "sub": login.persona.subject,
            "aud": audience,
            "iat": now,
            "exp": now + TOKEN_LIVES,
            "auth_time": login.auth_time,
            "acr": login.acr,
            "registry_roles": list(login.persona.roles),
        } | ({} if unit is None else {"registry_unit": unit})

    def sign(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        """Return the token."""
        key = self._keys[0]
        return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": typ}, claims, key, algorithms=["ES256"])

    def _demand_client(self, form: Mapping[str, str]) -> Client:
        """Demand that the client signed for itself, for us, just now, and not twice (RFC 7523); return it."""
        client = self.clients.get(form.get("client_id", ""))
        try:
            if form.get("client_assertion_type") != BEARER or client is None:
                raise NotServed("invalid_client")
            said = jwt.decode(form.get("client_assertion", ""), client.key, algorithms=["ES256"]).claims
        except (JoseError, ValueError):
            raise NotServed("invalid_client") from None
        who = {said.get("iss"), said.get("sub")} == {client.client_id}
        used = said.get("jti") in self._used
        if not who or used or said.get("aud") != self.issuer or said.get("exp", 0) < self._now():
            raise NotServed("invalid_client")
        self._used.add(said["jti"])
        return client

    def _now(self) -> int:
        return int(self.clock().timestamp())


_SHOWN: Final[Mapping[str, type[ECKey | OKPKey]]] = {"EC": ECKey, "OKP": OKPKey}


def _new_key() -> ECKey:
    key = ECKey.generate_key("P-256")
    key.ensure_kid()
    return key


def _address(to: str, **query: str) -> str:
    return f"{to}?{urlencode(query)}"


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
