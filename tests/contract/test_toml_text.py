"""Files written by hand: what is no TOML is refused, whatever else the library would have said or done."""

import time
import tomllib

import pytest

from registry.contract.toml_text import MAX_BYTES, read_toml
from registry.domain.errors import FaultCode, InvalidInput

SECRET = "Featherstonehaugh"
REFUSED = {
    "no TOML": (b"a = = 1", FaultCode.WRONG_TYPE),
    "no UTF-8": ("a = '髙'".encode("cp932"), FaultCode.WRONG_TYPE),
    "a table twice": (f"[{SECRET}]\n[{SECRET}]\n".encode(), FaultCode.WRONG_TYPE),
    "a number of 5,000 digits": (b"a = " + b"1" * 5_000, FaultCode.WRONG_TYPE),
    "lists within lists": (b"a = " + b"[" * 3_000, FaultCode.WRONG_TYPE),
    "tables within tables": (b"a = " + b"{a=" * 3_000, FaultCode.WRONG_TYPE),
    "too long": (b"#" * (MAX_BYTES + 1), FaultCode.TOO_LONG),
    "a name of too many parts": (b".".join([b"a"] * 300) + b" = 1", FaultCode.OUT_OF_RANGE),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_toml_is_refused_and_nothing_of_it_repeated(data, code):
    with pytest.raises(InvalidInput) as refused:
        read_toml(data)
    assert [fault.code for fault in refused.value.faults] == [code]
    assert SECRET not in str(refused.value.faults)
    assert refused.value.__context__ is None


def test_toml_is_read_with_a_mark_and_without():
    data = 'name = "氏名"  # 1.2.3\n[eras]\n3 = "昭和"\n'.encode()
    assert read_toml(data) == read_toml(b"\xef\xbb\xbf" + data) == tomllib.loads(data.decode())


def test_names_of_many_parts_never_keep_anybody_waiting():
    data = b"\n".join(b"[a%d" % number + b".a" * 199 + b"]" for number in range(600))
    started = time.process_time()
    read_toml(data)
    assert time.process_time() - started < 10  # it was 36 s when names could be of any length
