"""The tables of JPKI: what is open and what was seen, nobody's record. Registered with the other tables."""

from sqlalchemy import Column, DateTime, Index, LargeBinary, Numeric, Table, Text

from registry.store.columns import metadata

jpki_challenge = Table(
    "jpki_challenge",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("session", LargeBinary, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Index("ix_jpki_challenge_until", "until"),
)
"""Nonces that were given and not used: for what, until when, and to which session, by the digest of its id."""

jpki_seen_list = Table(
    "jpki_seen_list",
    metadata,
    Column("authority", LargeBinary, primary_key=True),
    Column("number", Numeric(50, 0), nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
"""The newest list of revoked certificates that was seen of each CA, by its key. RFC 5280 § 5.2.3: up to 20 octets."""
