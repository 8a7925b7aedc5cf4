"""Grants by ordinance under four eyes, and what no row of the table of grants may be, whoever writes it.

The domain says the same (``registry/domain/ordinance.py``, ``four_eyes.py``, ``disclosure.py``); here it holds against
whoever comes by SQL.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ACCOUNT = "^[a-z0-9][a-z0-9._@-]{1,99}$"
UNIT = "^([A-Za-z0-9-]{1,60}/)?[a-z0-9][a-z0-9._@-]{1,99}$"
AFFAIR = "^ordinance-[a-z0-9]+(-[a-z0-9]+)*$"
ITEMS = "ARRAY['name', 'birth_date', 'sex', 'address_abroad', 'last_address', 'individual_number', 'status']"
SEARCHES = "ARRAY['individual-number', 'name-and-birth-date', 'addressee-number']"
ROW = "body, body_kind, ordinance, area, affair, label, label_en, items, searches, mode, valid_from"

TABLES = f"""
CREATE TABLE ordinance_proposal (
    proposal_id UUID NOT NULL,
    ends UUID,
    body TEXT,
    body_kind TEXT,
    ordinance TEXT,
    area TEXT,
    affair TEXT,
    label TEXT,
    label_en TEXT,
    items TEXT[],
    searches TEXT[],
    mode TEXT,
    valid_from DATE,
    valid_to DATE,
    proposed_by TEXT NOT NULL,
    proposed_unit TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ordinance_proposal PRIMARY KEY (proposal_id),
    CONSTRAINT uq_ordinance_proposal_hand UNIQUE (proposal_id, proposed_by, proposed_unit, proposed_at),
    CONSTRAINT ck_ordinance_proposal_hand CHECK (proposed_by ~ '{ACCOUNT}' AND proposed_unit ~ '{UNIT}'),
    CONSTRAINT ck_ordinance_proposal_row_or_end CHECK (
        num_nulls({ROW}) = CASE WHEN ends IS NULL THEN 0 ELSE 11 END AND (ends IS NULL OR valid_to IS NOT NULL)
    ),
    CONSTRAINT ck_ordinance_proposal_body CHECK (
        body ~ '^[0-9]{{6}}$' AND body_kind = 'municipality'
        OR body ~ '^[0-9]{{6}}-board-of-education$' AND body_kind = 'board-of-education'
    ),
    CONSTRAINT ck_ordinance_proposal_affair CHECK (
        affair ~ '{AFFAIR}' AND area IN ('social-security', 'local-tax', 'disaster')
    ),
    CONSTRAINT ck_ordinance_proposal_texts CHECK (
        length(ordinance) BETWEEN 1 AND 100 AND length(label) BETWEEN 1 AND 100 AND length(label_en) BETWEEN 1 AND 100
    ),
    CONSTRAINT ck_ordinance_proposal_scope CHECK (
        items <@ {ITEMS} AND cardinality(items) > 0 AND searches <@ {SEARCHES} AND cardinality(searches) > 0
        AND (body_kind = 'municipality' OR NOT 'addressee-number' = ANY (searches))
        AND (mode = 'read' OR mode = 'match' AND NOT 'status' = ANY (items))
    ),
    CONSTRAINT ck_ordinance_proposal_days CHECK (valid_from >= '2016-01-01' AND valid_to > valid_from)
);

CREATE TABLE ordinance_approval (
    proposal_id UUID NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_unit TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by TEXT NOT NULL,
    approved_unit TEXT NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ordinance_approval PRIMARY KEY (proposal_id),
    CONSTRAINT fk_ordinance_approval_proposal FOREIGN KEY (proposal_id, proposed_by, proposed_unit, proposed_at)
        REFERENCES ordinance_proposal (proposal_id, proposed_by, proposed_unit, proposed_at),
    CONSTRAINT ck_ordinance_approval_hand CHECK (approved_by ~ '{ACCOUNT}' AND approved_unit ~ '{UNIT}'),
    CONSTRAINT ck_ordinance_approval_two_people CHECK (approved_by <> proposed_by),
    CONSTRAINT ck_ordinance_approval_two_units CHECK (approved_unit <> proposed_unit),
    CONSTRAINT ck_ordinance_approval_in_time CHECK (
        approved_at >= proposed_at AND approved_at < proposed_at + INTERVAL '72 hours'
    )
);

ALTER TABLE ordinance_proposal ADD CONSTRAINT fk_ordinance_proposal_ends FOREIGN KEY (ends)
    REFERENCES ordinance_approval (proposal_id);
"""
"""A null makes a CHECK hold: so the columns of an end, which are null, pass where those of a row must fit."""

TIMES = """
CREATE FUNCTION ordinance_happens_now() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'ordinance_proposal' THEN
        NEW.proposed_at := clock_timestamp();
    ELSE
        NEW.approved_at := clock_timestamp();
    END IF;
    RETURN NEW;
END $$
"""

STATUTORY = {
    "ck_grant_row_mode": "mode IN ('read', 'match', 'write')",
    "ck_grant_row_number_law": "NOT (items @> ARRAY['individual_number'] OR searches @> ARRAY['individual-number']) "
    "OR array_to_string(bases, ' ') LIKE '%番号法%'",
    "ck_grant_row_elections": "body_kind <> 'election-commission' "
    "OR NOT (items @> ARRAY['individual_number'] OR searches @> ARRAY['individual-number'])",
    "ck_grant_row_matchable": "mode <> 'match' OR items <@ ARRAY['name', 'birth_date', 'sex', 'address_abroad', "
    "'last_address', 'honseki', 'individual_number']",
}
"""What also a later migration may not grant; 番号法19条, and 選挙管理委員会 without the number."""

ORGAN = """
    CASE WHEN body_kind = 'municipality' THEN body ~ '^[0-9]{6}$'
         WHEN body_kind IN ('board-of-education', 'election-commission')
         THEN body ~ '^[0-9]{6}-' AND substr(body, 8) = body_kind
         ELSE body !~ '^[0-9]{6}(-(board-of-education|election-commission))?$' END
"""

OF_ORDINANCES = ("ordinance_proposal", "ordinance_approval")


def upgrade() -> None:
    """Make the tables and their guards; the registry that serves only reads them."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    op.execute(TIMES)
    for table in OF_ORDINANCES:
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )
        op.execute(
            f"CREATE TRIGGER happens_now BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION ordinance_happens_now()"
        )
        op.execute(f"GRANT SELECT ON {table} TO registry_app")
    for name, rule in STATUTORY.items():
        op.execute(f"ALTER TABLE grant_row ADD CONSTRAINT {name} CHECK ({rule})")
    op.execute(f"ALTER TABLE client_key ADD CONSTRAINT ck_client_key_organ CHECK ({ORGAN})")


def downgrade() -> None:
    """Drop the tables; grants by ordinance are lost."""
    op.execute("ALTER TABLE client_key DROP CONSTRAINT ck_client_key_organ")
    for name in STATUTORY:
        op.execute(f"ALTER TABLE grant_row DROP CONSTRAINT {name}")
    op.execute("ALTER TABLE ordinance_proposal DROP CONSTRAINT fk_ordinance_proposal_ends")
    op.execute("DROP TABLE ordinance_approval")
    op.execute("DROP TABLE ordinance_proposal")
    op.execute("DROP FUNCTION ordinance_happens_now()")
