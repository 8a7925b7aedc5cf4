"""The statutory grants: every body and every affair that a statute names. What is not here is refused.

Articles that no text at hand confirmed are marked as unverified, here and nowhere else; the 別表 and 省令 that list
single affairs are left out for the same reason. Rows by ordinance are added at run time (0007).
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# ---------------------------------------------------------------------------------------------------- articles

OF_NUMBERS = "番号法19条8号"
OF_CARDS = "番号法17条"  # unverified
OF_IDENTITY_CHECKS = "番号法16条"
OF_TAX_CRIMES = "番号法19条15号"  # unverified
TO_STATE_BODIES = "住基法30条の9"  # unverified
TO_MUNICIPALITIES = "住基法30条の10"  # unverified
TO_OTHER_ORGANS = "住基法30条の12"  # unverified
OF_SUPPLEMENTARY_RECORDS = "住基法30条の41"
OF_REMOVED_RECORDS = "住基法15条の4"  # unverified
OF_RESIDENCE_REPORTS = "旅券法16条"
OF_OVERSEAS_ROLL = "公職選挙法30条の6"

NUMBER_USE_BEGAN = date(2016, 1, 1)
CONTINUITY_BEGAN = date(2024, 5, 27)
PASSPORT_ACT_BEGAN = date(1951, 12, 1)
OVERSEAS_ROLL_BEGAN = date(1999, 5, 1)  # unverified

# -------------------------------------------------------------------------------------------------------- rows

BASIC_FOUR = ["name", "birth_date", "sex", "address_abroad"]
BY_NUMBER = ["individual-number"]
BY_NAME = ["name-and-birth-date"]
AGAIN = ["pseudonym"]
"""Who was told of somebody finds them again by what the answer called them."""
OF_A_MUNICIPAL_AFFAIR = {
    "body_kind": "municipality",
    "bases": [OF_NUMBERS, TO_MUNICIPALITIES],
    "items": [*BASIC_FOUR, "last_address", "status"],
    "searches": ["addressee-number", *BY_NUMBER, *BY_NAME, *AGAIN],
    "condition": "former-resident",
    "valid_from": NUMBER_USE_BEGAN,
}

READ: tuple[dict[str, Any], ...] = (
    {
        "grant_id": "pension-benefit",
        "body_kind": "pension-office",
        "label": "年金の裁定・受給権者の現況の確認",
        "label_en": "Pensions: claims, and whether who draws one still lives",
        "bases": [OF_NUMBERS, TO_STATE_BODIES],
        "items": [*BASIC_FOUR, "individual_number", "status"],
        "searches": [*BY_NUMBER, *BY_NAME, *AGAIN, "pseudonym-of-another-body"],
        "condition": "anyone",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "overseas-medical-expenses",
        "body_kind": "health-insurer",
        "label": "健康保険の海外療養費の支給",
        "label_en": "Health insurance: expenses of treatment abroad",
        "bases": [OF_NUMBERS, TO_STATE_BODIES],
        "items": [*BASIC_FOUR, "status"],
        "searches": [*BY_NUMBER, *AGAIN],
        "condition": "anyone",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "income-tax",
        "body_kind": "tax-office",
        "label": "所得税の賦課・徴収",
        "label_en": "Income tax: assessment and collection",
        "bases": [OF_NUMBERS, TO_STATE_BODIES],
        "items": [*BASIC_FOUR, "status"],
        "searches": [*BY_NUMBER, *AGAIN],
        "condition": "anyone",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "tax-investigation",
        "body_kind": "tax-office",
        "label": "国税の犯則事件の調査",
        "label_en": "Investigation of tax offences",
        "bases": [OF_TAX_CRIMES, TO_STATE_BODIES],
        "items": [*BASIC_FOUR, "status"],
        "searches": [*BY_NUMBER, *BY_NAME, *AGAIN],
        "condition": "anyone",
        "may_withhold": True,
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "former-residents",
        "body_kind": "municipality",
        "label": "除票・戸籍の附票に係る国外転出者の記録の管理",
        "label_en": "Records of those who moved abroad: 除票 and 戸籍の附票",
        "bases": [OF_SUPPLEMENTARY_RECORDS, TO_MUNICIPALITIES],
        "items": [*BASIC_FOUR, "last_address", "honseki", "mission", "status"],
        "searches": ["addressee-number", "resident-record-code", *BY_NAME, *AGAIN],
        "condition": "former-resident",
        "valid_from": CONTINUITY_BEGAN,
    },
    OF_A_MUNICIPAL_AFFAIR
    | {
        "grant_id": "residents-tax",
        "label": "住民税の賦課・徴収",
        "label_en": "Residents' tax: assessment and collection",
    },
    OF_A_MUNICIPAL_AFFAIR
    | {
        "grant_id": "national-health-insurance",
        "label": "国民健康保険料(税)の賦課・徴収",
        "label_en": "National health insurance: contributions",
    },
    OF_A_MUNICIPAL_AFFAIR
    | {
        "grant_id": "national-pension-voluntary",
        "label": "国民年金の任意加入",
        "label_en": "National pension: voluntary insurance of those abroad",
    },
    OF_A_MUNICIPAL_AFFAIR
    | {
        "grant_id": "child-allowance",
        "label": "児童手当の支給",
        "label_en": "Child allowance",
    },
    {
        "grant_id": "overseas-voting",
        "body_kind": "election-commission",
        "label": "在外選挙人名簿の登録・登録の移転・抹消",
        "label_en": "Overseas electoral roll: registration, transfer, removal",
        "bases": [OF_OVERSEAS_ROLL, TO_OTHER_ORGANS],
        "items": [*BASIC_FOUR, "last_address", "honseki", "mission", "status"],
        "searches": [*BY_NAME, *AGAIN],
        "condition": "former-resident",
        "valid_from": OVERSEAS_ROLL_BEGAN,
    },
    {
        "grant_id": "consular-protection",
        "body_kind": "mission",
        "label": "在留邦人の保護",
        "label_en": "Protection of nationals abroad",
        "bases": [OF_RESIDENCE_REPORTS],
        "items": [*BASIC_FOUR, "mission", "contact", "planned_end", "status"],
        "searches": [*BY_NAME, *AGAIN],
        "condition": "own-area",
        "valid_from": PASSPORT_ACT_BEGAN,
    },
    {
        "grant_id": "number-and-card",
        "body_kind": "mission",
        "label": "個人番号・個人番号カードに関する手続",
        "label_en": "Procedures of the Individual Number and its card",
        "bases": [OF_CARDS, OF_SUPPLEMENTARY_RECORDS],
        "items": [*BASIC_FOUR, "individual_number", "status"],
        "searches": [*BY_NUMBER, *BY_NAME, *AGAIN],
        "condition": "own-area",
        "valid_from": CONTINUITY_BEGAN,
    },
)

MATCH: tuple[dict[str, Any], ...] = (
    {
        "grant_id": "identity-check",
        "body_kind": "identity-checker",
        "label": "本人確認(一致・不一致のみ)",
        "label_en": "Checking an identity: yes or no, and no value",
        "bases": [OF_IDENTITY_CHECKS, TO_STATE_BODIES],
        "items": BASIC_FOUR,
        "searches": [*BY_NUMBER, *BY_NAME],
        "condition": "anyone",
        "valid_from": NUMBER_USE_BEGAN,
    },
)

WRITE: tuple[dict[str, Any], ...] = (
    {
        "grant_id": "residence-report",
        "body_kind": "mission",
        "label": "在留届・変更届・帰国届等の提出",
        "label_en": "Reports of residence, change and return",
        "bases": [OF_RESIDENCE_REPORTS],
        "items": [*BASIC_FOUR, "last_address", "honseki", "mission", "contact", "planned_end"],
        "condition": "own-area",
        "valid_from": PASSPORT_ACT_BEGAN,
    },
    {
        "grant_id": "number-and-card-report",
        "affair": "number-and-card",
        "body_kind": "mission",
        "label": "個人番号・個人番号カードに関する手続(個人番号の提出)",
        "label_en": "Procedures of the Individual Number and its card: submitting the number",
        "bases": [OF_CARDS, OF_SUPPLEMENTARY_RECORDS],
        "items": ["individual_number"],
        "condition": "own-area",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "removed-record",
        "body_kind": "municipality",
        "label": "除票の提出と照会への回答",
        "label_en": "Delivering 除票, and answering for them",
        "bases": [OF_NUMBERS, OF_REMOVED_RECORDS],
        "items": ["name", "birth_date", "sex", "last_address", "honseki", "individual_number"],
        "condition": "former-resident",
        "valid_from": NUMBER_USE_BEGAN,
    },
    {
        "grant_id": "supplementary-record",
        "body_kind": "municipality",
        "label": "戸籍の附票の照会への回答",
        "label_en": "Answering for the 戸籍の附票",
        "bases": [OF_NUMBERS, OF_SUPPLEMENTARY_RECORDS],
        "items": ["name", "birth_date", "sex", "last_address", "honseki", "individual_number"],
        "condition": "anyone",
        "valid_from": NUMBER_USE_BEGAN,
    },
)

_TEXTS = sa.ARRAY(sa.Text)
_TYPES: dict[str, Any] = {
    "bases": _TEXTS,
    "items": _TEXTS,
    "searches": _TEXTS,
    "may_withhold": sa.Boolean,
    "valid_from": sa.Date,
}
_COLUMNS = ("grant_id", "body_kind", "affair", "label", "label_en", "condition", "mode", *_TYPES)
GRANT_ROW = sa.table("grant_row", *(sa.column(name, _TYPES.get(name, sa.Text)) for name in _COLUMNS))

GRANTS = [
    {"affair": one["grant_id"], "mode": mode, "may_withhold": False, "searches": []} | one
    for mode, rows in {"read": READ, "match": MATCH, "write": WRITE}.items()
    for one in rows
]


def upgrade() -> None:
    """Write the rows."""
    op.bulk_insert(GRANT_ROW, GRANTS)


def downgrade() -> None:
    """Take the rows out."""
    ids = ", ".join(f"'{grant['grant_id']}'" for grant in GRANTS)
    op.execute(f"DELETE FROM grant_row WHERE grant_id IN ({ids})")  # noqa: S608 - ids are the constants above
