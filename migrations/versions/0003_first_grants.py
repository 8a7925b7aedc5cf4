"""The first statutory grants: pension, tax, the last municipality, the mission. What is not here is refused.

The references to single items of the annexed tables (番号法別表) are unverified and stand here only.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BASIC_FOUR = ["name", "birth_date", "sex", "address_abroad"]
NUMBER_USE_BEGAN = date(2016, 1, 1)
CONTINUITY_BEGAN = date(2024, 5, 27)
PASSPORT_ACT_BEGAN = date(1951, 12, 1)

GRANTS = (
    {
        "grant_id": "pension-benefit",
        "body_kind": "pension-office",
        "affair": "pension-benefit",
        "label": "年金の裁定・受給権者の現況の確認",
        "bases": ["番号法19条8号", "住基法30条の9"],
        "items": [*BASIC_FOUR, "individual_number", "status"],
        "searches": ["individual-number", "name-and-birth-date", "pseudonym", "pseudonym-of-another-body"],
        "condition": "anyone",
        "mode": "read",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "income-tax",
        "body_kind": "tax-office",
        "affair": "income-tax",
        "label": "所得税の賦課・徴収",
        "bases": ["番号法19条8号", "住基法30条の9"],
        "items": [*BASIC_FOUR, "status"],
        "searches": ["individual-number", "pseudonym"],
        "condition": "anyone",
        "mode": "read",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "former-residents",
        "body_kind": "municipality",
        "affair": "former-residents",
        "label": "除票・戸籍の附票に係る国外転出者の記録の管理",
        "bases": ["住基法30条の41", "住基法30条の10"],
        "items": [*BASIC_FOUR, "last_address", "honseki", "mission", "status"],
        "searches": ["addressee-number", "resident-record-code", "name-and-birth-date", "pseudonym"],
        "condition": "former-resident",
        "mode": "read",
        "valid_from": CONTINUITY_BEGAN,
    },
    {
        "grant_id": "consular-protection",
        "body_kind": "mission",
        "affair": "consular-protection",
        "label": "在留邦人の保護",
        "bases": ["旅券法16条"],
        "items": [*BASIC_FOUR, "mission", "contact", "planned_end", "status"],
        "searches": ["name-and-birth-date", "pseudonym"],
        "condition": "own-area",
        "mode": "read",
        "valid_from": PASSPORT_ACT_BEGAN,
    },
)


_TEXTS = sa.ARRAY(sa.Text)
_TYPES: dict[str, Any] = {"bases": _TEXTS, "items": _TEXTS, "searches": _TEXTS, "valid_from": sa.Date}
GRANT_ROW = sa.table("grant_row", *(sa.column(name, _TYPES.get(name, sa.Text)) for name in GRANTS[0]))


def upgrade() -> None:
    """Write the rows."""
    op.bulk_insert(GRANT_ROW, [dict(grant) for grant in GRANTS])


def downgrade() -> None:
    """Take the rows out."""
    ids = ", ".join(f"'{grant['grant_id']}'" for grant in GRANTS)
    op.execute(f"DELETE FROM grant_row WHERE grant_id IN ({ids})")  # noqa: S608 - ids are the constants above
