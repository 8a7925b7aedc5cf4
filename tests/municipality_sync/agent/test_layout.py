"""A layout is read whole or refused with all its faults."""

import pytest

from municipality_sync.agent.layout import Encoding, Nationality, read_layout
from registry.code_tables.files import load_municipalities
from registry.domain.errors import FaultCode, InvalidInput
from registry.domain.removed_record import Reason
from tests.municipality_sync.agent.extracts import TOML


def read(toml):
    return read_layout(toml if isinstance(toml, bytes) else toml.encode(), load_municipalities())


def test_a_layout_says_how_an_extract_is_read():
    layout = read(TOML)
    assert str(layout.municipality) == "131016"
    assert layout.encoding is Encoding.CP932
    assert layout.delimiter is None
    assert layout.columns.named()["name"] == "氏名"
    assert layout.reasons["21"] is Reason.MOVED_ABROAD
    assert layout.nationalities["*"] is Nationality.FOREIGN


@pytest.mark.parametrize(
    ("old", "new", "pointer", "code"),
    [
        pytest.param('"131016"', '"131017"', "/municipality", FaultCode.CHECK_DIGIT, id="a code with a typing error"),
        pytest.param('"131016"', '"139998"', "/municipality", FaultCode.CODE_UNKNOWN, id="a code that never existed"),
        pytest.param('"131016"', '"130001"', "/municipality", FaultCode.CODE_UNKNOWN, id="a prefecture"),
        pytest.param('"cp932"', '"utf-16"', "/encoding", FaultCode.OUT_OF_RANGE, id="an encoding without line ends"),
        pytest.param('name = "氏名"', "", "/columns/name", FaultCode.MISSING, id="no column of names"),
        pytest.param('"カナ"', '"氏名"', "/columns/kana", FaultCode.DUPLICATE, id="one heading for two items"),
        pytest.param("kana =", "hiragana =", "/columns/hiragana", FaultCode.UNKNOWN_FIELD, id="an item unknown to us"),
        pytest.param('"国内転入"', '"転入"', "/reasons/?", FaultCode.OUT_OF_RANGE, id="no label of the specification"),
        pytest.param('"国外転出"', '"死亡"', "/reasons", FaultCode.MISSING, id="no code for moving abroad"),
        pytest.param('"japanese"', '"foreign"', "/nationalities", FaultCode.MISSING, id="no code for Japanese"),
        pytest.param(
            'encoding = "cp932"',
            'delimiter = "、"',
            "/delimiter",
            FaultCode.OUT_OF_RANGE,
            id="a delimiter of no system",
        ),
        pytest.param(
            "[sexes]", '[eras]\n3 = "平安"\n[sexes]', "/eras/?", FaultCode.OUT_OF_RANGE, id="an era long over"
        ),
        pytest.param(
            "[sexes]", '[eras]\nS = "昭和"\n[sexes]', "/eras/S", FaultCode.OUT_OF_RANGE, id="an initial as code"
        ),
        pytest.param(
            'encoding = "cp932"',
            'file_name = "{month}.csv"',
            "/file_name",
            FaultCode.OUT_OF_RANGE,
            id="a place of no kind",
        ),
        pytest.param(
            'encoding = "cp932"',
            'file_name = "{as_of}-{as_of}.csv"',
            "/file_name",
            FaultCode.OUT_OF_RANGE,
            id="a place that stands twice",
        ),
        pytest.param(
            'encoding = "cp932"', 'file_name = "*a*b*c*"', "/file_name", FaultCode.OUT_OF_RANGE, id="a name of any kind"
        ),
        pytest.param('"99"', '"9"', "/unknown_part", FaultCode.OUT_OF_RANGE, id="half a month"),
    ],
)
def test_a_layout_that_cannot_be_right_is_refused_at_its_place(old, new, pointer, code):
    with pytest.raises(InvalidInput) as refused:
        read(TOML.replace(old, new))
    assert (pointer, code) in [(fault.pointer, fault.code) for fault in refused.value.faults]


def test_all_faults_of_a_layout_come_out_at_once():
    with pytest.raises(InvalidInput) as refused:
        read(TOML.replace('"cp932"', '"ebcdic"').replace('"male"', '"man"').replace('name = "氏名"', ""))
    assert [fault.pointer for fault in refused.value.faults] == ["/columns/name", "/sexes/?", "/encoding"]


@pytest.mark.parametrize(
    "toml",
    [
        pytest.param("municipality = 131016 = 1", id="no TOML"),
        pytest.param(TOML.encode("cp932"), id="no UTF-8"),
    ],
)
def test_what_is_no_toml_is_refused(toml):
    with pytest.raises(InvalidInput) as refused:
        read(toml)
    assert [fault.code for fault in refused.value.faults] == [FaultCode.WRONG_TYPE]
