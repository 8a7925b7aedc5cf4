"""Step 12: the otherNames of a signing certificate become the value of the domain, or nothing does."""

from datetime import UTC, datetime

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat import asn1

from registry.domain.basic_four import Sex
from registry.domain.certified_identity import AddressForm
from registry.jpki import profile
from registry.jpki.holder import read_holder
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.sandbox.jpki.certificates import leaf_extensions
from tests.jpki import pki
from tests.jpki.pki import HOLDER, LOGIN, MUNICIPALITIES, issuer, leaf


def with_items(**changes):
    return leaf(holder=msgspec.structs.replace(HOLDER, **changes))


def with_names(*names):
    san = x509.SubjectAlternativeName(list(names))
    return leaf(extensions=pki.replaced(leaf_extensions(issuer(), HOLDER), san, critical=False))


def own_names():
    found = leaf().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return list(found)


def item(oid, der):
    return x509.OtherName(oid, der)


def test_every_item_is_read():
    found = read_holder(
        with_items(address="東京都千代田区麹町九丁目３番２号", address_substitutes="0" * 16, name_substitutes="10000"),
        MUNICIPALITIES,
    )
    assert found.name == "高﨑\u3000花子"
    assert found.name_substitutes == "10000"
    assert (found.person_name.surname, found.person_name.given) == ("高﨑", "花子")
    assert found.sex is Sex.FEMALE
    assert found.birth_date.iso() == "1985-03-07"
    assert found.address_form is AddressForm.IN_JAPAN
    assert str(found.address.municipality) == "131016"
    assert found.address_substitutes == "0" * 16


def test_after_a_move_abroad_there_is_no_address():
    found = read_holder(leaf(), MUNICIPALITIES)
    assert (found.address_form, found.address) == (AddressForm.MOVED_ABROAD, None)


@pytest.mark.parametrize(
    ("began", "form"),
    [
        (datetime(2019, 4, 30, 14, 59, 59, tzinfo=UTC), AddressForm.UNREADABLE),
        (datetime(2019, 4, 30, 15, tzinfo=UTC), AddressForm.IN_JAPAN),
    ],
    ids=["a second before it has its name", "in its first hour in Japan"],
)
def test_the_address_is_read_as_of_the_day_in_japan_on_which_the_certificate_began(began, form):
    certificate = leaf(holder=msgspec.structs.replace(HOLDER, address="兵庫県丹波篠山市北新町四十一"), began=began)
    assert read_holder(certificate, MUNICIPALITIES).address_form is form


def test_substitutes_may_be_left_out():
    found = read_holder(with_items(name_substitutes="", address_substitutes=""), MUNICIPALITIES)
    assert (found.name_substitutes, found.address_substitutes) == ("", "")


BAD = {
    "a login certificate": lambda: leaf(issuer(LOGIN)),
    "no name": lambda: with_items(name=""),
    "no address": lambda: with_items(address=""),
    "a sex that is none": lambda: with_items(sex="9"),
    "a date that is none": lambda: with_items(birth_date="319850231"),
    "substitutes that are no digits": lambda: with_items(name_substitutes="あ"),
    "full-width substitutes": lambda: with_items(name_substitutes="０００００"),
    "a control character": lambda: with_items(name="高﨑\x00花子"),
    "an override of direction": lambda: with_items(name="高﨑\u202e花子"),
    "longer than any name": lambda: with_items(name="髙" * 301),
    "the name twice": lambda: with_names(*own_names(), item(profile.NAME, asn1.encode_der("邊見"))),
    "a name of another string type": lambda: with_names(*own_names()[1:], item(profile.NAME, b"\x13\x01A")),
    "a name that is no UTF-8": lambda: with_names(*own_names()[1:], item(profile.NAME, b"\x0c\x02\xff\xfe")),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_holder_who_is_not_clearly_named_is_refused(make):
    with pytest.raises(JpkiRefused) as refused:
        read_holder(make(), MUNICIPALITIES)
    assert refused.value.code is JpkiFault.HOLDER_UNREADABLE


def test_another_kind_of_name_beside_them_says_nothing():
    found = read_holder(with_names(*own_names(), x509.RFC822Name("a@example.com")), MUNICIPALITIES)
    assert found.name == HOLDER.name
