"""Cards and the office: PINs that lock, the cast, and the commands as processes."""

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from registry.cli import app
from registry.code_tables.files import load_municipalities
from registry.domain.basic_four import PersonName, Sex
from registry.domain.certified_identity import SEXES, compare, read_birth_date
from registry.domain.date_reading import read
from registry.jpki.holder import read_holder
from registry.jpki.profile import Purpose
from registry.sandbox.jpki.card import FIRST_PINS, TRIES, Card, CardRefused, issue
from registry.sandbox.jpki.cast import cast, written
from registry.sandbox.jpki.certificates import fifth_birthday
from registry.sandbox.jpki.office import Office, OfficeRefused
from registry.sandbox.programs import free_port, wait_until_ready

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
WHO = "takasaki-hanako"
REGISTRY = Path(sys.executable).with_name("registry")
ORIGIN = "https://registry.example"
NONCE = "4fzzzk2pZq0RQm1sXc8Tnw"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An office that was made once, at an address of its own."""
    folder = tmp_path_factory.mktemp("jpki") / "office"
    Office.open_or_make(folder, f"http://127.0.0.1:{free_port()}", datetime.now(UTC))
    return folder


@pytest.fixture
def path(folder, tmp_path):
    """A card that was issued to one of the cast."""
    path = tmp_path / "own.card"
    issue(Office(folder), path, WHO, cast()[WHO], 1, NOW)
    return path


# ------------------------------------------------------------------------------------------------------- PINs


@pytest.mark.parametrize("purpose", Purpose)
def test_a_pin_locks_after_its_wrong_tries_and_a_right_one_forgets_them(path, purpose):
    wrong, right = Card(path, lambda _: "0000"), Card(path, FIRST_PINS.__getitem__)
    for left in range(TRIES[purpose] - 1, 0, -1):
        with pytest.raises(CardRefused, match=f"{left} tries left"):
            Card(path, lambda _: "0000").sign(purpose, b"")
    assert Card(path, FIRST_PINS.__getitem__).sign(purpose, b"")
    for _ in range(TRIES[purpose]):
        with pytest.raises(CardRefused):
            wrong.sign(purpose, b"")
    with pytest.raises(CardRefused, match="locked"):
        Card(path, FIRST_PINS.__getitem__).sign(purpose, b"")
    assert right.certificate(purpose)


def test_an_empty_pin_is_a_wrong_one(path):
    with pytest.raises(CardRefused, match="wrong PIN"):
        Card(path, lambda _: "").sign(Purpose.SIGNING, b"")


def test_one_locked_pin_leaves_the_other(path):
    for _ in range(TRIES[Purpose.USER_AUTHENTICATION]):
        with pytest.raises(CardRefused):
            Card(path, lambda _: "0000").sign(Purpose.USER_AUTHENTICATION, b"")
    assert Card(path, FIRST_PINS.__getitem__).sign(Purpose.SIGNING, b"")


def test_a_file_that_is_no_card_is_refused(tmp_path):
    (tmp_path / "none.card").write_text("{}{}", encoding="utf-8")
    for name in ("none.card", "missing.card"):
        with pytest.raises(CardRefused, match="is no card"):
            Card(tmp_path / name, FIRST_PINS.__getitem__)


def test_a_folder_that_is_no_office_is_refused(tmp_path):
    with pytest.raises(OfficeRefused, match="is no office"):
        Office(tmp_path)


def test_a_new_card_revokes_the_old_one(folder, tmp_path):
    office = Office(folder)
    for name in ("first", "second"):
        issue(office, tmp_path / f"{name}.card", "kudo-yukino", cast()["kudo-yukino"], 2, NOW)
    mine = [one for one in office.book() if one.who == "kudo-yukino"]
    assert [one.revoked_since for one in mine] == [NOW, NOW, None, None]


# ------------------------------------------------------------------------------------------------------- cast


def test_everybody_of_the_sample_reports_may_have_a_card():
    assert {WHO, "watanabe-hina", "kudo-yukino"} <= cast().keys()
    assert not any("homebody" in who for who in cast())


@pytest.mark.parametrize("who", cast())
def test_what_the_certificate_of_each_says_is_read(who):
    holder = cast()[who]
    assert holder.sex in SEXES
    assert len(holder.name) == len(holder.name_substitutes)
    assert written(read_birth_date(holder.birth_date)) == holder.birth_date


def test_who_the_certificate_names_is_the_person_of_the_extract(path):
    """The demo joins by it: 高崎 is how the report spells 髙﨑."""
    pem = x509.load_der_x509_certificate(Card(path, FIRST_PINS.__getitem__).certificate(Purpose.SIGNING))
    holder = read_holder(pem, load_municipalities())
    name, born = PersonName(surname="髙﨑", given="花子"), read("昭和60年3月7日")
    assert compare(holder, name=name, birth_date=born, sex=Sex.FEMALE, last_address=None).is_same_person


@pytest.mark.parametrize(
    ("date", "digits"), [("1985-03-00", "319850300"), ("昭和60年月日不詳", "319850000"), ("2019-05-01", "520190501")]
)
def test_a_date_is_written_with_zeros_for_what_is_unknown(date, digits):
    assert written(read(date)) == digits


@pytest.mark.parametrize("date", ["年月日不詳", "昭和60年3月頃", "1985-03-01/1985-04-02"])
def test_a_date_that_no_certificate_writes_is_refused(date):
    with pytest.raises(ValueError, match="a day, a month or a year"):
        written(read(date))


BIRTHDAYS = {
    "later this year": ("319850402", datetime(2030, 4, 2, 14, 59, 59, tzinfo=UTC)),
    "today": ("319850401", datetime(2031, 4, 1, 14, 59, 59, tzinfo=UTC)),
    "earlier this year": ("319850307", datetime(2031, 3, 7, 14, 59, 59, tzinfo=UTC)),
    "29 February": ("320000229", datetime(2031, 2, 28, 14, 59, 59, tzinfo=UTC)),
}


@pytest.mark.parametrize(("born", "ends"), BIRTHDAYS.values(), ids=BIRTHDAYS)
def test_a_certificate_ends_on_the_fifth_birthday(born, ends):
    assert fifth_birthday(born, NOW) == ends


# --------------------------------------------------------------------------------------------------- commands


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """Run a command of the card; return its exit code, what it printed, and what it said to people."""

    def one(*arguments, pin="SANDBOX1", **environment):
        for name, value in ({"SANDBOX_CARD_PIN": pin, "LC_ALL": "C.UTF-8"} | environment).items():
            monkeypatch.setenv(name, value)
        try:
            code = app(
                ["sandbox", "card", *map(str, arguments), "--folder", str(folder)],
                exit_on_error=False,
                result_action="return_value",
            )
        except SystemExit as end:
            code = end.code
        finally:
            monkeypatch.delenv("REGISTRY_ENV", raising=False)
        printed, said = capsys.readouterr()
        return code or 0, printed, " ".join(said.split())

    return one


@contextmanager
def serving(folder, log):
    command = [REGISTRY, "sandbox", "card", "serve", "--folder", str(folder)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)  # noqa: S603 - our own program
        try:
            wait_until_ready(f"{Office(folder).address}/health", process, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_a_file_is_signed_verified_and_refused_once_the_card_is_revoked(folder, run, tmp_path):
    application, signature = tmp_path / "application.json", tmp_path / "application.jws"
    application.write_text('{"kind":"certificate"}', encoding="utf-8")
    code, printed, _ = run("issue", WHO, "--json")
    assert (code, list(json.loads(printed)["cards"])) == (0, [WHO])
    code, printed, _ = run("sign", application, "--card", WHO, "--nonce", NONCE, "--origin", ORIGIN)
    assert code == 0
    signature.write_text(printed, encoding="utf-8")
    verify = ("verify", application, signature, "--origin", ORIGIN)
    with serving(folder, tmp_path / "serve.log"):
        for by in ("crl", "ocsp"):
            code, printed, said = run(*verify, "--by", by, "--json")
            assert code == 0, said
            assert json.loads(printed)["revocation"]["source"] == by
        code, _, said = run(*verify[:-1], "https://elsewhere.example")
        assert (code, "This was signed for another site" in said) == (1, True)
        assert run("revoke", WHO, "--json")[0] == 0
        code, printed, _ = run(*verify, "--json")
        assert (code, json.loads(printed)) == (1, {"holds": False, "code": "revoked"})
        code, _, said = run(*verify, LC_ALL="ja_JP.UTF-8")
        assert "電子証明書が失効しています" in said
    code, _, said = run(*verify)
    assert (code, "cannot be learnt now" in said) == (1, True)
    assert run("revoke", WHO)[0] == 1


def test_a_login_asks_for_the_other_pin(run, tmp_path):
    run("issue", WHO)
    pin = tmp_path / "pin"
    pin.write_text("1234\n", encoding="utf-8")
    login = ("login", "--card", WHO, "--nonce", NONCE, "--origin", ORIGIN)
    code, printed, said = run(*login)
    assert (code, printed) == (1, "")
    assert "wrong PIN; 2 tries left" in said
    code, printed, _ = run(*login, "--pin-file", pin, "--json")
    assert code == 0
    assert json.loads(printed)["sign_in"].count(".") == 2


REFUSED = {
    "nobody of that name": (("issue", "homebody-emily"), 2, "nobody of that name"),
    "no card": (("login", "--card", "kimura-takuto", "--nonce", NONCE, "--origin", ORIGIN), 1, "is no card"),
}


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_said(run, arguments, code, words):
    found, _, said = run(*arguments)
    assert (found, words in said) == (code, True)


@pytest.mark.parametrize("command", ["issue", "serve", "revoke"])
def test_nothing_of_it_runs_in_production(run, command):
    arguments = [command, *([WHO] if command == "revoke" else [])]
    code, _, said = run(*arguments, REGISTRY_ENV="production")
    assert (code, "no place in production" in said) == (1, True)


def test_the_keys_of_the_office_and_its_cards_are_nobody_elses_to_read(folder, run):
    run("issue", WHO)
    private = [*folder.glob("*.key"), *folder.glob("cards/*.card")]
    assert len(private) > len(Purpose)
    assert {one.stat().st_mode & 0o077 for one in private} == {0}


def test_both_generations_of_a_ca_have_one_name(folder):
    for purpose in Purpose:
        first, second = (
            x509.load_pem_x509_certificate((folder / f"{purpose}-{generation}.pem").read_bytes())
            for generation in (1, 2)
        )
        assert first.subject == second.subject
        assert first.public_key() != second.public_key()
