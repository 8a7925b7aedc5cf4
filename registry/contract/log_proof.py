"""The proofs that the registry makes about its log of disclosures, as they travel (RFC 9162 § 2.1.3, § 2.1.4)."""

import msgspec


class LogProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hashes of a proof in their order, base64; whoever asked knows of what, and in which tree."""

    hashes: tuple[str, ...]
