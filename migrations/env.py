"""Runs the migrations on the connection that ``registry.store.migrate`` hands over."""

from alembic import context

from registry.store import (  # noqa: F401 - all in one metadata
    holder_tables,
    jpki_tables,
    log_tables,
    protection_tables,
    session_tables,
    trawling_tables,
)

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=log_tables.log_head.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
