"""The tables of the watch over who asks: bodies and counts, nobody's record. Registered with the other tables."""

from sqlalchemy import ARRAY, BigInteger, Column, Date, DateTime, Identity, Index, Table, Text, text

from registry.store.columns import metadata

caller_tally = Table(
    "caller_tally",
    metadata,
    Column("body", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("asked", BigInteger, nullable=False),
    Column("by_number", BigInteger, nullable=False),
    Column("missed_by_number", BigInteger, nullable=False),
    Column("by_name", BigInteger, nullable=False),
    Column("missed_by_name", BigInteger, nullable=False),
    Column("ambiguous", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)
"""How many inquiries a body sent on a day in Japan, and how they came out; all processes together, about nobody."""

caller_narrowing = Table(
    "caller_narrowing",
    metadata,
    Column("narrowing_id", BigInteger, Identity(always=True), primary_key=True),
    Column("body", Text, nullable=False),
    Column("suspicions", ARRAY(Text), nullable=False),
    Column("narrowed_at", DateTime(timezone=True), nullable=False),
    Column("lifted_at", DateTime(timezone=True)),
    Column("lifted_by", Text),
    Column("reason", Text),
    Index("uq_caller_narrowing_open", "body", unique=True, postgresql_where=text("lifted_at IS NULL")),
)
"""Which bodies may ask only narrowly, since when and why; who lifted it and for what reason. Rows stay for ever."""
