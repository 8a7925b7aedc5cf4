"""The table of who is signed in: pseudonyms, codes and moments, nobody's name. Registered with the other tables."""

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, LargeBinary, Table, Text, UniqueConstraint

from registry.store.columns import id_column, metadata, moment

sign_in_session = Table(
    "sign_in_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    id_column("session_id"),
    Column("account", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("body", Text),
    Column("desk", Text),
    Column("provider", Text, nullable=False),
    Column("level", Text, nullable=False),
    moment("authenticated_at"),
    moment("opened_at"),
    moment("seen_at"),
    moment("ends_at"),
    UniqueConstraint("session_id", name="uq_sign_in_session_session_id"),
    CheckConstraint("octet_length(token_hash) = 32", name="ck_sign_in_session_token_hash"),
    Index("ix_sign_in_session_account", "account"),
    Index("ix_sign_in_session_ends_at", "ends_at"),
)
"""A session: the SHA-256 of the token that a browser carries, the account as a pseudonym, what it may do until when.

Read by ``token_hash`` (who is it?) and by ``account`` (my sessions), and in no other way.
"""
