"""The tables of 支援措置 and of what two people decide. In clear stand ids, days and bodies: no row says why.

Reasons lie sealed with the data key of the record concerned. Registered with the other tables' metadata.
"""

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from registry.store.columns import id_column, metadata, moment

protection = Table(
    "protection",
    metadata,
    id_column("measure_id", primary_key=True),
    id_column("person_id", ForeignKey("person.person_id")),
    Column("requested_on", Date, nullable=False),
    Column("granted_on", Date),
    Column("until", Date),
    Column("ended_on", Date),
    Column("sealed", LargeBinary, nullable=False),
)
"""A measure as it stands, by whose record (``person_id``) it was applied for, and why, sealed with that record's key.

Who did what with it, the log of disclosures says.
"""

protected_person = Table(
    "protected_person",
    metadata,
    id_column("measure_id", ForeignKey("protection.measure_id"), primary_key=True),
    id_column("person_id", ForeignKey("person.person_id"), primary_key=True),
    Column("place", SmallInteger, nullable=False),
    Index("ix_protected_person_person_id", "person_id"),
)
"""Whom a measure covers: the applicant at place 0, then the members of the household named with them."""

protection_lift = Table(
    "protection_lift",
    metadata,
    id_column("lift_id", primary_key=True),
    id_column("person_id", ForeignKey("person.person_id")),
    Column("body", Text, nullable=False),
    Column("affair", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_unit", Text, nullable=False),
    moment("begins_at"),
    moment("ends_at"),
    Column("sealed", LargeBinary, nullable=False),
    Column("reviewed_by", Text),
    Column("reviewed_unit", Text),
    moment("reviewed_at", nullable=True),
    Index("ix_protection_lift_person_id", "person_id"),
)
"""A body that may be told of a protected person all the same, for one affair, until when, and who let it."""

proposal = Table(
    "proposal",
    metadata,
    id_column("proposal_id", primary_key=True),
    Column("kind", Text, nullable=False),
    id_column("person_id", ForeignKey("person.person_id")),
    Column("sealed", LargeBinary, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_unit", Text, nullable=False),
    moment("proposed_at"),
    UniqueConstraint("proposal_id", "proposed_by", "proposed_unit", "proposed_at", name="uq_proposal_hand"),
)
"""What one person proposed to do with a record; nothing follows from it until another approves it."""

approval = Table(
    "approval",
    metadata,
    id_column("proposal_id", primary_key=True),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_unit", Text, nullable=False),
    moment("proposed_at"),
    Column("approved_by", Text, nullable=False),
    Column("approved_unit", Text, nullable=False),
    moment("approved_at"),
    ForeignKeyConstraint(
        ["proposal_id", "proposed_by", "proposed_unit", "proposed_at"],
        ["proposal.proposal_id", "proposal.proposed_by", "proposal.proposed_unit", "proposal.proposed_at"],
        name="fk_approval_proposal",
    ),
)
"""Who approved it, beside who proposed it: so that a constraint can demand that they are two, of two units."""
