"""Whose key a token is bound to: thumbprints (RFC 7638), and the proof by which a provider learns of a key (RFC 9449).

A gateway shows the provider, by a DPoP proof, that it holds the key by which the registry knows it; the token that it
gets then names that key (``cnf.jkt``) and is good for nobody else. Towards the registry no second proof is needed:
there the same key signs the whole request (RFC 9421), and the token with it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from joserfc.util import urlsafe_b64encode

from registry.contract.decoding import encode
from registry.contract.evidence import JWS_NAMES, jose_key
from registry.contract.keys import SigningKey, VerifyingKey

PROOF_HEADER: Final = "DPoP"
PROOF_TYPE: Final = "dpop+jwt"


def thumbprint(key: VerifyingKey) -> str:
    """Return the JWK thumbprint of a key: SHA-256 in base64url, 43 characters (RFC 7638, RFC 8037 § 2)."""
    return jose_key(key).thumbprint()


def proof(key: SigningKey, method: str, address: str, now: datetime, proof_id: str) -> str:
    """Return the proof that ``key`` is ours, for one request to one address (RFC 9449 § 4.2)."""
    header = {"typ": PROOF_TYPE, "alg": JWS_NAMES[key.algorithm], "jwk": jose_key(key.verifying).as_dict(private=False)}
    claims = {"jti": proof_id, "htm": method, "htu": address, "iat": int(now.timestamp())}
    signed = f"{_written(header)}.{_written(claims)}"
    return f"{signed}.{urlsafe_b64encode(key.sign(signed.encode())).decode()}"


def _written(fields: Mapping[str, object]) -> str:
    return urlsafe_b64encode(encode(fields)).decode()
