"""The tables of the log of disclosures (情報提供等の記録); ``migrations`` makes them and adds what guards them.

No name, number or id of a record stands in them: an entry belongs to a ``subject``, which is what the log calls a
person, and its content is sealed with a key of that subject and year. They are registered with the other tables.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from registry.store.columns import metadata
from registry.store.key_tables import monthly_kek

log_year = Table(
    "log_year",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("kek_id", BigInteger, ForeignKey(monthly_kek.c.kek_id), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
"""The secret of a calendar year in Japan, from which the keys of its entries follow. Deleting the row ends the year."""

log_pending = Table(
    "log_pending",
    metadata,
    Column("pending_id", BigInteger, Identity(always=True), primary_key=True),
    Column("entry_id", Uuid(as_uuid=False), nullable=False),
    Column("subject", Text),
    Column("year", SmallInteger, nullable=False),
    Column("content_commitment", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Entries that were committed with their request and have no place in the tree yet."""

log_entry = Table(
    "log_entry",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Uuid(as_uuid=False), nullable=False),
    Column("subject", Text),
    Column("number", BigInteger),
    Column("previous", LargeBinary),
    Column("link_salt", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("entry_id"),
    UniqueConstraint("subject", "number"),
)
"""The log itself, only ever inserted (a trigger refuses the rest): what a leaf stands for, and where in its chain."""

log_leaf = Table("log_leaf", MetaData(), Column("leaf_index", BigInteger), Column("leaf", LargeBinary))
"""What everybody may read of the log's entries (a view): the leaves, which tell an outsider nothing."""

log_tile = Table(
    "log_tile",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("tile_index", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)
"""The tiles of the tree, each as wide as it is by now (a trigger lets it grow and nothing else)."""

log_head = Table(
    "log_head",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("roots", ARRAY(LargeBinary), nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("cosigned", LargeBinary),
    Column("cosigned_size", BigInteger),
    Column("cosigned_at", BigInteger),
)
"""Where the tree ends: its frontier, the checkpoint signed for it, and the last that a witness cosigned; one row."""
