"""The tables of grants that rest on an ordinance: what one official proposed, and which other approved it.

Both are only added to, and only by the owner of the schema: the registry that serves can grant itself nothing. The
database writes the times itself. Registered with the other tables' metadata.
"""

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from registry.store.tables import metadata

ordinance_proposal = Table(
    "ordinance_proposal",
    metadata,
    Column("proposal_id", Uuid(as_uuid=False), primary_key=True),
    Column("ends", Uuid(as_uuid=False), ForeignKey("ordinance_approval.proposal_id", use_alter=True)),
    Column("body", Text),
    Column("body_kind", Text),
    Column("ordinance", Text),
    Column("area", Text),
    Column("affair", Text),
    Column("label", Text),
    Column("label_en", Text),
    Column("items", ARRAY(Text)),
    Column("searches", ARRAY(Text)),
    Column("mode", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_unit", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("proposal_id", "proposed_by", "proposed_unit", "proposed_at", name="uq_ordinance_proposal_hand"),
)
"""Rows of the table of grants by ordinance, as one official proposed them; or the end of one (``ends``)."""

ordinance_approval = Table(
    "ordinance_approval",
    metadata,
    Column("proposal_id", Uuid(as_uuid=False), primary_key=True),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_unit", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_unit", Text, nullable=False),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["proposal_id", "proposed_by", "proposed_unit", "proposed_at"],
        [
            "ordinance_proposal.proposal_id",
            "ordinance_proposal.proposed_by",
            "ordinance_proposal.proposed_unit",
            "ordinance_proposal.proposed_at",
        ],
        name="fk_ordinance_approval_proposal",
    ),
)
"""Who approved a proposal, beside who made it: so that a constraint can demand that they are two, of two units."""
