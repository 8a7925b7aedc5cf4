"""The commands, from the command line to the exit code: what is said, and what is never said."""

import json
import os
import subprocess
import sys

import pytest

from municipality_sync.agent.state import open_state
from municipality_sync.cli import main
from registry.contract.problems import ProblemCode
from tests.municipality_sync.agent.extracts import TOML, addressee, code, extract, number, row, text
from tests.municipality_sync.agent.registry_stand_in import environment, proxy_error, refused, signed_by_another

GOOD = extract(row(1), row(2))
FAULTY = extract(
    row(1, 氏名="植込　太郎", 生年月日="昭和47年9月8日"),
    row(2, 異動日="20230230"),
    row(3, 個人番号=number(3)[::-1]),
    row(4, 国籍="USA"),
    row(5, 事由="20"),
    row(6, 国籍=""),
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command over an extract; returns exit code and everything it said."""

    def _run(command, data=GOOD, *options, layout=TOML, settings=(), name="extract.csv"):
        (tmp_path / name).write_bytes(data)
        (tmp_path / "layout.toml").write_text(layout, encoding="utf-8")
        for variable, value in dict(settings).items():
            monkeypatch.setenv(variable, value)
        files = (str(tmp_path / name), "--layout", str(tmp_path / "layout.toml"))
        with pytest.raises(SystemExit) as ended:
            main([command, *files, *options])
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    return _run


def test_check_of_a_good_extract_ends_with_0(run):
    assert run("check")[0] == 0


def test_check_says_faults_by_line_and_column_and_who_stays(run):
    exit_code, said = run("check", FAULTY)
    assert exit_code == 1
    for expected in (
        "異動日",
        "date-impossible",
        "個人番号",
        "check-digit",
        "foreign nationals",
        "nationality not stated",
    ):
        assert expected in said


def test_check_in_json_says_the_same(run):
    exit_code, said = run("check", FAULTY, "--json")
    report = json.loads(said)
    assert exit_code == 1
    assert (report["lines"], report["people"], report["month"]) == (6, 6, None)
    assert (report["to_send"], report["lines_to_send"], report["held_back"]) == (1, 1, 2)
    assert report["stays"] == {"stays-foreign-national": 1, "stays-not-moved-abroad": 1, "stays-undecided": 1}
    assert [(one["line"], one["column"], one["code"], one["severity"]) for one in report["faults"]] == [
        (3, "異動日", "date-impossible", "error"),
        (4, "個人番号", "check-digit", "error"),
    ]
    assert (report["faults_not_listed"], report["unassigned_lines"]) == (0, 0)


def test_a_warning_alone_ends_with_0(run):
    exit_code, said = run("check", extract(row(住民票コード=code(1, uncertain=True))))
    assert exit_code == 0
    assert "(warning)" in said


FLOOD = extract(
    *(
        row(person, 異動日="20230230", 個人番号=number(person)[::-1], 事由=str(40 + person % 7))
        for person in range(1, 3501)
    )
)


def test_ten_thousand_faults_are_said_in_a_page(run, tmp_path):
    report = tmp_path / "vendor.csv"
    exit_code, said = run("check", FLOOD, "--vendor-report", str(report))
    assert exit_code == 1
    assert len(said.splitlines()) < 60
    assert said.count("3,500 件 in all") >= 2
    assert "codes that the layout lacks" in said
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) < 200


def test_ten_thousand_faults_are_a_summary_in_json(run):
    _, said = run("check", FLOOD, "--json")
    report = json.loads(said)
    assert len(said) < 60_000
    assert sum(kind["count"] for kind in report["kinds"]) > 10_000
    assert len(report["faults"]) + report["faults_not_listed"] == sum(kind["count"] for kind in report["kinds"])
    assert {(one["code"], one["lines"]) for one in report["unknown_codes"]} == {
        (str(40 + rest), len(range(rest or 7, 3501, 7))) for rest in range(7)
    }


def test_the_report_for_the_vendor_is_written_also_when_nothing_can_be_read(run, tmp_path):
    report = tmp_path / "vendor.csv"
    assert run("check", extract(row(), encoding="utf-8"), "--vendor-report", str(report))[0] == 2
    assert "wrong-encoding" in report.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("name", ["extract.csv", "layout.toml"])
def test_the_report_is_never_written_over_what_it_is_about(run, tmp_path, name):
    exit_code, said = run("check", FAULTY, "--vendor-report", str(tmp_path / name))
    assert exit_code == 2
    assert "/--vendor-report" in said
    assert (tmp_path / "extract.csv").read_bytes() == FAULTY


NAMED = 'file_name = "除票_{municipality}_{as_of}.csv"\n' + TOML


def test_the_month_of_an_extract_is_said(run):
    exit_code, said = run("check", GOOD, layout=NAMED, name="除票_131016_20250331.csv")
    assert exit_code == 0
    assert "2025-03" in said


@pytest.mark.parametrize(
    ("name", "month", "expected"),
    [
        pytest.param("除票_131016_20250331.csv", "2025-04", "other-month", id="another month than asked for"),
        pytest.param("除票_131024_20250331.csv", "2025-03", "other-municipality", id="another municipality"),
        pytest.param("写し.csv", "2025-03", "other-file-name", id="another name"),
        pytest.param("除票_131016_20250331.csv", "2025-13", "/--month", id="no month"),
    ],
)
@pytest.mark.parametrize("command", ["check", "push"])
def test_a_file_of_another_origin_is_stopped(run, registry, tmp_path, command, name, month, expected):
    given = {"layout": NAMED, "name": name, "settings": environment(registry, tmp_path)}
    exit_code, said = run(command, GOOD, "--month", month, **given)
    assert exit_code == 2
    assert expected in said
    assert registry.keys == []


def test_a_month_cannot_be_asked_for_where_nothing_says_it(run):
    exit_code, said = run("check", GOOD, "--month", "2025-03")
    assert exit_code == 2
    assert "/--month" in said


def test_an_earlier_month_is_pushed_only_when_it_is_asked_for(run, registry, tmp_path):
    given = {"layout": NAMED, "settings": environment(registry, tmp_path)}
    assert run("push", GOOD, name="除票_131016_202503.csv", **given)[0] == 0
    exit_code, said = run("push", extract(row(9)), name="除票_131016_202502.csv", **given)
    assert (exit_code, "other-month" in said) == (2, True)
    assert len(registry.keys) == 1
    assert run("push", extract(row(9)), "--month", "2025-02", name="除票_131016_202502.csv", **given)[0] == 0
    assert run("push", GOOD, name="除票_131016_202503.csv", **given)[0] == 0


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("command", ["check", "push"])
def test_nothing_personal_is_ever_said(run, registry, tmp_path, command, options):
    registry.refused_numbers = {addressee(1)}
    _, said = run(command, FAULTY, *options, settings=environment(registry, tmp_path))
    planted = ["植込", "太郎", "見本", "花子", "昭和47年9月8日", "1972", "麹町"]
    planted += [of(person) for of in (addressee, number, code) for person in range(1, 7)]
    assert not [text for text in planted if text in said]


@pytest.mark.parametrize(
    ("data", "layout", "expected"),
    [
        pytest.param(extract(row(), encoding="utf-8"), TOML, "wrong-encoding", id="an extract in another encoding"),
        pytest.param(b"a,b\r\n1,2\r\n", TOML, "column-missing", id="another file"),
        pytest.param(GOOD, TOML.replace('"国外転出"', '"国外"'), "/reasons/?", id="a layout with a fault"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_cannot_be_read_ends_with_2_and_says_why(run, data, layout, expected, options):
    exit_code, said = run("check", data, *options, layout=layout)
    assert exit_code == 2
    assert expected in said


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["check"], id="no file"),
        pytest.param(["check", "/nowhere.csv", "--layout", "/nowhere.toml"], id="files that are not there"),
        pytest.param(["chekc"], id="no such command"),
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "push"])
def test_help_explains_the_exit_codes(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert not ended.value.code
    assert "Exit codes:\n  0" in capsys.readouterr().out


def test_the_command_is_installed():
    done = subprocess.run(
        [sys.executable, "-c", "from municipality_sync.cli import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "check" in done.stdout
    assert "push" in done.stdout


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_terminal_that_cannot_show_a_heading_shows_the_rest(tmp_path, options):
    toml = TOML.replace('= "氏名"', '= "𠮷名"').replace('encoding = "cp932"', 'encoding = "utf-8"')
    (tmp_path / "layout.toml").write_text(toml, encoding="utf-8")
    lines = text(row(1, 氏名="〓"), row(2, 異動日="x"), row(3, 国籍="")).replace("氏名", "𠮷名")
    (tmp_path / "extract.csv").write_text(lines, encoding="utf-8", newline="")
    done = subprocess.run(  # noqa: S603 - our own command on our own files
        [
            sys.executable,
            "-c",
            "from municipality_sync.cli import main; main()",
            "check",
            "extract.csv",
            "--layout",
            "layout.toml",
            *options,
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "cp932"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert "?名" in done.stdout.decode("cp932")


def test_push_tells_what_the_registry_said(run, registry, tmp_path):
    exit_code, said = run("push", GOOD, settings=environment(registry, tmp_path))
    assert exit_code == 0
    assert "accepted" in said
    assert "1 parts, 1 of them sent in this run." in said
    exit_code, said = run("push", GOOD)
    assert exit_code == 0
    assert "1 parts, 0 of them sent in this run." in said
    assert len(registry.keys) == 1


def test_push_in_json_says_the_same(run, registry, tmp_path):
    registry.refused_numbers = {addressee(1)}
    exit_code, said = run(
        "push", extract(row(1, 1), row(1, 2), row(2)), "--json", settings=environment(registry, tmp_path)
    )
    report = json.loads(said[said.index('{"check"') : said.rindex("}") + 1])
    assert exit_code == 1
    assert report["push"]["counts"] == {"accepted": 1, "refused": 1}
    assert [(one["line"], one["code"]) for one in report["push"]["faults"]] == [(3, "date-impossible")]
    assert report["check"]["to_send"] == 2


def test_push_delivers_the_others_and_ends_with_1(run, registry, tmp_path):
    exit_code, _ = run("push", FAULTY, settings=environment(registry, tmp_path))
    assert exit_code == 1
    assert registry.effects == {addressee(1): 1}


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        pytest.param(proxy_error(), "cannot be reached", id="the line is down"),
        pytest.param(refused(ProblemCode.NOT_PERMITTED, status=403), "not-permitted", id="the registry says no"),
        pytest.param(signed_by_another(), "Somebody else", id="somebody else answers"),
    ],
)
def test_what_could_not_be_delivered_ends_with_2_and_says_what_to_do(run, registry, tmp_path, trouble, expected):
    registry.troubles = [trouble]
    exit_code, said = run("push", GOOD, settings=environment(registry, tmp_path))
    assert exit_code == 2
    assert expected in said


def test_push_without_settings_names_every_one(run):
    exit_code, said = run("push", GOOD, "--json")
    assert exit_code == 2
    assert [fault["pointer"] for fault in json.loads(said)["faults"]] == [
        f"/MUNICIPALITY_SYNC_{name}" for name in ("REGISTRY_URL", "KEY", "REGISTRY_KEYS", "STATE")
    ]


def test_push_while_another_runs_ends_with_2(run, registry, tmp_path):
    with open_state(tmp_path / "state"):
        exit_code, said = run("push", GOOD, settings=environment(registry, tmp_path))
    assert exit_code == 2
    assert "Another push" in said
    assert registry.keys == []


def test_push_into_a_state_folder_that_cannot_be_ends_with_2(run, registry, tmp_path):
    (tmp_path / "occupied").write_text("")
    settings = environment(registry, tmp_path) | {"MUNICIPALITY_SYNC_STATE": str(tmp_path / "occupied")}
    exit_code, said = run("push", GOOD, settings=settings)
    assert exit_code == 2
    assert "cannot be used" in said
