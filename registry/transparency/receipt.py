"""情報提供等の記録の写し — entries of the log with all that it takes to check them, in one file (番号法23条; RFC 9162).

The file is what a person keeps: it is checked off line, years later, by whoever has the public keys of the log and of
its witnesses, and by nobody's leave. It holds a checkpoint, and of each entry what the leaf was made of and the proof
that the leaf is in the tree. A receipt is the same file with one entry.

It is JSON in one spelling, so that no byte of it can be another and still pass: what is not written as
:func:`write` writes it is refused. What nobody can find is that entries were left out at either end: who wants to
know that the last is the newest asks the registry anew.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, Literal

import msgspec

from registry.contract.decoding import decode, encode
from registry.domain.errors import InvalidInput
from registry.transparency.checkpoint import OpenedCheckpoint, open_checkpoint
from registry.transparency.entry import Disclosure, Link, OpenedEntry, check_chain, read_content
from registry.transparency.note import NoteKey
from registry.transparency.proofs import inclusion_spans, roots_over, tiles_under
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import Tile, TileReader
from registry.transparency.tree import leaf_hash, verify_inclusion

FORMAT: Final = "access-record/v1"
MAX_RECORD_BYTES: Final = 64 << 20
"""Room for some twenty thousand entries with their proofs."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class ProvenEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry as it stands in the file; salts and hashes (32 bytes each) in hexadecimal.

    ``index`` is its number in the log, from 0; ``content`` the text that was hashed, letter by letter; ``proof`` its
    inclusion proof in the tree of the checkpoint.
    """

    index: int
    content: str
    content_salt: str
    link: Link | None
    link_salt: str
    proof: tuple[str, ...]

    def __repr__(self) -> str:
        return f"ProvenEntry(index={self.index})"

    @property
    def opened(self) -> OpenedEntry:
        """What the leaf was made of."""
        return OpenedEntry(
            content=self.content.encode(),
            content_salt=_hash(self.content_salt, self.index),
            link=self.link,
            link_salt=_hash(self.link_salt, self.index),
        )


class AccessRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries of one person in their order, under one checkpoint: a signed note, cosigned where a witness has."""

    format: Literal["access-record/v1"]
    checkpoint: str
    entries: tuple[ProvenEntry, ...]


class CheckedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a file was found to say: the checkpoint, who cosigned it when, and the disclosures, the oldest first.

    ``links`` are the places of the disclosures in the person's chain; None for an entry about nobody.
    """

    opened: OpenedCheckpoint
    disclosures: tuple[Disclosure, ...]
    links: tuple[Link | None, ...]


def tiles_for(indexes: Iterable[int], size: int) -> frozenset[Tile]:
    """Return the tiles that :func:`make` reads for these entries in a tree of ``size`` leaves.

    Raises :class:`LogRefused` (SIZE_IMPOSSIBLE) when such a tree has not all of them.
    """
    return tiles_under(chain.from_iterable(inclusion_spans(index, size) for index in indexes), size)


def make(note: bytes, size: int, entries: Sequence[tuple[int, OpenedEntry]], read: TileReader) -> AccessRecord:
    """Make the record of entries, each with its index, under a checkpoint (``note``) of ``size`` leaves."""
    paths = [inclusion_spans(index, size) for index, _ in entries]
    roots = iter(roots_over(chain.from_iterable(paths), size, read))
    return AccessRecord(
        format=FORMAT,
        checkpoint=note.decode(),
        entries=tuple(
            ProvenEntry(
                index=index,
                content=entry.content.decode(),
                content_salt=entry.content_salt.hex(),
                link=entry.link,
                link_salt=entry.link_salt.hex(),
                proof=tuple(next(roots).hex() for _ in path),
            )
            for (index, entry), path in zip(entries, paths, strict=True)
        ),
    )


def write(record: AccessRecord) -> bytes:
    """Write the file: JSON, indented for who looks into it."""
    return msgspec.json.format(encode(record), indent=2) + b"\n"


def verify(data: bytes, log_keys: Sequence[NoteKey], witness_keys: Sequence[NoteKey]) -> CheckedRecord:
    """Check a file with the keys of the log and of witnesses, each of which must have cosigned; no I/O, no clock.

    (1) It is written in the one way. (2) The log signed the checkpoint. (3) The witnesses cosigned it. (4) Each
    entry is in that tree. (5) They are of one person, with none left out between them. (6) Their content can be read.

    Raises :class:`LogRefused` with what is wrong, and at which entry: RECEIPT_MALFORMED (1), what
    :func:`open_checkpoint` says (2), COSIGNATURE_MISSING (3), PROOF_MISMATCH or SIZE_IMPOSSIBLE (4), CHAIN_BROKEN (5),
    ENTRY_MALFORMED (6).
    """
    record = _read(data)  # (1)
    opened = open_checkpoint(record.checkpoint.encode(), log_keys, witness_keys)  # (2)
    for key in witness_keys:  # (3)
        if key.name not in opened.cosigned_at:
            raise LogRefused(LogFault.COSIGNATURE_MISSING, key.name)
    entries = [one.opened for one in record.entries]
    for one, entry in zip(record.entries, entries, strict=True):  # (4)
        _demand_included(one, entry, opened)
    if len(entries) > 1:  # (5); a single one may be about nobody
        check_chain(entries)
    return CheckedRecord(
        opened=opened,
        disclosures=tuple(_disclosure(one) for one in record.entries),  # (6)
        links=tuple(one.link for one in record.entries),
    )


def _read(data: bytes) -> AccessRecord:
    try:
        record = decode(data, AccessRecord, max_bytes=MAX_RECORD_BYTES)
    except InvalidInput as refused:
        raise LogRefused(LogFault.RECEIPT_MALFORMED, refused.faults[0].pointer) from None
    if not record.entries or write(record) != data:
        raise LogRefused(LogFault.RECEIPT_MALFORMED)
    return record


def _demand_included(one: ProvenEntry, entry: OpenedEntry, opened: OpenedCheckpoint) -> None:
    proof = [_hash(text, one.index) for text in one.proof]
    try:
        verify_inclusion(leaf_hash(entry.leaf), one.index, proof, opened.checkpoint.head)
    except LogRefused as refused:
        raise LogRefused(refused.code, f"entry {one.index}") from None


def _disclosure(one: ProvenEntry) -> Disclosure:
    try:
        return read_content(one.content.encode())
    except LogRefused as refused:
        raise LogRefused(refused.code, f"entry {one.index}") from None


def _hash(text: str, index: int) -> bytes:
    if not _HASH.fullmatch(text):
        raise LogRefused(LogFault.RECEIPT_MALFORMED, f"entry {index}")
    return bytes.fromhex(text)
