"""The sample extract of the demo, read as its README says."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

import registry.sandbox
from municipality_sync.agent.collect import Rules
from municipality_sync.agent.findings import Findings
from municipality_sync.agent.layout import read_layout
from municipality_sync.agent.search import search
from registry.code_tables.files import load_municipalities
from registry.contract.decoding import encode
from registry.contract.inquiry_list import RemovedRecordQuestion
from registry.domain.basic_four import PersonName
from registry.domain.date_reading import read
from registry.domain.inquiry_list import Sought
from registry.domain.removed_record import Collection, Reason
from tests.municipality_sync.agent.extracts import collected, opened

SAMPLES = Path(registry.sandbox.__file__).parent / "samples"
DATA = (SAMPLES / "removed-131016.csv").read_bytes()
RULES = Rules(municipalities=load_municipalities(), today=date(2026, 1, 15))


@pytest.fixture(scope="module")
def reading():
    layout = read_layout((SAMPLES / "layout-131016.toml").read_bytes(), load_municipalities())
    return collected(DATA, layout, RULES)


def test_sixteen_of_thirty_may_be_sent(reading):
    sent, findings = reading
    assert findings.people == 30
    assert len(sent) == findings.to_send == 16
    assert sum(one.record.removal is not None for one in sent) == 15
    assert findings.stays == {
        Collection.STAYS_FOREIGN_NATIONAL: 3,
        Collection.STAYS_NOT_MOVED_ABROAD: 6,
        Collection.STAYS_UNDECIDED: 1,
    }


def test_four_faulty_lines_hold_four_people_back(reading):
    _, findings = reading
    assert findings.held_back == 4
    assert [(fault.line, fault.column, fault.code) for fault in findings.faults] == [
        (68, "個人番号", "check-digit"),
        (70, "異動年月日", "date-impossible"),
        (72, "異動事由", "code-unknown"),
        (74, "", "truncated"),
    ]


def test_nothing_of_the_planted_stayers_is_in_what_would_be_sent(reading):
    sent, _ = reading
    wire = b"".join(encode(one.record) for one in sent).decode()
    rows = list(csv.DictReader(io.StringIO(DATA.decode("cp932"))))
    stayers = [row for row in rows if row["氏名"].startswith(("留守", "HOMEBODY"))]
    assert len({row["宛名番号"] for row in stayers}) == 10
    for row in stayers:
        for column in ("宛名番号", "個人番号", "住民票コード", "氏名"):
            assert not row[column] or row[column] not in wire
    assert "留守" not in wire
    assert "HOMEBODY" not in wire


def test_the_variant_characters_arrive_as_the_municipality_wrote_them(reading):
    sent, _ = reading
    surnames = {one.record.last.name.surname for one in sent}
    assert {"髙﨑", "渡邊", "吉田", "齋藤", "濵田"} <= surnames


def test_the_last_line_is_cut_off_and_every_other_ends_as_windows_ends_it():
    *whole, cut = DATA.split(b"\r\n")
    assert b"\n" not in b"".join(whole)
    assert cut.endswith("平成3年".encode("cp932"))


# ---------------------------------------------------------------- the other two, in layouts of their own

OTHERS = {
    "那覇市": ("removed-472018.tsv", "layout-472018.toml", ["比嘉", "金城"], {"stays-foreign-national": 1}, 1),
    "函館市": ("jyohyo_012025_202503.csv", "layout-012025.toml", ["工藤"], {}, 3),
}


@pytest.mark.parametrize(("file", "layout", "names", "stays", "not_abroad"), OTHERS.values(), ids=OTHERS)
def test_the_other_extracts_are_read_by_maps_of_their_own(file, layout, names, stays, not_abroad):
    like = read_layout((SAMPLES / layout).read_bytes(), load_municipalities())
    sent, findings = collected((SAMPLES / file).read_bytes(), like, RULES)
    assert [one.record.last.name.surname for one in sent] == names
    assert findings.stays == {Collection(reason): count for reason, count in stays.items()} | {
        Collection.STAYS_NOT_MOVED_ABROAD: not_abroad
    }
    assert findings.faults == ()


def test_of_who_was_struck_off_ex_officio_only_the_one_asked_for_is_found():
    like = read_layout((SAMPLES / "layout-012025.toml").read_bytes(), load_municipalities())
    extract = opened((SAMPLES / "jyohyo_012025_202503.csv").read_bytes(), like)
    who = Sought(name=PersonName(surname="三上", given="大地"), birth_date=read("1990-09-09"))
    asked = (RemovedRecordQuestion(question_id="question-1", sought=who),)
    (answer,) = search(extract, asked, Findings(), RULES, is_complete=False)
    assert answer.found.record.last.reason is Reason.REMOVED_EX_OFFICIO
