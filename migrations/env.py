"""Runs the migrations on the connection that ``registry.store.migrate`` hands over."""

from alembic import context

from registry.store import trawling_tables  # noqa: F401 - puts its tables into the same metadata
from registry.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
