"""The tables of keys: what wraps what, what was done with it, and which generation of search keys is searched."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from registry.store.columns import id_column as _id
from registry.store.columns import metadata
from registry.store.columns import moment as _moment

monthly_kek = Table(
    "monthly_kek",
    metadata,
    Column("kek_id", BigInteger, primary_key=True, autoincrement=False),
    Column("month", Date, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    _moment("emptied_at", nullable=True),
)
"""The key-encryption keys, one a month or more, themselves wrapped under the master key that never enters the database.

``emptied_at``: since when it wraps nothing any more, because a later one does; 35 days later it may be destroyed."""

data_key = Table(
    "data_key",
    metadata,
    _id("owner", primary_key=True),
    Column("kek_id", BigInteger, ForeignKey(monthly_kek.c.kek_id), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("rotation", Integer, nullable=False),
)
"""The data key of a person, or of a submission's evidence. Deleting the row shreds everything sealed with it.

``rotation``: which rotation of data keys put it in the place of an older one; 0 for the first key of its owner."""

key_act = Table(
    "key_act",
    metadata,
    Column("act_id", BigInteger, Identity(always=True), primary_key=True),
    _moment("at"),
    Column("act", Text, nullable=False),
    Column("key_id", BigInteger, nullable=False),
    Column("how_many", BigInteger, nullable=False),
    Column("done_by", Text, nullable=False),
)
"""What was done with the keys, and by which account of the database: rotated onto a key, destroyed. Only added to.

``key_id`` is that of a KEK; of search keys the generation, of data keys the number of the rotation."""

search_generation = Table(
    "search_generation",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("searched", SmallInteger, nullable=False),
    Column("also_written", SmallInteger),
    _id("gone_through", nullable=True),
)
"""Which generation of search keys is searched, which one is written as well while they are changed, and up to which
record everybody is found by both; one row."""
