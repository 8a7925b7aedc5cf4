"""``init`` from the command line: what it writes passes the check, and what it shows is about nobody."""

import io
import json
import tomllib
from pathlib import Path

import pytest

import registry.sandbox
from municipality_sync.agent.guess import ITEMS
from municipality_sync.cli import main
from registry.domain.removed_record import Reason
from tests.municipality_sync.agent.extracts import HEADINGS, TOML, addressee, code, extract, number, row, text

SAMPLES = Path(registry.sandbox.__file__).parent / "samples"
USUAL = {"事由": "異動事由", "異動日": "異動年月日", "届出日": "届出年月日"}


def with_usual_headings(*rows, encoding="cp932"):
    head, _, rest = text(*rows).partition("\r\n")
    head = ",".join(USUAL.get(heading, heading) for heading in head.split(","))
    return f"{head}\r\n{rest}".encode(encoding)


LABELLED = with_usual_headings(
    row(1, 1, 事由="国内転入", 異動日="3640101", 生年月日="3600307"),
    row(1, 2, 事由="国外転出", 異動日="5050401", 生年月日="3600307"),
    row(2, 事由="国外転出", 生年月日="19859999", 性別="男"),
    row(3, 事由="職権消除（国籍喪失）", 国籍="USA"),
    row(4, 事由="国外転出", 生年月日="99999999", 氏名="植込　太郎"),
)
CODED = with_usual_headings(row(1, 1, 事由="10"), row(1, 2, 事由="21"), row(2, 1, 事由="20", 国籍="USA"))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run ``init`` with answers typed line by line; returns exit code and what was said."""

    def _run(data, *options, answers=(), command="init", name="sample.csv"):
        (tmp_path / name).write_bytes(data)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        with pytest.raises(SystemExit) as ended:
            main([command, str(tmp_path / name), *options])
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    return _run


@pytest.fixture
def layout_file(tmp_path):
    return tmp_path / "layout.toml"


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_what_is_written_from_a_plain_sample_passes_the_check(run, layout_file, encoding):
    data = LABELLED.decode("cp932").encode(encoding)
    assert run(data, "--municipality", "131016", "--yes", "--out", str(layout_file))[0] == 0
    exit_code, said = run(data, "--layout", str(layout_file), "--json", command="check")
    report = json.loads(said)
    assert (exit_code, report["people"], report["to_send"]) == (0, 4, 3)
    assert report["stays"] == {"stays-foreign-national": 1}


def test_the_samples_of_the_demo_need_the_codes_of_their_system_and_nothing_else(run, layout_file):
    data = (SAMPLES / "removed-131016.csv").read_bytes()
    given = ("--like", str(SAMPLES / "layout-131016.toml"), "--yes", "--out", str(layout_file))
    assert run(data, *given, name="removed-131016.csv")[0] == 1
    report = json.loads(run(data, "--layout", str(layout_file), "--json", command="check")[1])
    assert (report["people"], report["to_send"], report["held_back"]) == (30, 16, 4)


def test_what_a_code_means_is_asked(run, layout_file):
    meanings = {"10": "国内転入", "21": "国外転出", "20": "国内転出"}
    numbers = [str(list(Reason).index(Reason(meaning)) + 1) for meaning in meanings.values()]
    answers = ["131016", *[""] * len(ITEMS), *numbers, "", ""]
    exit_code, said = run(CODED, "--out", str(layout_file), answers=answers)
    assert "1=国内転出" in said
    assert exit_code == 0
    reasons = tomllib.loads(layout_file.read_text(encoding="utf-8"))["reasons"]
    assert reasons == meanings


def test_without_anyone_to_ask_what_is_not_plain_ends_it_and_nothing_is_written(run, layout_file):
    exit_code, said = run(CODED, "--yes", "--out", str(layout_file))
    assert exit_code == 2
    assert "/municipality" in said
    assert not layout_file.exists()
    exit_code, said = run(CODED, "--yes", "--municipality", "131016", "--out", str(layout_file))
    assert exit_code == 2
    assert "/reasons" in said
    assert not layout_file.exists()


def test_columns_that_are_missing_are_named_at_once(run, layout_file):
    headings = [heading for heading in HEADINGS if heading not in {"届出日", "国籍", "性別"}]
    exit_code, said = run(extract(row(), headings=headings), "--yes", "--out", str(layout_file))
    assert exit_code == 2
    for expected in ("/columns/notified_on", "/columns/nationality", "/columns/sex"):
        assert expected in said


@pytest.mark.parametrize("answers", [(), ("131016", "", ""), ("131016", *[""] * (len(ITEMS) + 8), "n")])
def test_who_leaves_in_the_middle_or_says_no_leaves_nothing_behind(run, layout_file, answers):
    exit_code, said = run(LABELLED, "--out", str(layout_file), answers=answers)
    assert exit_code == 2
    assert "No layout was written" in said
    assert not layout_file.exists()


def test_an_answer_that_is_none_is_asked_again(run, layout_file):
    answers = ["131016", "999", "植込", "1", *[""] * 40]
    exit_code, said = run(LABELLED, "--out", str(layout_file), answers=answers)
    assert exit_code == 0
    assert said.count("宛名番号 / addressee_number") == 3


def test_a_layout_that_is_there_is_never_written_over(run, layout_file):
    layout_file.write_text(TOML, encoding="utf-8")
    exit_code, said = run(LABELLED, "--municipality", "131016", "--yes", "--out", str(layout_file))
    assert exit_code == 2
    assert "/--out" in said
    assert layout_file.read_text(encoding="utf-8") == TOML


@pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(100), b"", extract(row(1)).split(b"\r\n", 1)[1]])
def test_what_is_no_sample_is_said(run, layout_file, data):
    exit_code, said = run(data, "--yes", "--out", str(layout_file))
    assert exit_code == 2
    assert "→" in said
    assert "見本" not in said


@pytest.mark.parametrize("options", [("--yes",), ()])
def test_nothing_of_what_stands_in_the_sample_is_shown(run, layout_file, options):
    data = with_usual_headings(
        *(row(person, 事由="国外転出", 氏名="植込　太郎", 国籍="植込国", 性別="植") for person in range(1, 6)),
        row(7, 事由="国外転出", 生年月日="昭和47年9月8日"),
    )
    _, said = run(data, "--municipality", "131016", *options, "--out", str(layout_file), answers=[""] * 60)
    planted = ["植込", "太郎", "植", "見本", "花子", "ﾐﾎﾝ", "昭和60年3月7日", "昭和47年9月8日", "麹町"]
    planted += [of(person) for of in (addressee, number, code) for person in (1, 2, 3, 7)]
    assert not [text for text in planted if text in said]
