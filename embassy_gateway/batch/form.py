"""様式 — the staff's own batch form: one row a person, the columns of ``fields``, and how every other file is read.

The form is a map like any other, with two habits more. A line that begins with "# " is a note. And a heading that it
does not know is a fault: a misspelt column would otherwise be left out of every report without a word.
"""

import csv
import io
from typing import Final

import msgspec

from embassy_gateway.batch.fields import FIELDS
from embassy_gateway.batch.map_file import Map
from registry.domain.basic_four import Sex
from registry.domain.civil_status import NameChange, Reporter
from registry.domain.residence_report import REPORT_LABELS, ReportKind


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is read: its map, the fields whose columns must be there, and whether it is the staff's own form."""

    map: Map
    required: frozenset[str]
    is_own: bool = False


def form_of(map_: Map) -> Form:
    """Return the form of an export: every column that its map names must be there, any other may."""
    return Form(map=map_, required=frozenset(map_.columns))


_NAME_CHANGES: Final = {
    "婚姻": NameChange.MARRIAGE,
    "離婚": NameChange.DIVORCE,
    "養子縁組": NameChange.ADOPTION,
    "離縁": NameChange.ADOPTION_DISSOLVED,
    "入籍": NameChange.ENTRY_INTO_REGISTER,
    "氏の変更": NameChange.SURNAME,
    "名の変更": NameChange.GIVEN_NAME,
    "振仮名の変更": NameChange.READING,
    "旧氏": NameChange.FORMER_SURNAME,
}

_REPORTERS: Final = {
    "本人": Reporter.SELF,
    "配偶者": Reporter.SPOUSE,
    "同居の親族": Reporter.RELATIVE_IN_HOUSEHOLD,
    "その他の親族": Reporter.RELATIVE,
    "その他の同居者": Reporter.OTHER_IN_HOUSEHOLD,
    "家主": Reporter.LANDLORD,
    "後見人": Reporter.GUARDIAN,
    "官公署": Reporter.PUBLIC_OFFICE,
}

OWN_FORM: Final = Form(
    map=Map(
        columns={name: field.heading for name, field in FIELDS.items() if field.heading},
        open_ended=("永住", "permanent", "未定"),
        kinds={
            **{kind.value: kind for kind in ReportKind},
            **{label: kind for kind, label in REPORT_LABELS.items()},
            "帰国届": ReportKind.RETURN,
            "転出届": ReportKind.RETURN,
            "取下げ": ReportKind.ANNULMENT,
        },
        sexes={"male": Sex.MALE, "男": Sex.MALE, "female": Sex.FEMALE, "女": Sex.FEMALE, "unknown": Sex.UNKNOWN},
        nationalities={"": "JP"},  # what a clerk leaves blank states that the person is Japanese (decision 0010)
        countries={"米国": "US", "アメリカ": "US", "英国": "GB", "イギリス": "GB", "韓国": "KR", "中国": "CN"},
        born_abroad={"": False, "いいえ": False, "no": False, "0": False, "はい": True, "yes": True, "1": True},
        retention_needed={"要": True, "needed": True, "不要": False, "not needed": False},
        name_changes={**{one.value: one for one in NameChange}, **_NAME_CHANGES},
        reporters={**{one.value: one for one in Reporter}, **_REPORTERS},
    ),
    required=frozenset({"household", "kind", "effective", "notified_on", "surname", "birth_date", "nationality"}),
    is_own=True,
)

# Nobody has these names, and nothing of them is ever read: the lines begin with a mark.
_EXAMPLES: Final = (
    {
        "household": "# 1",
        "kind": "在留届",
        "effective": "2024-04-01",
        "notified_on": "2024-04-10",
        "surname": "例示",
        "given": "花子",
        "surname_kana": "レイジ",
        "given_kana": "ハナコ",
        "surname_latin": "REIJI",
        "given_latin": "HANAKO",
        "birth_date": "昭和60年3月7日",
        "sex": "女",
        "nationality": "JP",
        "honseki": "東京都千代田区麹町九丁目3番地",
        "country": "US",
        "subdivision": "New York",
        "city": "New York",
        "address_1": "1 Example Street",
        "postcode": "10001",
        "telephone": "(+1) 212-555-0100",
        "planned_end": "永住",
    },
    {"household": "# 1", "surname": "例示", "given": "太郎", "birth_date": "2015-05-05", "sex": "男"},
    {"household": "# 1", "surname_latin": "EXAMPLE", "birth_date": "1984-01-02", "nationality": "GB"},
)


def template() -> bytes:
    """Return the empty form with a note for each column and an example, as lines that are not read.

    UTF-8 with a mark, by which spreadsheets know it, and CRLF.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, OWN_FORM.map.columns, restval="", lineterminator="\r\n")
    writer.writerow(OWN_FORM.map.columns)
    notes = {name: FIELDS[name].note for name in OWN_FORM.map.columns}
    writer.writerow(notes | {"household": f"# {notes['household']}"})
    writer.writerows(_EXAMPLES)
    return text.getvalue().encode("utf-8-sig")
