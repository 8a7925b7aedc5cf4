"""Batch files for the tests: the staff's form filled in, and an export of an invented service with its map."""

import csv
import io

from embassy_gateway.batch.form import OWN_FORM, form_of
from embassy_gateway.batch.map_file import read_map
from embassy_gateway.batch.taking_in import Batch
from tests.embassy_gateway.mission import FOREIGNER, GIVEN, PASSPORT, SURNAME

HEADING_OF = OWN_FORM.map.columns

HEAD = {
    "household": "1",
    "kind": "在留届",
    "effective": "2026-10-01",
    "notified_on": "2026-11-20",
    "surname": SURNAME,
    "given": GIVEN,
    "surname_kana": "タカサキ",
    "given_kana": "ハナコ",
    "birth_date": "昭和60年3月7日",
    "sex": "女",
    "nationality": "JP",
    "passport_number": PASSPORT,
    "country": "US",
    "subdivision": "New York",
    "city": "New York",
    "address_1": "1 Example Ave",
}
CHILD = {"household": "1", "surname": SURNAME, "given": "太郎", "birth_date": "2015-05-05", "nationality": "JP"}
SPOUSE = {"household": "1", "surname_latin": FOREIGNER, "birth_date": "1984-01-02", "nationality": "GB"}


def head(household=1, **changes):
    """A person whose household has no fault; ``household`` makes it another one."""
    return HEAD | {"household": str(household), "address_1": f"{household} Example Ave"} | changes


def child(household=1, **changes):
    return CHILD | {"household": str(household)} | changes


def spouse(household=1, **changes):
    return SPOUSE | {"household": str(household)} | changes


def form(*rows, columns=None, encoding="utf-8-sig", delimiter=",", end="\r\n"):
    """The staff's form with these rows; ``columns`` are those that it has, all if not told."""
    columns = columns or list(HEADING_OF)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow([HEADING_OF[name] for name in columns])
    writer.writerows([[row.get(name, "") for name in columns] for row in rows])
    return text.getvalue().encode(encoding)


MAP = """
heads = ["本人"]
date_order = "dmy"
unknown_dates = ["99/99/9999"]
open_ended = ["無期限"]
of_head = ["mobile"]

[columns]
household = "id"
relationship = "relation"
kind = "type"
effective = "arrival"
notified_on = "filed"
name = "name"
name_latin = "passport name"
birth_date = "born"
sex = "sex"
nationality = "nationality"
planned_end = "until"
country = "country"
subdivision = "state"
city = "city"
mobile = "mobile"

[kinds]
A = "residence"
B = "return"

[sexes]
1 = "male"
2 = "female"

[nationalities]
392 = "JP"
"""
EXPORTED = {
    "id": "0001",
    "relation": "本人",
    "type": "A",
    "arrival": "01/10/2026",
    "filed": "20/11/2026 09:15",
    "name": f"{SURNAME}　{GIVEN}",
    "passport name": "TAKASAKI HANAKO",
    "born": "07/03/1985",
    "sex": "2",
    "nationality": "392",
    "until": "無期限",
    "country": "United States",
    "state": "New York",
    "city": "New York",
    "mobile": "+1 212 555 0100",
}


def export(*rows, encoding="cp932", without=()):
    """The service's export with these rows, and a column that its map does not name."""
    columns = [name for name in EXPORTED if name not in without]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, "職業"])
    writer.writerows([[(EXPORTED | row).get(name, "") for name in columns] + ["=1+1"] for row in rows])
    return text.getvalue().encode(encoding)


def take_in(mission, data, *, form=OWN_FORM, mends=None, **how):
    """Take a file in; return what became of it."""
    return Batch(mission.gateway, form, **how).take_in(io.BytesIO(data), mends)


def take_export(mission, data, toml=MAP):
    return take_in(mission, data, form=form_of(read_map(toml.encode())))


def found(outcome):
    """Every kind of fault as (code, column, lines)."""
    return [(str(kind.code), kind.column, list(kind.lines)) for kind in outcome.faults]


def kept(mission):
    """Every report that the spool holds, as it goes over the wire."""
    with mission.gateway.spool.reading() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM report ORDER BY id")]
    return [mission.gateway.spool.payload(one) for one in ids]
