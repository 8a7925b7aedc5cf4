"""Keys in a token: the same promises as keys in a file, and that no key ever comes out."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from operator import setitem
from pathlib import Path

import msgspec
import pytest
from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.doctor import key_files
from registry.doctor.patient import Patient
from registry.settings import Settings
from registry.store import health
from registry.vault.keys import FileKeyProvider, Kek, KeysRefused
from registry.vault.pkcs11_provider import MAC, MASTER, make_keys
from registry.vault.providers import init_token, key_provider
from registry.vault.sealing import Place, SealBroken
from registry.vault.token_uri import TokenUri
from registry.wiring import prepare_keys, resources
from tests.acceptance.papers import removed_record
from tests.house import a_log_key, house
from tests.transparency.signers import WITNESS
from tests.vault.soft_token import PIN, SoftTokens, needs_softhsm

PLACE = Place(table="kek", row_id="202405", column="wrapped", version=1)
KEY = bytes(range(32))
READABLE, SHOWN = (Attribute.EXTRACTABLE, True), (Attribute.SENSITIVE, False)
OF_TOKEN = {Attribute.TOKEN: True, Attribute.PRIVATE: True}


@pytest.fixture
def tokens(tmp_path, monkeypatch):
    monkeypatch.setenv("SOFTHSM2_CONF", "")  # whatever is set here is as before when the test ends
    return SoftTokens(tmp_path)


@pytest.fixture
def uri(tokens):
    made = tokens.make()
    make_keys(made)
    return made


@pytest.fixture(params=["file", pytest.param("token", marks=needs_softhsm)])
def opened(request, tmp_path):
    """Opens the provider of the keys of a name, again and again; a new name has new keys."""
    if request.param == "file":
        made = {}

        def source(name):
            if name not in made:
                FileKeyProvider.create(tmp_path / name)
            return made.setdefault(name, tmp_path / name)
    else:
        tokens, made = request.getfixturevalue("tokens"), {}

        def source(name):
            if name not in made:
                made[name] = tokens.make(name)
                make_keys(made[name])
            return made[name]

    return lambda name="ours": key_provider(source(name), production=False)


# ------------------------------------------------------------------------------ what every provider promises


def test_what_is_wrapped_is_unwrapped_at_its_place_by_whoever_has_the_same_keys(opened):
    assert opened().unwrap(PLACE, opened().wrap(PLACE, KEY)) == KEY


@pytest.mark.parametrize(
    "change",
    [{"table": "person_key"}, {"row_id": "202406"}, {"column": "key"}, {"version": 2}],
    ids=lambda c: next(iter(c)),
)
def test_what_is_moved_to_another_place_is_not_unwrapped(opened, change):
    provider = opened()
    with pytest.raises(SealBroken):
        provider.unwrap(msgspec.structs.replace(PLACE, **change), provider.wrap(PLACE, KEY))


ALTERED = {
    "the version of the envelope": lambda sealed: b"\x02" + sealed[1:],
    "the key id": lambda sealed: sealed[:4] + b"\x01" + sealed[5:],
    "the nonce": lambda sealed: sealed[:5] + bytes([sealed[5] ^ 1]) + sealed[6:],
    "the content": lambda sealed: sealed[:17] + bytes([sealed[17] ^ 1]) + sealed[18:],
    "the tag": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "the end": lambda sealed: sealed[:-1],
    "all but the head": lambda sealed: sealed[:17],
    "all of it": lambda _: b"",
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED.keys())
def test_what_is_altered_is_not_unwrapped_and_the_provider_is_none_the_worse(opened, alter):
    provider = opened()
    wrapped = provider.wrap(PLACE, KEY)
    with pytest.raises(SealBroken):
        provider.unwrap(PLACE, alter(wrapped))
    assert provider.unwrap(PLACE, wrapped) == KEY


def test_other_keys_unwrap_nothing(opened):
    with pytest.raises(SealBroken):
        opened("others").unwrap(PLACE, opened().wrap(PLACE, KEY))


def test_a_key_is_never_wrapped_alike_twice(opened):
    provider = opened()
    assert provider.wrap(PLACE, KEY) != provider.wrap(PLACE, KEY)


def test_each_label_has_a_mac_key_of_its_own_that_is_the_same_tomorrow(opened):
    macs = {opened().mac(*of) for of in [("a", b"1"), ("a", b"2"), ("b", b"1")]} | {opened("others").mac("a", b"1")}
    assert [len(mac) for mac in macs] == [32] * 4
    assert opened().mac("a", b"1") in macs


def test_the_key_of_a_month_is_there_again_after_a_restart(opened):
    kek, row = Kek.generate(opened(), key_id=202405, month="2024-05")
    assert kek.open(Kek.unwrap(opened(), row).wrap("p-1", 1, KEY)) == KEY


# ----------------------------------------------------------------------------------- the keys inside the token


def put_in(session, label, key_type, **said):
    """Put a known key into a token, as no ceremony would."""
    flags = {Attribute[name.upper()]: value for name, value in said.items()}
    session.create_object(
        OF_TOKEN
        | {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: key_type, Attribute.LABEL: label}
        | {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.VALUE: KEY}
        | flags
    )


def put_in_both(session, **said):
    put_in(session, MASTER, KeyType.AES, **{"encrypt": True, "decrypt": True} | said)
    put_in(session, MAC, KeyType.GENERIC_SECRET, sign=True)


@needs_softhsm
def test_a_token_and_a_file_with_the_same_keys_write_the_same(tokens, tmp_path):
    bare = tokens.make()
    put_in_both(tokens.session(bare))
    FileKeyProvider.create(tmp_path / "keys.json", random=lambda _: KEY)
    token, file = key_provider(bare, production=True), key_provider(tmp_path / "keys.json", production=False)
    assert file.unwrap(PLACE, token.wrap(PLACE, KEY)) == token.unwrap(PLACE, file.wrap(PLACE, KEY)) == KEY
    assert token.mac("pseudonym", b"p-1") == file.mac("pseudonym", b"p-1")


@needs_softhsm
@pytest.mark.parametrize("label", [MASTER, MAC])
def test_a_key_was_never_readable_and_cannot_be_made_so(tokens, uri, label):
    session = tokens.session(uri)
    (key,) = session.get_objects({Attribute.LABEL: label})
    said = (
        "SENSITIVE",
        "ALWAYS_SENSITIVE",
        "NEVER_EXTRACTABLE",
        "LOCAL",
        "PRIVATE",
        "EXTRACTABLE",
        "MODIFIABLE",
        "WRAP",
    )
    assert [key[Attribute[name]] for name in said] == [True] * 5 + [False] * 3
    wrapping = session.generate_key(KeyType.AES, 256, capabilities=MechanismFlag.WRAP)
    ways = [
        lambda: key[Attribute.VALUE],
        lambda: setitem(key, *READABLE),
        lambda: setitem(key, *SHOWN),
        lambda: key.copy({Attribute.EXTRACTABLE: True}),
        lambda: wrapping.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP),
    ]
    for way in ways:
        with pytest.raises(PKCS11Error):
            way()


@needs_softhsm
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda _: None, "0 keys registry-master", id="empty"),
        pytest.param(lambda one: put_in_both(one, extractable=True), "could be read", id="extractable"),
        pytest.param(lambda one: put_in_both(one, sensitive=False), "could be read", id="not sensitive"),
        pytest.param(lambda one: put_in_both(one, value=KEY[:16]), "256 bits", id="short"),
        pytest.param(lambda one: put_in_both(one, decrypt=False), "decrypt", id="one that opens nothing"),
        pytest.param(lambda one: (put_in_both(one), put_in_both(one)), "2 keys registry-master", id="twice"),
        pytest.param(
            lambda one: put_in(one, MASTER, KeyType.AES, encrypt=True, decrypt=True), "0 keys registry-mac", id="half"
        ),
    ],
)
def test_a_token_without_closed_keys_of_full_length_is_refused(tokens, spoil, said):
    bare = tokens.make()
    spoil(tokens.session(bare))
    with pytest.raises(KeysRefused, match=said):
        key_provider(bare, production=True)


@needs_softhsm
def test_keys_are_made_once_and_never_replaced(uri):
    wrapped = key_provider(uri, production=True).wrap(PLACE, KEY)
    with pytest.raises(KeysRefused, match="registry-master already"):
        make_keys(uri)
    assert key_provider(uri, production=True).unwrap(PLACE, wrapped) == KEY


# ---------------------------------------------------------------------------------------- who is let in


@needs_softhsm
def test_a_wrong_pin_is_refused_once_and_not_tried_again_until_it_is_another(tokens, uri):
    uri.pin_source.write_text("7319-wrong")
    tokens.restart()
    with pytest.raises(KeysRefused, match="does not open the token") as first:
        key_provider(uri, production=True)
    with pytest.raises(KeysRefused, match="not tried again") as second:
        key_provider(uri, production=True)
    assert "7319" not in f"{first.value}{second.value}"
    assert first.value.__cause__ is None
    uri.pin_source.write_text(PIN)
    assert key_provider(uri, production=True).mac("a", b"1")


PIN_FILES = {
    "open to others": lambda file: file.chmod(0o640),
    "not there": lambda file: file.unlink(),
    "empty": lambda file: file.write_text("\n"),
    "no text": lambda file: file.write_bytes(b"\xff7319"),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}


@needs_softhsm
@pytest.mark.parametrize("spoil", PIN_FILES.values(), ids=PIN_FILES.keys())
def test_a_pin_is_read_from_a_closed_file_and_nowhere_else(uri, spoil):
    spoil(uri.pin_source)
    with pytest.raises(KeysRefused, match=str(uri.pin_source)) as refused:
        key_provider(uri, production=True)
    assert "7319" not in str(refused.value)


@needs_softhsm
@pytest.mark.parametrize(
    "change", [{"token": "another"}, {"serial": "another"}, {"model": "another"}], ids=lambda c: next(iter(c))
)
def test_no_other_token_is_taken_for_ours(uri, change):
    with pytest.raises(KeysRefused, match="no token"):
        key_provider(msgspec.structs.replace(uri, **change), production=True)


@needs_softhsm
def test_of_two_tokens_of_one_name_neither_is_taken(tokens, uri):
    tokens.make()
    with pytest.raises(KeysRefused, match="more than one token"):
        key_provider(uri, production=True)


@needs_softhsm
def test_what_is_no_library_is_refused(uri, tmp_path):
    (tmp_path / "p11.so").write_text("no library")
    with pytest.raises(KeysRefused, match="no PKCS#11 library"):
        key_provider(msgspec.structs.replace(uri, module_path=tmp_path / "p11.so"), production=True)


def test_production_takes_no_keys_from_a_file(tmp_path):
    with pytest.raises(KeysRefused, match="HSM"):
        key_provider(tmp_path / "keys.json", production=True)
    with pytest.raises(KeysRefused, match="names a file"):
        init_token(tmp_path / "keys.json")


def test_without_the_extra_a_token_is_refused_with_what_is_missing(monkeypatch):
    monkeypatch.delattr("registry.vault.pkcs11_provider")
    monkeypatch.setitem(sys.modules, "registry.vault.pkcs11_provider", None)
    with pytest.raises(KeysRefused, match="extra `hsm`"):
        key_provider(TokenUri(token="a", module_path=Path("/a"), pin_source=Path("/b")), production=True)


# ------------------------------------------------------------------------------ a token that goes and comes back


@needs_softhsm
def test_whoever_uses_a_token_that_was_restarted_is_let_in_again(tokens, uri):
    first, second = key_provider(uri, production=True), key_provider(uri, production=True)
    wrapped = first.wrap(PLACE, KEY)
    for label in ("a", "b", "c"):
        tokens.restart()
        assert second.unwrap(PLACE, wrapped) == first.unwrap(PLACE, wrapped) == KEY
        assert first.mac(label, b"1") == second.mac(label, b"1")


@needs_softhsm
def test_while_the_token_is_gone_known_macs_are_made_and_nothing_else_until_it_is_back(tokens, uri):
    provider = key_provider(uri, production=True)
    wrapped, mac = provider.wrap(PLACE, KEY), provider.mac("known", b"1")
    tokens.unplug()
    assert provider.mac("known", b"1") == mac
    for use in (
        lambda: provider.unwrap(PLACE, wrapped),
        lambda: provider.wrap(PLACE, KEY),
        lambda: provider.mac("new", b"1"),
        lambda: key_provider(uri, production=True),
    ):
        with pytest.raises(KeysRefused, match="no token"):
            use()
    tokens.plug_in()
    assert provider.unwrap(PLACE, wrapped) == KEY
    assert provider.mac("new", b"1") != mac


@needs_softhsm
def test_another_token_in_its_place_is_never_written_with_the_handles_of_the_first(tokens, uri):
    provider = key_provider(uri, production=True)
    wrapped = provider.wrap(PLACE, KEY)
    tokens.unplug()
    make_keys(tokens.make())
    with pytest.raises(SealBroken):
        provider.unwrap(PLACE, wrapped)


@needs_softhsm
def test_threads_share_a_provider_while_the_token_is_restarted_under_them(tokens, uri):
    provider, labels = key_provider(uri, production=True), count()

    def work(number):
        place = msgspec.structs.replace(PLACE, row_id=str(number))
        key = os.urandom(32)
        if number % 16 == 0:
            tokens.restart()
        label = f"{next(labels) % 7}"
        return provider.unwrap(place, provider.wrap(place, key)) == key and provider.mac(label, b"1")

    with ThreadPoolExecutor(8) as pool:
        macs = list(pool.map(work, range(160)))
    assert all(macs)
    assert len(set(macs)) == 7


# --------------------------------------------------------------------------------------- the registry on a token


def a_witness(folder):
    """The list of those who watch the log, which production must have."""
    (folder / "witnesses").write_text(f"{WITNESS.key.text} https://witness.example\n", encoding="utf-8")
    return folder / "witnesses"


def environment(uri, tmp_path):
    (tmp_path / "registry.pem").write_bytes(SigningKey.generate("registry").to_pem())
    (tmp_path / "registry.pem").chmod(0o600)
    keys = f"pkcs11:token={uri.token}?module-path={uri.module_path}&pin-source=file:{uri.pin_source}"
    return {
        "REGISTRY_ENV": "production",
        "REGISTRY_DSN": "postgresql://nobody@localhost/nowhere",
        "REGISTRY_KEYS": keys,
        "REGISTRY_SIGNING_KEY": str(tmp_path / "registry.pem"),
        "REGISTRY_LOG_KEY": str(a_log_key(tmp_path)),
        "REGISTRY_WITNESSES": str(a_witness(tmp_path)),
    }


@needs_softhsm
@pytest.mark.anyio
async def test_a_registry_in_production_keeps_the_keys_of_its_months_by_a_token(uri, database, tmp_path):
    settings = msgspec.structs.replace(Settings.read(environment(uri, tmp_path)), dsn=database)
    async with resources(settings, role=None, pool_size=1) as given:
        await prepare_keys(given)
    async with resources(settings, role=None, pool_size=1) as again, again.work() as work:
        keys = await health.month_keys(work)
        assert [key.opens_with(again.provider) for key in keys] == [True] * len(keys)
    assert keys


@needs_softhsm
@pytest.mark.anyio
async def test_while_its_token_is_gone_a_registry_asks_its_callers_to_come_again(tokens, uri, database, tmp_path):
    async with house(database, tmp_path, uri) as registry:
        tokens.unplug()
        away = await registry.deliver(removed_record())
        tokens.plug_in()
        back = await registry.deliver(removed_record())
    assert (away.status, msgspec.json.decode(away.body)["code"]) == (503, "not-ready")
    assert back.status == 200


@needs_softhsm
def test_the_command_makes_the_keys_of_a_token_and_refuses_to_do_so_twice(tokens, tmp_path, monkeypatch, capfd):
    bare = tokens.make()
    for name, value in environment(bare, tmp_path).items():
        monkeypatch.setenv(name, value)
    app(["keys", "init-token"], exit_on_error=False, result_action="return_value")
    assert "registry-master and registry-mac" in capfd.readouterr().err
    with pytest.raises(SystemExit) as ended:
        app(["keys", "init-token"], exit_on_error=False, result_action="return_value")
    assert ended.value.code == 1
    assert "already" in capfd.readouterr().err
    assert key_provider(bare, production=True).mac("a", b"1")


@needs_softhsm
def test_a_registry_whose_token_holds_no_keys_does_not_start_and_says_why(tokens, tmp_path, monkeypatch, capfd):
    for name, value in environment(tokens.make(), tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("registry.serving.configure_log", lambda: None)  # it holds for the whole process
    with pytest.raises(SystemExit) as ended:
        app(["serve"], exit_on_error=False, result_action="return_value")
    assert ended.value.code == 1
    assert "`registry keys init-token`" in " ".join(capfd.readouterr().err.split())


@needs_softhsm
def test_the_doctor_finds_nothing_wrong_with_a_token_until_it_lets_nobody_in(tokens, uri, tmp_path):
    patient = Patient.read(environment(uri, tmp_path))
    assert [finding for check in key_files.CHECKS for finding in check(patient)] == []
    uri.pin_source.write_text("7319-wrong")
    tokens.restart()
    (finding,) = (finding for check in key_files.CHECKS for finding in check(patient))
    assert finding.code == "token-unusable"
    assert "7319" not in str(finding)
