"""機関別符号 — what one body knows a person by, and no other body does: two bodies cannot join their data on it."""

from base64 import b32encode

from registry.vault.keys import KeyProvider
from registry.vault.sealing import length_prefixed

_BYTES = 20


def pseudonym(provider: KeyProvider, body: str, person_id: str) -> str:
    """Return the pseudonym of ``person_id`` for ``body``: 32 letters and digits (160 bits), the same every time."""
    return b32encode(provider.mac("pseudonym", length_prefixed("v1", body, person_id))[:_BYTES]).decode()
