"""A small country for tests of the tables: 47 prefectures, a handful of municipalities, three missions."""

from registry.code_tables.shapes import SHAPES, Row, TableName, read_rows, write_rows
from registry.domain.municipality import municipality_check_digit

HEADINGS = "団体コード,都道府県名\n（漢字）,市区町村名\n（漢字）,都道府県名\n（カナ）,市区町村名\n（カナ）"
OFFICIAL_HEADER = ",".join(f'"{one}"' for one in HEADINGS.split(","))


def code(base):
    return f"{base}{municipality_check_digit(base)}"


def prefecture_code(number):
    return code(f"{number:02}000")


def row(table, **cells):
    shape = SHAPES[table]
    return Row(cells=dict.fromkeys(shape.columns, "") | cells)


def municipality(base, name, prefecture="県1", **cells):
    return row(TableName.MUNICIPALITIES, code=code(base), prefecture=prefecture, name=name, **cells)


PREFECTURES = [
    row(TableName.MUNICIPALITIES, code=prefecture_code(number), prefecture=f"県{number}", name_kana="ケン")
    for number in range(1, 48)
]
CITY, WARD, TOWN, VILLAGE, OLD = code("01100"), code("01101"), code("01301"), code("01302"), code("01399")
STANDING = [
    municipality("01100", "大市", name_kana="オオシ", valid_from="1972-04-01"),
    municipality("01301", "山町", name_kana="ヤママチ"),
    municipality("01302", "海村", name_kana="ウミムラ"),
]
WARDS = [municipality("01101", "大市中央区", city=CITY, valid_from="1972-04-01")]
ENDED = [municipality("01399", "旧村", valid_to="1999-04-01", successors=TOWN)]

TABLES = {
    TableName.MUNICIPALITIES: [*PREFECTURES, *STANDING, *WARDS, *ENDED],
    TableName.MISSIONS: [
        row(
            TableName.MISSIONS, code=f"JP-{place}", kind="consulate-general", country="US", time_zone="America/New_York"
        )
        for place in ("CG-NORTH", "CG-SOUTH", "CG-WEST")
    ],
    TableName.MISSION_NAMES: [
        row(TableName.MISSION_NAMES, mission=f"JP-CG-{place}", name=f"在{place}総領事館")
        for place in ("NORTH", "SOUTH", "WEST")
    ],
    TableName.AREAS: [
        row(TableName.AREAS, mission="JP-CG-NORTH", country="US", subdivisions="Maine;Ohio;Utah"),
        row(TableName.AREAS, mission="JP-CG-SOUTH", country="US", subdivisions="Texas", excluded="Texas/El Paso"),
        row(TableName.AREAS, mission="JP-CG-SOUTH", country="FR"),
        row(TableName.AREAS, mission="JP-CG-WEST", country="US", subdivisions="Texas/El Paso"),
    ],
    TableName.COUNTRIES: [
        row(TableName.COUNTRIES, alpha_2=two, alpha_3=three, name_en=name, name_ja=name)
        for two, three, name in (("FR", "FRA", "France"), ("US", "USA", "United States"))
    ],
}
TEXTS = {table: write_rows(table, rows) for table, rows in TABLES.items()}


def file_of(table, rows):
    """The bytes of a file with these rows, as our own table has them."""
    return write_rows(table, rows).encode()


def official(*rows, encoding="cp932"):
    """The list of 総務省 with these rows and all prefectures, kana in half width as it has them."""
    lines = [OFFICIAL_HEADER, *(f"{one['code']},{one['prefecture']},,ｹﾝ," for one in PREFECTURES)]
    lines += [f"{one['code']},{one['prefecture']},{one['name']},ｹﾝ,{one['name_kana'] or 'ﾖﾐ'}" for one in rows]
    return "\r\n".join([*lines, ",,,,"]).encode(encoding)


def rows_of(revision):
    return {tuple(one.cells.values()) for one in read_rows(revision.content)}
