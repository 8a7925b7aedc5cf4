"""The fields of a paper 在留届 or 変更届: what each is called on the form, and where in the report its content goes.

A field is named by the place of its content in the report (RFC 6901), ``/people/0/name/surname``. So a fault that the
rules find leads to its field without any table, and what the form lacks cannot be sent.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.basic_four import Sex
from registry.domain.civil_status import NameChange
from registry.domain.residence_report import LARGEST_HOUSEHOLD, REPORT_LABELS, ReportKind

Said = tuple[str, str]
"""The same in Japanese and in English."""


class Kind(StrEnum):
    """How a field is typed."""

    TEXT = "text"
    LINES = "lines"
    """Several lines, each an item of its own."""
    DATE = "date"
    """A date as the paper has it, in either calendar, with parts that are not known."""
    DAY = "day"
    """One day, in either calendar."""
    CHOICE = "choice"
    YES_OR_NO = "yes-or-no"
    TICK = "tick"


class Field(msgspec.Struct, frozen=True):
    """One field: its place below that of its part, what it is called, how it is typed, what helps."""

    place: str
    label: Said
    kind: Kind = Kind.TEXT
    hint: Said = ("", "")
    options: tuple[tuple[str, Said], ...] = ()


class Part(msgspec.Struct, frozen=True):
    """Fields that stand together under a heading; one ``of_change`` is for a 変更届 alone."""

    heading: Said
    fields: tuple[Field, ...]
    of_change: bool = False


KINDS: Final = (ReportKind.RESIDENCE, ReportKind.CHANGE)
"""What is typed here. Reports of other kinds are handed in as files."""

_DATE_HINT: Final = (
    "書面のとおりに。例: 令和2年4月1日、2020-04-01、令和2年4月、昭和60年3月日不詳、1985年頃",
    "As on the paper, for instance 2020-04-01, 2020-04, 令和2年4月1日, 昭和60年3月日不詳",
)
_DAY_HINT: Final = ("例: 令和8年11月24日、2026-11-24", "For instance 2026-11-24 or 令和8年11月24日")
_ENGLISH_KINDS: Final = {ReportKind.RESIDENCE: "Report of residence (在留届)", ReportKind.CHANGE: "Change (変更届)"}
_YES_OR_NO: Final = (("true", ("はい", "Yes")), ("false", ("いいえ", "No")))
_SEXES: Final = ((Sex.FEMALE, ("女", "Female")), (Sex.MALE, ("男", "Male")), (Sex.UNKNOWN, ("記載なし", "Not stated")))
_CHANGES: Final[Mapping[NameChange, Said]] = {
    NameChange.MARRIAGE: ("婚姻", "Marriage"),
    NameChange.DIVORCE: ("離婚", "Divorce"),
    NameChange.ADOPTION: ("縁組", "Adoption"),
    NameChange.ADOPTION_DISSOLVED: ("離縁", "Adoption dissolved"),
    NameChange.ENTRY_INTO_REGISTER: ("入籍", "Entry into a family register"),
    NameChange.SURNAME: ("氏の変更", "Change of surname"),
    NameChange.GIVEN_NAME: ("名の変更", "Change of given name"),
    NameChange.READING: ("フリガナの変更", "Change of reading"),
    NameChange.FORMER_SURNAME: ("旧氏の記載", "Former surname"),
}

REPORT_PARTS: Final = (
    Part(
        ("届出", "The report"),
        (
            Field(
                "kind",
                ("届出の種類", "Kind"),
                Kind.CHOICE,
                options=tuple((one, (REPORT_LABELS[one], _ENGLISH_KINDS[one])) for one in KINDS),
            ),
            Field("notified_on", ("届出年月日", "Date of the report"), Kind.DAY, _DAY_HINT),
            Field("effective", ("到着・変更の年月日", "Date of arrival or change"), Kind.DATE, _DATE_HINT),
            Field(
                "planned_end",
                ("滞在の終わりの予定", "Planned end of the stay"),
                Kind.DATE,
                ("わかるときだけ", "Only where known"),
            ),
            Field(
                "came_from",
                ("前の管轄公館のコード", "Code of the mission moved from"),
                hint=(
                    "他の公館の管轄区域から移ったときだけ。例: JP-CG-BOSTON",
                    "Only after a move between areas, for instance JP-CG-BOSTON",
                ),
            ),
            Field(
                "replaces",
                ("訂正する届出", "Report that this corrects"),
                hint=(
                    "訂正のときだけ。このゲートウェイの受付番号(例: #14)または受理番号",
                    "Only for a correction: our receipt number (#14) or the registry's",
                ),
            ),
        ),
    ),
    Part(
        ("国外の住所", "Address abroad"),
        (
            Field(
                "address_abroad/country",
                ("国(2文字のコード)", "Country (two letters)"),
                hint=("例: US", "For instance US"),
            ),
            Field(
                "address_abroad/subdivision",
                ("州・省・県", "State or province"),
                hint=("英語名。例: New York", "English name, for instance New York"),
            ),
            Field("address_abroad/city", ("都市", "City")),
            Field(
                "address_abroad/lines",
                ("番地など", "Street, number, building"),
                Kind.LINES,
                ("書面のとおり、1行ずつ", "As on the paper, line by line"),
            ),
            Field("address_abroad/postcode", ("郵便番号", "Postcode")),
            Field("address_abroad/kana", ("住所の読み(カナ)", "Address in kana")),
        ),
    ),
    Part(
        ("連絡先", "How to reach them"),
        (
            Field("contact/telephone", ("電話", "Telephone")),
            Field("contact/mobile", ("携帯電話", "Mobile")),
            Field("contact/email", ("電子メール", "Email")),
            Field("contact/emergency", ("緊急連絡先", "In an emergency")),
            Field("contact/in_japan", ("日本国内の連絡先", "In Japan")),
        ),
    ),
)


def _name(place: str, *, is_new: bool = False) -> tuple[Field, ...]:
    of, of_en = ("新しい", "New ") if is_new else ("", "")
    parts = (
        ("surname", f"{of}氏", f"{of_en}surname"),
        ("given", f"{of}名", f"{of_en}given name"),
        ("surname_kana", f"{of}氏のフリガナ", f"{of_en}surname in kana"),
        ("given_kana", f"{of}名のフリガナ", f"{of_en}given name in kana"),
        ("surname_latin", f"{of}氏(ローマ字)", f"{of_en}surname in Latin letters"),
        ("given_latin", f"{of}名(ローマ字)", f"{of_en}given name in Latin letters"),
        ("former_surname", f"{of}旧氏", f"{of_en}former surname"),
    )
    fields = (Field(f"{place}/{part}", (ja, en[0].upper() + en[1:])) for part, ja, en in parts)
    return (*fields, Field(f"{place}/kana_confirmed", ("フリガナは確認済み", "Kana confirmed"), Kind.TICK))


def _honseki(place: str) -> tuple[Field, ...]:
    return (
        Field(f"{place}/text", ("本籍", "Registered domicile (本籍)"), hint=("書面のとおり", "As on the paper")),
        Field(f"{place}/municipality", ("本籍の市区町村コード", "Municipality code of the domicile")),
        Field(f"{place}/head", ("戸籍の筆頭者", "Head of the family register")),
    )


PERSON_PARTS: Final = (
    Part(("氏名", "Name"), _name("name")),
    Part(
        ("生年月日など", "Birth and passport"),
        (
            Field("birth_date", ("生年月日", "Date of birth"), Kind.DATE, _DATE_HINT),
            Field("sex", ("性別", "Sex"), Kind.CHOICE, options=_SEXES),
            Field("passport_number", ("旅券番号", "Passport number"), hint=("英大文字と数字", "Capitals and digits")),
        ),
    ),
    Part(("本籍", "Registered domicile"), _honseki("honseki")),
    Part(
        ("日本での最後の住所", "Last address in Japan"),
        (
            Field(
                "last_address/municipality",
                ("市区町村コード(6桁)", "Municipality code (six digits)"),
                hint=("例: 131016 千代田区", "For instance 131016, Chiyoda"),
            ),
            Field("last_address/text", ("町名・番地など", "The rest of the address")),
            Field("resident_record_code", ("住民票コード", "Resident record code (住民票コード)")),
        ),
    ),
    Part(
        ("個人番号", "Individual number"),
        (
            Field(
                "individual_number",
                ("個人番号", "Individual number (個人番号)"),
                hint=(
                    "番号・カードの手続で提示されたときだけ",
                    "Only where it was shown for a procedure of number or card",
                ),
            ),
            Field(
                "number_check/number_checked_by",
                ("番号確認の方法", "How the number was checked"),
                hint=("例: 通知カード", "For instance by the notification card"),
            ),
            Field(
                "number_check/identity_checked_by",
                ("身元確認の方法", "How the person was checked"),
                hint=("例: 旅券", "For instance by the passport"),
            ),
        ),
    ),
    Part(
        ("国外で生まれた子", "Child born abroad"),
        (
            Field("born_abroad", ("この世帯に国外で生まれた子", "A child born abroad to this household"), Kind.TICK),
            Field(
                "retention/is_needed",
                ("国籍留保が必要か", "Is the nationality to be reserved (国籍留保)?"),
                Kind.YES_OR_NO,
                options=_YES_OR_NO,
            ),
            Field("retention/declared_on", ("国籍留保の届出年月日", "Reserved on"), Kind.DAY, _DAY_HINT),
            Field("retention/possible_from", ("届出ができるようになった日", "Possible from"), Kind.DAY, _DAY_HINT),
        ),
    ),
    Part(
        ("変わった氏名", "New name"),
        (
            *_name("new_name", is_new=True),
            Field("name_change", ("変更の事由", "Why"), Kind.CHOICE, options=tuple(_CHANGES.items())),
        ),
        of_change=True,
    ),
    Part(("変わった本籍", "New registered domicile"), _honseki("new_honseki"), of_change=True),
)


class Placed(msgspec.Struct, frozen=True):
    """A field where it stands: ``name`` is its place in the report, ``person`` counts from 0."""

    name: str
    field: Field
    person: int | None = None


def placed(people: int) -> Iterator[Placed]:
    """Yield every field of a report about so many people, in the order of the form."""
    for part in REPORT_PARTS:
        yield from (Placed(f"/{field.place}", field) for field in part.fields)
    for person in range(min(people, LARGEST_HOUSEHOLD)):
        for part in PERSON_PARTS:
            yield from (Placed(f"/people/{person}/{field.place}", field, person) for field in part.fields)
