"""Extracts as a municipal system writes them, for tests to spoil. A row that a test does not change is right."""

import csv
import io
from datetime import date

from municipality_sync.agent.collect import Rules, collectable
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import Findings
from municipality_sync.agent.layout import read_layout
from registry.code_tables.files import load_municipalities
from registry.domain.numbers import (
    addressee_number_check_digit,
    individual_number_check_digit,
    resident_record_code_check_digit,
    weighted_remainder,
)

TODAY = date(2025, 4, 1)
RULES = Rules(municipalities=load_municipalities(), today=TODAY)

HEADINGS = (
    "宛名番号",
    "履歴番号",
    "事由",
    "異動日",
    "届出日",
    "氏名",
    "カナ",
    "旧氏",
    "生年月日",
    "性別",
    "国籍",
    "住民票コード",
    "個人番号",
    "本籍",
    "筆頭者",
    "住所",
    "市区町村コード",
    "転出先",
    "備考",
)
TOML = """
municipality = "131016"
encoding = "cp932"
unknown_dates = ["99999999"]
unknown_part = "99"

[columns]
addressee_number = "宛名番号"
history_number = "履歴番号"
reason = "事由"
effective = "異動日"
notified_on = "届出日"
name = "氏名"
kana = "カナ"
former_surname = "旧氏"
birth_date = "生年月日"
sex = "性別"
nationality = "国籍"
resident_record_code = "住民票コード"
individual_number = "個人番号"
honseki = "本籍"
honseki_head = "筆頭者"
address = "住所"
address_municipality = "市区町村コード"
destination = "転出先"

[reasons]
10 = "国内転入"
11 = "国外転入等"
12 = "職権記載(帰化等)"
20 = "国内転出"
21 = "国外転出"
22 = "死亡"
23 = "職権消除(国籍喪失)"
28 = "異動の取消し(増)"
29 = "異動の取消し(減)"
30 = "転居"
31 = "職権修正"

[sexes]
1 = "male"
2 = "female"

[nationalities]
JPN = "japanese"
"*" = "foreign"
"""


def layout(*, columns=(), headings=(), **changes):
    """The layout above; ``changes`` are top-level values in TOML, None leaves one out.

    ``columns`` are further ones, by our name of them; ``headings`` are other names for those that are there.
    """
    kept = "\n".join(line for line in TOML.splitlines() if line.partition(" =")[0] not in changes)
    lines = "\n\n".join(part for part in kept.split("\n\n") if part.partition("]")[0].strip("\n[") not in changes)
    for old, new in dict(headings).items():
        lines = lines.replace(f'= "{old}"', f'= "{new}"')
    more = "\n".join(f'{field} = "{heading}"' for field, heading in dict(columns).items())
    given = "\n".join(f"{name} = {value}" for name, value in changes.items() if value is not None)
    toml = f"{given}\n{lines}".replace("[columns]", f"[columns]\n{more}")
    return read_layout(toml.encode(), load_municipalities())


LAYOUT = layout()


def addressee(person):
    serial = f"{person:09}"
    return serial + str(addressee_number_check_digit(serial))


def number(person):
    base = f"9{person:010}"
    return base + str(individual_number_check_digit(base))


def code(person, *, uncertain=False):
    base = next(
        base
        for base in (f"{lead}{person:07}" for lead in range(100, 200))
        if (weighted_remainder(base) <= 1) is uncertain
    )
    return base + str(resident_record_code_check_digit(base))


def row(person=1, history=1, **cells):
    """One line of a Japanese who moved abroad; ``cells`` by the municipality's headings."""
    right = {
        "宛名番号": addressee(person),
        "履歴番号": str(history),
        "事由": "21",
        "異動日": "20230401",
        "届出日": "20230320",
        "氏名": "見本　花子",
        "カナ": "ﾐﾎﾝ ﾊﾅｺ",
        "生年月日": "昭和60年3月7日",
        "性別": "2",
        "国籍": "JPN",
        "住民票コード": code(person),
        "個人番号": number(person),
        "本籍": "東京都千代田区麹町九丁目１番地",
        "筆頭者": "見本　太郎",
        "住所": "麹町九丁目１番１号",
        "転出先": "アメリカ合衆国",
    }
    return dict.fromkeys(HEADINGS, "") | right | cells


def text(*rows, headings=HEADINGS):
    written = io.StringIO()
    writer = csv.DictWriter(written, headings, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def extract(*rows, encoding="cp932", headings=HEADINGS):
    return text(*rows, headings=headings).encode(encoding)


def opened(data, like=LAYOUT):
    return Extract(io.BytesIO(data), like)


def collected(data, like=LAYOUT, rules=RULES):
    """Everyone who may be sent of an extract, and what was found on the way."""
    findings = Findings()
    return list(collectable(opened(data, like), findings, rules)), findings


def faults_in(data, like=LAYOUT):
    """The faults of an extract as (line, column, code)."""
    _, findings = collected(data, like)
    return [(fault.line, fault.column, fault.code) for fault in findings.faults]
