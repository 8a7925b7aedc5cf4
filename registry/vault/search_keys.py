"""Search keys: how a person is found although what identifies them is sealed.

A search key is HMAC-SHA-256, under a key of its own kind and generation ("search-key/kind/generation"), of the
length-prefixed parts "v1" | kind | generation | value, or values where it takes several.

A 個人番号 has only 10¹¹ values and a 住民票コード 10¹⁰, since the last digit follows from the others: whoever has the
key of the MAC can try them all. **That key is as secret as the numbers**: it stays with the key provider, never in the
database or its backups.

Names are searched only together with a birth date, never alone, and their keys are cut to 24 bits: with millions of
spellings in sixteen million places, many a name is found that nobody has, so a stolen table proves nothing about
anybody. What is found by name is compared again after unsealing. Names come here as they are compared, folded by the
rules of the domain.

A new generation is a new key: its search keys are written beside the old ones, then searched, then the old ones go.
"""

import msgspec

from registry.domain.search_terms import TermKind
from registry.vault.keys import KeyProvider
from registry.vault.sealing import length_prefixed

NAME_KEY_BYTES = 3

WHOLE = frozenset({TermKind.INDIVIDUAL_NUMBER, TermKind.RESIDENT_RECORD_CODE, TermKind.ADDRESSEE_NUMBER})
"""Kinds whose key keeps all 32 bytes, because it must be unique; the keys of names are cut."""


class SearchKey(msgspec.Struct, frozen=True, kw_only=True):
    """A row's worth of table ``search_key``: 32 bytes that stand for one number, or 3 for some people of one name."""

    kind: TermKind
    generation: int
    key: bytes

    def __repr__(self) -> str:
        return f"SearchKey({self.kind}, generation={self.generation})"


class SearchKeys:
    """Makes the search keys of one generation (1, 2, …)."""

    def __init__(self, provider: KeyProvider, generation: int) -> None:
        self._provider = provider
        self._generation = generation

    def of(self, kind: TermKind, *parts: str) -> SearchKey:
        """Return the key of a term: its kind and its parts, folded as the domain compares them."""
        generation = str(self._generation)
        message = length_prefixed("v1", kind, generation, *parts)
        key = self._provider.mac(f"search-key/{kind}/{generation}", message)
        cut = key if kind in WHOLE else key[:NAME_KEY_BYTES]
        return SearchKey(kind=kind, generation=self._generation, key=cut)
