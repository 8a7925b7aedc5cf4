"""The file of providers: read whole, or refused with what is wrong."""

import pytest

from registry.contract.keys import Algorithm, SigningKey
from registry.contract.openid.providers import ProvidersRefused, is_safe, read_providers
from registry.domain.account import Role
from registry.domain.sign_in import Level

STAFF = """
[[provider]]
name = "staff"
label = "職員"
label_en = "Staff"
issuer = "https://idp.example"
client_id = "registry"
key = "client.pem"
roles = ["municipal-clerk"]
acr = { jpki = ["urn:card", "urn:phone"], password = ["urn:password"] }
"""


@pytest.fixture
def folder(tmp_path):
    put_key(tmp_path / "client.pem")
    return tmp_path


def put_key(path, algorithm=Algorithm.ECDSA_P256, mode=0o600):
    path.write_bytes(SigningKey.generate("client", algorithm).to_pem())
    path.chmod(mode)


def read(folder, text=STAFF, *, production=True):
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return read_providers(path, production=production)


def test_a_provider_is_read_as_it_is_written(folder):
    (provider,) = read(folder)
    assert (provider.name, provider.issuer, provider.roles) == (
        "staff",
        "https://idp.example",
        {Role.MUNICIPAL_CLERK},
    )
    assert [provider.level_of(one) for one in ("urn:card", "urn:password", "urn:else", None)] == [
        Level.JPKI,
        Level.PASSWORD,
        Level.NONE,
        Level.NONE,
    ]


def test_the_weakest_way_that_will_do_is_asked_for_first(folder):
    (provider,) = read(folder)
    assert provider.acr_values(Level.PASSWORD) == ("urn:password", "urn:card", "urn:phone")
    assert provider.acr_values(Level.JPKI) == ("urn:card", "urn:phone")


WRONG = {
    "no TOML": (lambda _: "[[provider", "Invalid|Expected|expected|nclosed"),
    "a word that there is not": (lambda text: text + 'secret = "x"', "unknown field"),
    "a role that there is not": (lambda text: text.replace("municipal-clerk", "king"), "king"),
    "an address without TLS": (lambda text: text.replace("https://idp.example", "http://idp.example"), "https"),
    "an address on this machine": (lambda text: text.replace("https://idp.example", "http://127.0.0.1:1"), "https"),
    "an address with a query": (lambda text: text.replace("https://idp.example", "https://idp.example?a=b"), "query"),
    "a name that is a path": (lambda text: text.replace('"staff"', '"../staff"'), "provider"),
    "two of one name": (lambda text: text + text.replace("idp.example", "other.example"), "two providers of one name"),
    "two of one issuer": (lambda text: text + text.replace('"staff"', '"other"'), "two providers of one issuer"),
    "an acr of two levels": (lambda text: text.replace('"urn:phone"', '"urn:password"'), "two levels"),
    "no key": (lambda text: text.replace("client.pem", "gone.pem"), "the key of staff"),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_a_file_that_makes_no_sense_is_refused(folder, change, said):
    with pytest.raises(ProvidersRefused, match=said):
        read(folder, change(STAFF))


@pytest.mark.parametrize(
    ("how", "said"),
    [({"mode": 0o640}, "open to no one else"), ({"algorithm": Algorithm.ED25519}, "P-256")],
    ids=["open to others", "of another kind"],
)
def test_a_key_that_may_not_be_used_is_refused(folder, how, said):
    put_key(folder / "client.pem", **how)
    with pytest.raises(ProvidersRefused, match=said):
        read(folder)


ADDRESSES = {
    "https://idp.example": (True, True),
    "https://idp.example:8443/realm": (True, True),
    "http://127.0.0.1:8420": (True, False),
    "http://localhost:8420": (True, False),
    "http://idp.example": (False, False),
    "http://127.0.0.1.idp.example": (False, False),
    "https://user@idp.example": (False, False),
    "https://": (False, False),
    "https://idp.example:0": (False, False),
    "https://idp.example:99999": (False, False),
    "https://[": (False, False),
    "file:///etc/passwd": (False, False),
    "//idp.example": (False, False),
    "javascript:alert(1)": (False, False),
}


@pytest.mark.parametrize(("address", "safe"), ADDRESSES.items(), ids=list(ADDRESSES))
def test_an_address_is_spoken_to_over_tls_or_on_this_machine(address, safe):
    assert (is_safe(address, production=False), is_safe(address, production=True)) == safe
