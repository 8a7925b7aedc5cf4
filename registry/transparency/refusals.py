"""How a check of the log says no: one closed family of codes, each with the place where it was found.

Codes are part of the contract with auditors: what a tool prints in years to come must still mean the same. The place
is a line, a tile or the number of an entry, never what stands there.
"""

from enum import StrEnum


class LogFault(StrEnum):
    """Stable codes of what can be wrong with a log, its proofs and its notes; a code is never renamed."""

    # form
    HEAD_MALFORMED = "head-malformed"
    HASH_MALFORMED = "hash-malformed"
    TILE_MALFORMED = "tile-malformed"
    TILE_UNKNOWN = "tile-unknown"
    ENTRY_MALFORMED = "entry-malformed"
    KEY_MALFORMED = "key-malformed"
    NOTE_MALFORMED = "note-malformed"
    CHECKPOINT_MALFORMED = "checkpoint-malformed"
    RECEIPT_MALFORMED = "receipt-malformed"
    OFFER_MALFORMED = "offer-malformed"
    # proofs
    SIZE_IMPOSSIBLE = "size-impossible"
    PROOF_MISMATCH = "proof-mismatch"
    CHAIN_BROKEN = "chain-broken"
    # signatures
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_WRONG = "signature-wrong"
    COSIGNATURE_MISSING = "cosignature-missing"
    # what a witness refuses
    OTHER_ORIGIN = "other-origin"
    ROLLBACK = "rollback"
    FORK = "fork"
    STALE = "stale"
    CLOCK_REVERSED = "clock-reversed"
    # what an audit of a whole log finds, beside the others
    ENTRY_MISSING = "entry-missing"
    LEAF_MISMATCH = "leaf-mismatch"
    SEAL_BROKEN = "seal-broken"
    TILE_MISMATCH = "tile-mismatch"
    HEAD_MISMATCH = "head-mismatch"


class LogRefused(Exception):  # noqa: N818 - a refusal is an answer of the rules, not an accident of the program
    """A log, proof or note is not what it is shown for; ``code`` says why, ``where`` at which line, tile or entry."""

    def __init__(self, code: LogFault, where: str = "") -> None:
        """Carry code and place; ``where`` is empty when the whole is meant."""
        super().__init__(f"{code} at {where}" if where else code.value)
        self.code = code
        self.where = where
