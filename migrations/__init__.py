"""The history of the schema, applied by ``registry migrate`` (Alembic)."""
