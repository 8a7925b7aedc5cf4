"""Canaries: people planted everywhere leave no trace that can be read, in any file of any program, after any death.

Real programs are given planted names and numbers by every way in, good and faulty, and killed in the middle of it. Then
every byte that lies on the disk is searched: logs, what was printed, PostgreSQL's tables, WAL and temporary files, the
missions' spools, the state of the agents. What is searched for is written out in full below; that it would be found
where it lies in clear is tried last.
"""

import csv
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import anyio
import httpx
import pytest

from registry.contract.decoding import encode
from registry.domain.numbers import addressee_number_check_digit
from registry.sandbox.demo import SAMPLES, SOME_NEED_STAFF
from registry.sandbox.questions import TAX, TOWN
from tests.acceptance.papers import by_name, by_number, person, report
from tests.faults.acting import bring_back, hand_in, kill, kill_postgres, staged, until
from tests.faults.counting import handing_in_and_held_up, session, until_nothing_waits, waiting
from tests.planted import ADDRESSEE, CODE, NUMBER, OTHER_NUMBER, PLANTED

SHORTEST = 6
"""Bytes; shorter ones are met by chance in hundreds of megabytes of sealed blobs."""
A_TOWN = "高崎"
"""Also a city, which the tables of codes name."""
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
EVERYTHING = "all"
"""PostgreSQL logs every statement: whoever turns that on to find a fault must not learn who lives where."""


# ------------------------------------------------------------------------------------------------ the search


def _forms(value: str) -> Iterator[bytes]:
    """Yield the ways in which a value may lie on a disk: plain, full-width, escaped, in hexadecimal, in base64."""
    full_width = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in value)
    for encoding in ("utf-8", "cp932", "utf-16-le"):
        written = value.encode(encoding, "replace")
        if written.decode(encoding) != value:
            continue
        yield written
        yield from (written.hex().encode(), written.hex().upper().encode())
        for before, spoilt in ((0, 0), (1, 2), (2, 3)):
            middle = b64encode(b"\0" * before + written).rstrip(b"=")[spoilt:-1]
            yield from (middle, middle.replace(b"+", b"-").replace(b"/", b"_"))
    yield from (full_width.encode(), full_width.encode("cp932", "replace"), json.dumps(value)[1:-1].encode())


FORMS = {form: value for value in PLANTED if value != A_TOWN for form in set(_forms(value)) if len(form) >= SHORTEST}


def found(folders: list[Path]) -> set[tuple[str, str]]:
    """Return in which files something planted can be read, and what."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > len(folders)
    return {
        (path.name, value)
        for path in files
        for content in [path.read_bytes()]
        for form, value in FORMS.items()
        if form in content
    }


# ------------------------------------------------------------------------------------------------- what is done


def with_check_digit(serial: str) -> str:
    return f"{serial}{addressee_number_check_digit(serial)}"


def an_extract(folder: Path) -> Path:
    """Write an extract of the planted woman, once as she is and once with a number that cannot be."""
    with (SAMPLES / "removed-131016.csv").open(encoding="cp932", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [row for row in rows if row["宛名番号"] == rows[0]["宛名番号"]]
    planted = {
        "氏名": "高崎　花子",
        "氏名カナ": "タカサキ　ハナコ",
        "生年月日": "昭和54年11月23日",
        "住所": "鍛冶町七丁目１番",
        "住民票コード": CODE,
    }
    good = planted | {"宛名番号": with_check_digit(ADDRESSEE), "個人番号": NUMBER}
    faulty = planted | {"宛名番号": with_check_digit(f"{ADDRESSEE}1"), "個人番号": NUMBER[:-1] + "9"}
    path = folder / "extract.csv"
    with path.open("w", encoding="cp932", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        for fields in (good, faulty):
            # A line from before there were numbers has none.
            writer.writerows(line | fields | ({} if line["個人番号"] else {"個人番号": ""}) for line in lines)
    return path


def hand_in_everything(stage) -> list[bytes]:
    """Hand reports about her to the mission while the line is cut: one good, two to mend; return what it says."""
    good = report(person(individual_number=NUMBER, number_check=CHECKED, passport_number="TK7654321"), contact=CONTACT)
    no_day = report(person(birth_date="1979-11-31"))
    no_number = report(person(individual_number=OTHER_NUMBER[:-1] + "0", number_check=CHECKED))
    stage.line.cut()
    hand_in(stage, encode([good]))
    headers = {"content-type": "application/json"}
    answers = [
        httpx.post(f"{stage.gateway_address}/reports", content=encode([one]), headers=headers, trust_env=False)
        for one in (no_day, no_number)
    ]
    assert [one.status_code for one in answers] == [422, 422]
    return [one.content for one in answers]


CONTACT = {"telephone": "+1 212 555-0173", "email": "hanako@mail.example"}


def push(stage, folder):
    layout = str(SAMPLES / "layout-131016.toml")
    command = ["municipality-sync", "push", str(an_extract(folder)), "--layout", layout]
    stage.programs.run("agent", command, stage.agent_settings_of(TOWN), good=SOME_NEED_STAFF)


def ask_everything(stage) -> list[bytes]:
    """Ask about her in every way, lawful and not, and never for what identifies her; return what came back."""
    lawful = {"affair": "income-tax", "basis": "番号法19条8号", "handled_by": "clerk-7", "fields": ["status"]}
    searches = (by_number(), by_number(OTHER_NUMBER), by_number(NUMBER[:-1] + "9"), by_name(), {"by": NUMBER})
    messages = [("/v1/inquiries", lawful | {"search": search}) for search in searches]
    messages += [("/v1/inquiries/bulk", lawful | {"people": [{"search": search} for search in searches]})]
    messages += [("/v1/inquiries", lawful | {"search": by_number(), "fields": [NUMBER], "affair": "髙﨑花子"})]

    async def ask():
        async with stage.asker._client(TAX) as client:
            await client.synchronise()
            return [await client.post(path, encode(message), uuid4().hex) for path, message in messages]

    answers = anyio.run(ask)
    assert answers[0].status == 200
    return [one.body for one in answers]


def junk(stage) -> list[bytes]:
    """Send what nobody signed, with planted values in every place that a log might repeat."""
    ways = [
        ("GET", f"/v1/submissions/{NUMBER}", b""),
        ("GET", f"/v1/inquiries?individual_number={NUMBER}&name=髙﨑花子", b""),
        ("POST", f"/{NUMBER}/髙﨑花子", encode(report())),
        ("POST", "/v1/inquiries", f'{{"search": "{NUMBER}", "name": "髙﨑花子"'.encode()),
        ("PUT", "/v1/submissions", encode(report())),
    ]
    headers = {"user-agent": f"{NUMBER}", "signature": NUMBER, "signature-input": f'x=("{CODE}")', "x-name": NUMBER}
    return [
        httpx.request(method, stage.address + path, content=body, headers=headers, trust_env=False).content
        for method, path, body in ways
    ]


# -------------------------------------------------------------------------------------------------- the tests


def places(stage) -> list[Path]:
    """Return every folder that a program wrote to; its keys lie in one of them as well."""
    return [stage.folder, stage.postgres.data]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Everything is done, processes died in the middle of it, and all that waited has been delivered."""
    folder = tmp_path_factory.mktemp("canary")
    with staged(folder, {"log_statement": EVERYTHING, "log_duration": "on", "log_temp_files": "0"}) as opened:
        refused_at_the_mission = hand_in_everything(opened)
        kill(opened.gateway)
        bring_back(opened)
        until_nothing_waits(opened)
        push(opened, tmp_path_factory.mktemp("town-hall"))
        with handing_in_and_held_up(opened, 3):
            kill(opened.registry)
            kill_postgres(opened)
        bring_back(opened)
        until(lambda: not waiting(opened))
        opened.problems = [*refused_at_the_mission, *ask_everything(opened), *junk(opened)]
        settings = opened.registry_settings
        opened.programs.run("nightly", ["municipality-sync", "reconcile", "--everybody", "--json"], settings)
        opened.programs.run("doctor", ["registry", "doctor"], settings, good=range(256))
        with session(opened) as db:
            db.rows("CHECKPOINT")
        yield opened


def test_she_is_in_the_registry_or_nothing_below_means_anything(stage):
    with session(stage) as db:
        number = db.value("SELECT count(*) FROM link WHERE confirmed AND method LIKE 'individual%'")
    assert number >= 1


def test_no_file_of_any_program_tells_of_anybody(stage):
    assert found(places(stage)) == set()


def test_no_answer_tells_what_was_not_asked_for(stage):
    assert len(stage.problems) >= 10
    assert {value for problem in stage.problems for form, value in FORMS.items() if form in problem} == set()


def test_who_lies_there_in_clear_is_found_in_table_wal_spool_and_log(stage):
    spool = Path(stage.gateway_settings["EMBASSY_GATEWAY_SPOOL"])
    planted = {"spool.tmp": NUMBER.encode(), "registry.log": "髙﨑".encode()}
    before = found(places(stage))
    with session(stage) as db:
        db.rows("CREATE TABLE in_clear (name text)")
        db.rows("INSERT INTO in_clear VALUES ($1)", "鍛冶町七丁目")
        db.rows("CHECKPOINT")
    for name, value in planted.items():
        with spool.with_name(name).open("ab") as file:
            file.write(b"..." + value + b"...")
    new = found(places(stage)) - before
    assert {("spool.tmp", NUMBER), ("registry.log", "髙﨑")} <= new
    assert len([name for name, value in new if value == "鍛冶町七丁目"]) == len(["the table", "its WAL"])
