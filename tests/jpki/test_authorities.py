"""The pinned CAs: chosen by key, read from a file of the deployment, and refused where they could not be meant."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.jpki.authorities import Authorities, Authority
from registry.sandbox.jpki.certificates import make_ca
from registry.sandbox.jpki.office import GENERATIONS, PINNED
from tests.jpki.pki import BEGAN, LOGIN, SIGNING, authority, issuer, key, leaf, pinned

LINE = "http://ca.test/crl"


def test_generations_of_one_name_are_told_apart_by_their_keys():
    ours = pinned()
    for purpose in (SIGNING, LOGIN):
        for generation in (1, 2):
            one = authority(issuer(purpose, generation))
            assert ours.by_key_id(one.key_id).certificate == one.certificate


def test_a_key_that_is_not_pinned_is_nobodys():
    assert pinned().by_key_id(authority(issuer(name="somebody else's")).key_id) is None


def test_two_cas_of_one_key_are_refused():
    with pytest.raises(ValueError, match="the same key identifier"):
        Authorities([authority(issuer()), authority(issuer())])


UNFIT = {
    "a card": leaf,
    "a weak key": lambda: make_ca(SIGNING, key("weak CA", 1024), BEGAN),
}


@pytest.mark.parametrize("make", UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_a_ca_is_not_pinned(make):
    with pytest.raises(ValueError, match="2048 bits or more"):
        Authority(purpose=SIGNING, certificate=make(), crl=LINE, ocsp=LINE)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ldap://ca.test", "ca.test/crl", ""])
def test_a_line_is_http_and_nothing_else(address):
    with pytest.raises(ValueError, match="begin with http"):
        Authority(purpose=SIGNING, certificate=issuer().certificate, crl=address, ocsp=LINE)


def test_the_file_of_an_office_pins_its_cas(office):
    found = Authorities.read(office.folder / PINNED)
    assert sorted(one.purpose for one in found) == sorted([SIGNING, LOGIN] * len(GENERATIONS))


def test_production_pins_no_ca_of_the_sandbox(office):
    with pytest.raises(ValueError, match="a CA of the sandbox"):
        Authorities.read(office.folder / PINNED, production=True)


def test_a_file_without_a_ca_of_signing_certificates_is_refused(office):
    path = office.folder / PINNED
    tables = path.read_text(encoding="utf-8").split("[[authority]]")
    path.write_text("[[authority]]".join(one for one in tables if f'"{SIGNING}"' not in one), encoding="utf-8")
    with pytest.raises(ValueError, match="no CA of signing certificates"):
        Authorities.read(path)


FILES = {
    "no TOML": "[[authority",
    "no authority": "",
    "another purpose": '[[authority]]\npurpose = "any"\ncertificate = "a.pem"\ncrl = "http://a"\nocsp = "http://a"\n',
    "something more": '[[authority]]\npurpose = "signing"\ncertificate = "a.pem"\ncrl = "http://a"\nocsp = "http://a"\n'
    'trust = "all"\n',
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_file_that_is_not_of_the_form_is_refused(text, tmp_path):
    path = tmp_path / "authorities.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"authorities\.toml"):
        Authorities.read(path)


def test_a_certificate_that_is_not_beside_the_file_is_missed(tmp_path):
    path = tmp_path / "authorities.toml"
    path.write_text(FILES["something more"].rpartition("trust")[0], encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        Authorities.read(path)
    (tmp_path / "a.pem").write_bytes(issuer().certificate.public_bytes(Encoding.PEM))
    assert len(list(Authorities.read(path))) == 1
