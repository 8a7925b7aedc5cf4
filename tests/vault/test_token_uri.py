"""The URI of a token: what is understood, and that nothing of what is not is ever repeated."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.settings import Settings, SettingsRefused
from registry.vault.token_uri import TokenUri

WHERE = "module-path=/usr/lib/p11.so&pin-source=file:/etc/pin"
OTHERS = {"REGISTRY_DSN": "postgresql://a/b", "REGISTRY_SIGNING_KEY": "registry.pem", "REGISTRY_LOG_KEY": "log.pem"}


def uri(**said):
    return TokenUri(module_path=Path("/usr/lib/p11.so"), pin_source=Path("/etc/pin"), **said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"pkcs11:token=registry?{WHERE}", uri(token="registry"), id="by its label"),
        pytest.param(f"pkcs11:serial=4f%20a;model=X?{WHERE}", uri(serial="4f a", model="X"), id="by what it says"),
        pytest.param(f"pkcs11:token=%E9%8D%B5%3B?{WHERE}", uri(token="鍵;"), id="percent-encoded UTF-8"),
        pytest.param(f"pkcs11:token=a?{WHERE.replace('file:', '')}", uri(token="a"), id="the PIN file as a plain path"),
        pytest.param(f"pkcs11:token=a?{WHERE.replace('file:', 'file://')}", uri(token="a"), id="the PIN file by a URI"),
    ],
)
def test_a_token_is_read_from_its_uri(text, expected):
    assert TokenUri.parse(text) == expected
    assert Settings.read(OTHERS | {"REGISTRY_KEYS": text}).keys == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("pkcs11:", id="nothing"),
        pytest.param(f"pkcs11:?{WHERE}", id="any token"),
        pytest.param(f"pkcs11:model=7319?{WHERE}", id="any token of a model"),
        pytest.param(f"pkcs11:token=?{WHERE}", id="an empty label"),
        pytest.param(f"pkcs11:token=a;token=7319?{WHERE}", id="an attribute twice"),
        pytest.param(f"pkcs11:token=a;slot-7319=1?{WHERE}", id="an unknown attribute"),
        pytest.param(f"pkcs11:token=%ff7319?{WHERE}", id="no UTF-8"),
        pytest.param("pkcs11:token=a?module-path=/p%00.so&pin-source=/7319", id="a path that cannot be one"),
        pytest.param("pkcs11:token=a?pin-source=file:/7319", id="no library"),
        pytest.param("pkcs11:token=a?module-path=/7319.so", id="no PIN"),
        pytest.param("pkcs11:token=a?module-path=7319.so&pin-source=file:/p", id="a library that is searched for"),
        pytest.param("pkcs11:token=a?module-path=/p11.so&pin-source=|7319", id="a program that tells the PIN"),
        pytest.param(f"pkcs11:token=a?{WHERE}&pin-value=7319", id="the PIN itself"),
        pytest.param("pkcs11:token=a?module-path=/p11.so&pin-value=7319", id="the PIN itself alone"),
    ],
)
def test_a_uri_that_names_no_token_is_refused_without_repeating_it(text):
    with pytest.raises(SettingsRefused, match="REGISTRY_KEYS") as refused:
        Settings.read(OTHERS | {"REGISTRY_KEYS": text})
    assert "7319" not in str(refused.value)


@given(st.text(st.sampled_from("abtokenpin-source=;&?%/:\x00鍵"), max_size=40))
def test_whatever_follows_the_scheme_is_a_token_or_a_refusal(text):
    with suppress(ValueError):
        assert TokenUri.parse(f"pkcs11:{text}").name


def test_what_names_no_scheme_is_a_path_and_nothing_is_a_missing_setting():
    assert Settings.read(OTHERS | {"REGISTRY_KEYS": "pkcs11.json"}).keys == Path("pkcs11.json")
    with pytest.raises(SettingsRefused, match="REGISTRY_KEYS"):
        Settings.read(OTHERS)
