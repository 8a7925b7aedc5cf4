"""Questions for a 附票 or a 除票 to 機構 and to municipalities, and how far the change facts of 機構 are taken over."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE question (
    question_id UUID NOT NULL,
    person_id UUID NOT NULL,
    wanted TEXT NOT NULL,
    asked_of TEXT NOT NULL,
    about BYTEA NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE,
    due TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    finding TEXT NOT NULL,
    CONSTRAINT pk_question PRIMARY KEY (question_id),
    CONSTRAINT fk_question_person_id FOREIGN KEY(person_id) REFERENCES person (person_id),
    CONSTRAINT uq_question_about UNIQUE (person_id, about, asked_of)
);

CREATE INDEX ix_question_open ON question (asked_of, next_at)
    WHERE finding = 'no-answer-yet';

CREATE TABLE change_fact_cursor (
    "only" BOOLEAN NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_change_fact_cursor PRIMARY KEY ("only")
);

INSERT INTO change_fact_cursor VALUES (true, 0);
"""


def upgrade() -> None:
    """Make the tables. The application may not take a question back: what was told stays told."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT, UPDATE ON question TO registry_app")
    op.execute("GRANT SELECT, UPDATE ON change_fact_cursor TO registry_app")


def downgrade() -> None:
    """Drop the tables; questions under way are forgotten, and change facts are taken over from the first again."""
    op.execute("DROP TABLE change_fact_cursor")
    op.execute("DROP TABLE question")
