"""Step 11 by lists: what a list says, and lists that nobody may believe."""

from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from registry.jpki.crl import SeenInMemory, read_list
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation import CLOCK_AHEAD
from tests.jpki.pki import DAY, LOGIN, NOW, SIGNING, a_list, authority, crl, issuer

SECOND = timedelta(seconds=1)
SERIAL = 4711


def refused(der, of=None):
    try:
        read_list(der, authority(of or issuer()))
    except JpkiRefused as refusal:
        return refusal.code
    return None


def test_who_stands_in_the_list_is_revoked_since_that_moment():
    one = a_list(revoked=[(SERIAL, NOW - DAY)])
    assert one.standing(SERIAL, NOW).revoked_since == NOW - DAY
    assert one.standing(SERIAL + 1, NOW).revoked_since is None


SIGNED_AT = {
    "the day before": (NOW - 2 * DAY, False),
    "the second before": (NOW - DAY - SECOND, False),
    "that second": (NOW - DAY, True),
    "afterwards": (NOW, True),
}


@pytest.mark.parametrize(("at", "is_refused"), SIGNED_AT.values(), ids=SIGNED_AT)
def test_what_was_signed_before_it_was_revoked_stays_good(at, is_refused):
    standing = a_list(revoked=[(SERIAL, NOW - DAY)]).standing(SERIAL, NOW)
    if is_refused:
        with pytest.raises(JpkiRefused, match=JpkiFault.REVOKED):
            standing.refuse_if_revoked(at)
    else:
        standing.refuse_if_revoked(at)


@pytest.mark.parametrize("moments", [(NOW - DAY, NOW + DAY), (NOW + DAY, NOW - DAY)], ids=["in order", "not in order"])
def test_who_stands_in_the_list_twice_is_revoked_since_the_earlier_moment(moments):
    one = a_list(revoked=[(SERIAL, since) for since in moments])
    assert one.standing(SERIAL, NOW).revoked_since == NOW - DAY


def test_a_key_that_was_lost_earlier_is_revoked_since_then():
    lost = (x509.InvalidityDate((NOW - 3 * DAY).replace(tzinfo=None)), False)
    one = a_list(revoked=[(SERIAL, NOW - DAY, lost)])
    assert one.standing(SERIAL, NOW).revoked_since == NOW - 3 * DAY


@pytest.mark.parametrize("reason", [x509.ReasonFlags.certificate_hold, x509.ReasonFlags.key_compromise])
def test_a_certificate_on_hold_is_revoked_as_any_other(reason):
    one = a_list(revoked=[(SERIAL, NOW - DAY, (x509.CRLReason(reason), False))])
    assert one.standing(SERIAL, NOW).revoked_since is not None


FRESH = {
    "just made": ({"began": NOW}, None),
    "made by a clock that is ahead": ({"began": NOW + CLOCK_AHEAD}, None),
    "made later than that": ({"began": NOW + CLOCK_AHEAD + SECOND}, JpkiFault.REVOCATION_STALE),
    "its last second": ({"ends": NOW + SECOND}, None),
    "its end": ({"ends": NOW}, JpkiFault.REVOCATION_STALE),
}


def code_of_use(one):
    try:
        one.standing(SERIAL, NOW)
    except JpkiRefused as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(("changes", "code"), FRESH.values(), ids=FRESH)
def test_a_stale_list_says_nothing_of_anybody(changes, code):
    assert code_of_use(a_list(**changes)) is code


def test_a_list_that_promises_no_next_one_is_stale():
    assert code_of_use(msgspec.structs.replace(a_list(), next_update=None)) is JpkiFault.REVOCATION_STALE


FOREIGN = issuer(name="somebody else's")
POINT = x509.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.392.200149.8.5.9.9"), b"\x05\x00")
GOOD = crl(revoked=[(SERIAL, NOW - DAY), (SERIAL + 1, NOW - DAY)])
THE_LIST = read_list(GOOD, authority(issuer()))
BAD = {
    "of a CA that nobody pinned": (crl(FOREIGN), JpkiFault.REVOCATION_OF_ANOTHER),
    "signed by such a one": (crl(signer=FOREIGN), JpkiFault.REVOCATION_OF_ANOTHER),
    "of the older generation": (crl(issuer(SIGNING, 1)), JpkiFault.REVOCATION_OF_ANOTHER),
    "of the CA for login": (crl(issuer(LOGIN)), JpkiFault.REVOCATION_OF_ANOTHER),
    "under the name of the CA for login": (crl(issuer(LOGIN), signer=issuer()), JpkiFault.REVOCATION_OF_ANOTHER),
    "without a number": (crl(number=None), JpkiFault.REVOCATION_MALFORMED),
    "a delta": (crl(extensions=[(x509.DeltaCRLIndicator(3), True)]), JpkiFault.REVOCATION_PARTIAL),
    "of one kind of certificates": (crl(extensions=[(POINT, True)]), JpkiFault.REVOCATION_PARTIAL),
    "critical and not understood": (crl(extensions=[(UNKNOWN, True)]), JpkiFault.REVOCATION_PARTIAL),
    "an entry of another CA": (
        crl(revoked=[(SERIAL, NOW, (x509.CertificateIssuer([x509.DirectoryName(FOREIGN.certificate.subject)]), True))]),
        JpkiFault.REVOCATION_PARTIAL,
    ),
    "cut off": (GOOD[:-1], JpkiFault.REVOCATION_MALFORMED),
    "something after it": (GOOD + b"\x00", JpkiFault.REVOCATION_MALFORMED),
    "a page of HTML": (b"<html>503</html>", JpkiFault.REVOCATION_MALFORMED),
    "nothing": (b"", JpkiFault.REVOCATION_MALFORMED),
}


@pytest.mark.parametrize(("der", "code"), BAD.values(), ids=BAD)
def test_a_list_that_is_not_the_whole_one_of_this_ca_is_refused(der, code):
    assert refused(der) is code


def test_what_is_not_critical_and_not_understood_is_passed_over():
    assert refused(crl(extensions=[(UNKNOWN, False)])) is None


@given(st.integers(min_value=0, max_value=len(GOOD) * 8 - 1))
def test_no_bit_of_a_list_can_be_turned_into_another_list(bit):
    turned = bytearray(GOOD)
    turned[bit // 8] ^= 1 << bit % 8
    try:
        found = read_list(bytes(turned), authority(issuer()))
    except JpkiRefused:
        return
    assert msgspec.structs.replace(found, digest=b"") == msgspec.structs.replace(THE_LIST, digest=b"")


@given(st.binary(max_size=200))
def test_whatever_arrives_is_refused_by_a_code(data):
    assert refused(data) is JpkiFault.REVOCATION_MALFORMED


# ----------------------------------------------------------------------------------------- never backwards

SEEN = {
    "a higher number": (7, b"a", 8, b"b", True),
    "the same list again": (7, b"a", 7, b"a", True),
    "the same number on another list": (7, b"a", 7, b"b", False),
    "a lower number": (7, b"a", 6, b"b", False),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("first", "one", "then", "other", "good"), SEEN.values(), ids=SEEN)
async def test_a_list_older_than_one_seen_is_known_as_such(first, one, then, other, good):
    seen = SeenInMemory()
    assert await seen.advance(b"CA", first, one)
    assert await seen.advance(b"CA", then, other) is good
    assert await seen.advance(b"another CA", 1, other)


@pytest.mark.anyio
async def test_an_old_list_changes_nothing_of_what_was_seen():
    seen = SeenInMemory()
    await seen.advance(b"CA", 7, b"a")
    await seen.advance(b"CA", 6, b"b")
    assert not await seen.advance(b"CA", 6, b"b")
    assert await seen.advance(b"CA", 7, b"a")
