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

from time import monotonic
from typing import Final

import msgspec

from registry.domain.search_terms import TermKind
from registry.vault.keys import KeyProvider, KeysRefused
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


class Generations(msgspec.Struct, frozen=True, kw_only=True):
    """Which generation (1, 2, …) is searched, and which one is written as well while they are changed.

    ``change`` counts the changes, so that of two that were heard of the later one is known.
    """

    change: int
    searched: int
    also_written: int | None = None


TRUSTED_FOR: Final = 15.0
"""Seconds after which a process that hears of changes regularly, and heard nothing, makes no search keys any more."""


class SearchKeys:
    """Makes the search keys of the generation that is searched, and of the one that is written as well."""

    def __init__(self, provider: KeyProvider, generation: int) -> None:
        self._provider = provider
        self._generations = Generations(change=0, searched=generation)
        self._trusted_until: float | None = None

    @property
    def searched(self) -> int:
        """The generation that is searched."""
        return self._generations.searched

    def follow(self, heard: Generations) -> None:
        """Take over what was heard of the generations, unless it is older than what is known."""
        if heard.change >= self._generations.change:
            self._generations = heard

    def hears(self, heard: Generations) -> None:
        """Follow what is heard regularly: for a few seconds it is trusted, and then it has to be heard again."""
        self.follow(heard)
        self._trusted_until = monotonic() + TRUSTED_FOR

    def of(self, kind: TermKind, *parts: str) -> SearchKey:
        """Return the key by which a term is searched: its kind and its parts, folded as the domain compares them.

        Raises KeysRefused where it is not sure which generation that is.
        """
        if self._trusted_until is not None and monotonic() > self._trusted_until:
            raise KeysRefused("nothing was heard of the generations of search keys for too long")
        return self._made(self._generations.searched, kind, parts)

    def twin(self, kind: TermKind, *parts: str) -> SearchKey | None:
        """Return the key of a term in the generation that is written as well; None where there is none."""
        also = self._generations.also_written
        return None if also is None else self._made(also, kind, parts)

    def _made(self, number: int, kind: TermKind, parts: tuple[str, ...]) -> SearchKey:
        generation = str(number)
        message = length_prefixed("v1", kind, generation, *parts)
        key = self._provider.mac(f"search-key/{kind}/{generation}", message)
        cut = key if kind in WHOLE else key[:NAME_KEY_BYTES]
        return SearchKey(kind=kind, generation=number, key=cut)
