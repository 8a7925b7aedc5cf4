"""What a sample suggests, and what it does not: a code's meaning is never made up."""

import io
from datetime import date

import pytest

from municipality_sync.agent import guess
from municipality_sync.agent.findings import ExtractUnreadable, FileFault
from municipality_sync.agent.layout import Nationality
from municipality_sync.agent.sample import read_sample, shape
from registry.code_tables.files import load_municipalities
from registry.domain.basic_four import Sex
from registry.domain.removed_record import Reason
from tests.municipality_sync.agent.extracts import LAYOUT, addressee, code, extract, number, row, text

TODAY = date(2025, 4, 1)
STANDARD = {
    "事由": "異動事由コード",
    "異動日": "異動年月日",
    "届出日": "異動届出年月日",
    "氏名": "漢字氏名",
    "カナ": "氏名_フリガナ",
    "筆頭者": "戸籍筆頭者",
    "住所": "現住所",
    "市区町村コード": "住所_市区町村コード",
}


def renamed(*rows, **names):
    """A sample whose headings are those of the builders but for some."""
    head, _, rest = text(*rows).partition("\r\n")
    head = ",".join(names.get(heading, heading) for heading in head.split(","))
    return read_sample(io.BytesIO(f"{head}\r\n{rest}".encode("cp932")), guess.known_words)


def standard(*rows):
    return renamed(*rows, **STANDARD)


def test_columns_are_known_by_their_usual_names():
    found = guess.columns(standard(row(1), row(2, 市区町村コード="011002"), row(3, 市区町村コード="131016")), None)
    assert found == {field: STANDARD.get(heading, heading) for field, heading in LAYOUT.columns.named().items()}


def test_numbers_with_right_check_digits_are_known_whatever_their_column_is_called():
    found = guess.columns(renamed(*map(row, range(1, 30)), 個人番号="項目1", 住民票コード="項目2"), None)
    assert (found["individual_number"], found["resident_record_code"]) == ("項目1", "項目2")


def test_a_column_must_hold_what_its_heading_says():
    rows = [row(person, 個人番号=addressee(person), 異動日="未定") for person in range(1, 20)]
    found = guess.columns(renamed(*rows), None)
    assert "individual_number" not in found
    assert "effective" not in found


def test_a_column_of_labels_goes_before_a_column_of_codes():
    rows = [row(person, 備考="国外転出") for person in range(1, 5)]
    assert guess.columns(renamed(*rows, 事由="異動事由コード", 備考="異動事由名"), None)["reason"] == "異動事由名"


def test_a_layout_of_the_same_system_goes_before_every_word():
    rows = [row(person, 備考="19990101") for person in range(1, 5)]
    assert guess.columns(renamed(*rows, 備考="異動年月日"), LAYOUT)["effective"] == "異動日"


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("国外転出", Reason.MOVED_ABROAD),
        ("職権消除（帰化等）", Reason.REMOVED_NATURALISED),
        ("異動の取消し（減）", Reason.REMOVAL_UNDONE_DECREASE),
        ("220", None),
        ("転出", None),
    ],
)
def test_a_reason_is_known_by_its_label_alone(written, meaning):
    assert guess.reason(written) is meaning


@pytest.mark.parametrize(("written", "meaning"), [("1", Sex.MALE), ("女", Sex.FEMALE), ("２", Sex.FEMALE), ("3", None)])
def test_a_sex_is_known_by_the_standard_or_as_a_word(written, meaning):
    assert guess.sex(written) is meaning


@pytest.mark.parametrize(
    ("written", "meaning"),
    [("JPN", Nationality.JAPANESE), ("日本人", Nationality.JAPANESE), ("外国人", Nationality.FOREIGN), ("1", None)],
)
def test_a_nationality_is_known_as_japans_or_as_a_word(written, meaning):
    assert guess.nationality(written) is meaning


def test_signs_for_what_is_unknown_are_found_among_dates():
    dates = ["19850307", "99999999", "19850399", "昭和60年3月7日", "9999999"]
    assert guess.unknown_dates(dates) == ["9999999", "99999999"]
    assert guess.unknown_part(dates) == "99"
    assert guess.unknown_part(["19850300", "99999999"]) == ""


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["3600307", "4010108", "5050401"], {"3": "昭和", "4": "平成", "5": "令和"}),
        (["3600307", "19850307"], {"3": "昭和"}),
        (["5200101"], {}),
        (["3650101"], {}),
        (["7010101"], {}),
        (["19850307"], {}),
    ],
)
def test_codes_of_eras_are_proposed_where_they_fit_every_date(dates, expected):
    assert guess.eras(dates, TODAY) == expected


@pytest.mark.parametrize(
    ("column", "name", "expected"),
    [("備考", "x.csv", "131016"), (None, "除票_131016_20250331.csv", "131016"), (None, "除票_130001_202503.csv", "")],
)
def test_the_municipality_is_read_off_the_sample_or_its_name(column, name, expected):
    found = renamed(row(1, 備考="131016"))
    assert guess.municipality(found, column, name, load_municipalities()) == expected


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "euc_jp"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_sample_is_read_in_its_encoding_and_with_its_delimiter(encoding, delimiter):
    data = text(row(1), row(2)).replace(",", delimiter).encode(encoding)
    found = read_sample(io.BytesIO(data), guess.known_words)
    assert (found.heading.encoding, found.heading.delimiter, found.lines) == (
        encoding.removesuffix("-sig"),
        delimiter,
        2,
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(extract(row(1)).split(b"\r\n", 1)[1], id="data in the first line"),
        pytest.param(b"a,b\r\n1,2\r\n", id="two columns"),
    ],
)
def test_a_first_line_that_is_no_heading_is_refused_and_not_repeated(data):
    with pytest.raises(ExtractUnreadable) as refused:
        read_sample(io.BytesIO(data), guess.known_words)
    [fault] = refused.value.faults
    assert fault.code == FileFault.NO_HEADING
    assert "見本" not in fault.expected


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("髙﨑　花子", "漢漢　漢漢"),
        ("ﾐﾎﾝ ﾊﾅｺ", "アアア アアア"),
        ("みほん　ハナコー", "あああ　アアアア"),
        ("SMITH John", "AAAAA AAAA"),
        (number(1), "9" * 12),
        (code(1), "9" * 11),
        ("𠮷田\ue000〓", "漢漢漢漢"),
        ("Ｓ６０年", "A99漢"),
        ("長" * 30, "漢" * 24 + "…"),
    ],
)
def test_a_shape_says_nothing_of_what_stands_there(written, seen):
    assert shape(written) == seen
