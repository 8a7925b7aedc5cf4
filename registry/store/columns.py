"""What the tables have in common: their metadata, and columns of which there is one form."""

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Uuid

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def id_column(name: str, *arguments: ForeignKey, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """Return a column of ids, which are UUIDs; in Python they are text."""
    return Column(name, Uuid(as_uuid=False), *arguments, primary_key=primary_key, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column of moments."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
