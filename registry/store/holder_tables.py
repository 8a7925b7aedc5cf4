"""The table of whose record is whose: an account and a record, both by what tells nobody else who that is."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, Text, UniqueConstraint

from registry.store import tables as t
from registry.store.columns import id_column, metadata, moment

holder = Table(
    "holder",
    metadata,
    Column("account", Text, primary_key=True),
    id_column("person_id", ForeignKey(t.person.c.person_id)),
    id_column("submission_id", ForeignKey(t.submission.c.submission_id)),
    moment("signed_at"),
    UniqueConstraint("person_id", name="uq_holder_person_id"),
    CheckConstraint("account ~ '^[0-9a-f]{40}$'", name="ck_holder_account"),
)
"""One account to a record and one record to an account; ``submission_id`` is what the card signed, ``signed_at`` when.

Read by ``account`` (which record is mine?) and by ``person_id`` (whose is it?).
"""
