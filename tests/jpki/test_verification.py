"""All steps together: a signature over an application, an answer to a challenge, and what each refusal leaves."""

import asyncio
import secrets
from datetime import timedelta

import httpx
import pytest
from cryptography.x509 import SubjectAlternativeName
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.certified_identity import AddressForm
from registry.jpki.authenticator import sign_application, sign_in
from registry.jpki.authorities import Authorities
from registry.jpki.challenge import LIFETIME, ChallengesInMemory
from registry.jpki.crl import SeenInMemory
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation_lines import CrlLine, OcspLine
from registry.jpki.verification import CertificateId, Verifier
from registry.sandbox.jpki import card
from registry.sandbox.jpki.cast import cast
from registry.sandbox.jpki.certificates import leaf_extensions
from registry.sandbox.jpki.office import PINNED
from registry.sandbox.jpki.serving import make_app
from tests.jpki import pki
from tests.jpki.pki import (
    APPLICATION,
    DAY,
    LOGIN,
    MUNICIPALITIES,
    NONCE,
    NOW,
    ORIGIN,
    SIGNING,
    ByList,
    InHand,
    a_list,
    issuer,
    key,
    leaf,
    pinned,
)

SESSION = "a session"
SIGNER = leaf()
CARD = InHand(SIGNER)
LOGIN_CARD = InHand(leaf(issuer(LOGIN)))


class Desk:
    """A verifier, and the challenges that it gave."""

    def __init__(self, revocation=None, authorities=None):
        self.challenges = ChallengesInMemory(secrets.token_urlsafe)
        by = revocation or ByList(a_list())
        self.verifier = Verifier(authorities or pinned(), by, MUNICIPALITIES, ORIGIN)

    async def nonce(self, purpose=SIGNING, session=SESSION, now=NOW):
        return await self.challenges.give(purpose, session, now)

    async def signed(self, carrier=CARD, application=APPLICATION, **changes):
        given_here = {"origin": ORIGIN, "nonce": changes.get("nonce") or await self.nonce()}
        return sign_application(carrier, application, **(given_here | changes))

    async def accepted(self, signature, application=APPLICATION, *, session=SESSION, now=NOW):
        unspent = await self.verifier.accept_application(application, signature, now=now)
        return await unspent.spend(self.challenges, session)

    async def accept(self, signature, application=APPLICATION, **changes):
        """What came of it: the code of the refusal, or None."""
        try:
            await self.accepted(signature, application, **changes)
        except JpkiRefused as refused:
            return refused.code
        return None

    async def accept_sign_in(self, answer, *, session=SESSION, now=NOW):
        try:
            await (await self.verifier.accept_sign_in(answer, now=now)).spend(self.challenges, session)
        except JpkiRefused as refused:
            return refused.code
        return None


@pytest.mark.anyio
async def test_a_signed_application_says_who_signed_it_and_when():
    desk = Desk()
    found = await desk.accepted(await desk.signed())
    assert found.holder.name == pki.HOLDER.name
    assert found.holder.address_form is AddressForm.MOVED_ABROAD
    assert found.certificate.serial == f"{SIGNER.serial_number:x}"
    assert found.signed_at == NOW
    assert found.standing.revoked_since is None


@pytest.mark.anyio
async def test_an_empty_application_and_a_large_one_are_signed_as_any_other():
    desk = Desk()
    for application in (b"", b"\x00" * (1 << 20)):
        assert await desk.accept(await desk.signed(application=application), application) is None


@pytest.mark.anyio
async def test_a_challenge_is_answered_once():
    desk = Desk(ByList(a_list(issuer(LOGIN))))
    answer = sign_in(LOGIN_CARD, origin=ORIGIN, nonce=await desk.nonce(LOGIN))
    assert await desk.accept_sign_in(answer) is None
    assert await desk.accept_sign_in(answer) is JpkiFault.CHALLENGE_UNKNOWN


# ------------------------------------------------------------------------------------ one refusal for each step


@pytest.mark.anyio
@pytest.mark.parametrize(
    "changed",
    [APPLICATION + b" ", APPLICATION[:-1], APPLICATION.replace(b":", b": ", 1), b"", APPLICATION.upper()],
    ids=["a space more", "a byte less", "the same JSON otherwise written", "nothing", "another case"],
)
async def test_other_bytes_than_those_signed_are_refused(changed):
    desk = Desk()
    assert await desk.accept(await desk.signed(), changed) is JpkiFault.SIGNATURE_WRONG


@pytest.mark.anyio
async def test_a_signature_by_another_key_than_the_certificates_is_refused():
    desk = Desk()
    assert await desk.accept(await desk.signed(InHand(SIGNER, key("another card")))) is JpkiFault.SIGNATURE_WRONG


@pytest.mark.anyio
@pytest.mark.parametrize("digest", ["sha1", "md5", "sha512"])
async def test_a_signature_by_another_hash_is_refused(digest):
    class Old(InHand):
        def sign(self, _purpose, message):
            return pki.rsa_signature(key("card"), message, digest)

    desk = Desk()
    assert await desk.accept(await desk.signed(Old(SIGNER))) is JpkiFault.SIGNATURE_WRONG


@pytest.mark.anyio
async def test_a_login_certificate_never_signs_and_a_signing_one_never_logs_in():
    desk = Desk()
    assert await desk.accept(await desk.signed(LOGIN_CARD)) is JpkiFault.OTHER_PURPOSE
    answer = sign_in(CARD, origin=ORIGIN, nonce=await desk.nonce(LOGIN))
    assert await desk.accept_sign_in(answer) is JpkiFault.OTHER_PURPOSE


@pytest.mark.anyio
async def test_an_answer_to_a_challenge_is_no_signature_over_nothing():
    desk = Desk()
    answer = sign_in(CARD, origin=ORIGIN, nonce=await desk.nonce())
    assert await desk.accept(answer, b"") is JpkiFault.OTHER_PURPOSE


@pytest.mark.anyio
async def test_what_was_signed_for_another_origin_is_worth_nothing_here():
    desk = Desk()
    assert await desk.accept(await desk.signed(origin="https://registry.example.net")) is JpkiFault.ORIGIN_WRONG


CERTIFICATES = {
    "expired": (lambda: leaf(ends=NOW - timedelta(seconds=1)), JpkiFault.EXPIRED),
    "of a CA that nobody pinned": (lambda: leaf(issuer(name="somebody else's")), JpkiFault.AUTHORITY_UNKNOWN),
    "that names nobody": (lambda: leaf(extensions=unnamed()), JpkiFault.HOLDER_UNREADABLE),
}


def unnamed():
    return pki.without(leaf_extensions(issuer(), pki.HOLDER), SubjectAlternativeName)


@pytest.mark.anyio
@pytest.mark.parametrize(("make", "code"), CERTIFICATES.values(), ids=CERTIFICATES)
async def test_a_good_signature_of_a_bad_certificate_is_refused(make, code):
    desk = Desk()
    assert await desk.accept(await desk.signed(InHand(make()))) is code


# ------------------------------------------------------------------------------------------------- revocation

REVOKED = {
    "before it was signed": (NOW - DAY, JpkiFault.REVOKED),
    "in that second": (NOW, JpkiFault.REVOKED),
    "after it was signed": (NOW + timedelta(seconds=1), None),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("since", "code"), REVOKED.values(), ids=REVOKED)
async def test_what_counts_is_whether_it_was_revoked_at_the_moment_of_signing(since, code):
    desk = Desk(ByList(a_list(revoked=[(SIGNER.serial_number, since)])))
    assert await desk.accept(await desk.signed()) is code


@pytest.mark.anyio
async def test_years_later_it_is_the_moment_of_signing_that_counts():
    """Expired since, and revoked since: what was good when it came in is found good again."""
    later = pki.ENDS + 30 * DAY
    by = ByList(a_list(revoked=[(SIGNER.serial_number, NOW + DAY)], began=later, ends=later + DAY))
    desk = Desk(by)
    signature = await desk.signed()
    found = await desk.verifier.verify_application(APPLICATION, signature, signed_at=NOW, now=later)
    assert found.standing.revoked_since == NOW + DAY
    with pytest.raises(JpkiRefused, match=JpkiFault.EXPIRED):
        await desk.verifier.verify_application(APPLICATION, signature, signed_at=later, now=later)


@pytest.mark.anyio
async def test_a_stale_list_refuses_everybody():
    desk = Desk(ByList(a_list(ends=NOW)))
    assert await desk.accept(await desk.signed()) is JpkiFault.REVOCATION_STALE


# ------------------------------------------------------------------------------------------------------ nonce


@pytest.mark.anyio
async def test_a_signature_is_good_once():
    desk = Desk()
    signature = await desk.signed()
    assert await desk.accept(signature) is None
    assert await desk.accept(signature) is JpkiFault.CHALLENGE_UNKNOWN


@pytest.mark.anyio
async def test_of_many_at_once_one_goes_through():
    desk = Desk()
    signature = await desk.signed()
    outcomes = await asyncio.gather(*(desk.accept(signature) for _ in range(20)))
    assert outcomes.count(None) == 1


NONCES = {
    "one that nobody gave": lambda desk: desk.signed(nonce=NONCE),
    "one of another session": lambda desk: given_to(desk, session="another session"),
    "one for sign-in": lambda desk: given_to(desk, purpose=LOGIN),
    "one of long ago": lambda desk: given_to(desk, now=NOW - LIFETIME[SIGNING]),
}


async def given_to(desk, **changes):
    return await desk.signed(nonce=await desk.nonce(**changes))


@pytest.mark.anyio
@pytest.mark.parametrize("sign", NONCES.values(), ids=NONCES)
async def test_another_nonce_is_refused_and_none_of_them_says_why(sign):
    desk = Desk()
    assert await desk.accept(await sign(desk)) is JpkiFault.CHALLENGE_UNKNOWN


@pytest.mark.anyio
async def test_until_the_nonce_is_spent_nobody_sees_who_signed():
    desk = Desk()
    unspent = await desk.verifier.accept_application(APPLICATION, await desk.signed(nonce=NONCE), now=NOW)
    assert {name for name in dir(unspent) if not name.startswith("_")} == {"spend"}
    with pytest.raises(JpkiRefused, match=JpkiFault.CHALLENGE_UNKNOWN):
        await unspent.spend(desk.challenges, SESSION)


@pytest.mark.anyio
async def test_who_guesses_a_nonce_uses_nothing_up():
    desk = Desk()
    signature = await desk.signed()
    assert await desk.accept(signature, session="another session") is JpkiFault.CHALLENGE_UNKNOWN
    assert await desk.accept(signature) is None


@pytest.mark.anyio
async def test_a_bad_signature_uses_no_nonce_up():
    desk = Desk()
    signature = await desk.signed()
    assert await desk.accept(signature, APPLICATION + b"!") is JpkiFault.SIGNATURE_WRONG
    assert await desk.accept(signature) is None


# --------------------------------------------------------------------------------------------- any byte, any bit

SIGNED = sign_application(CARD, APPLICATION, origin=ORIGIN, nonce=NONCE)
DESK = Desk()


def verified(application, signature):
    try:
        asyncio.run(DESK.verifier.verify_application(application, signature, signed_at=NOW, now=NOW))
    except JpkiRefused as refused:
        return refused.code
    return None


def test_the_signature_that_is_changed_below_is_good():
    assert verified(APPLICATION, SIGNED) is None


@given(st.binary(max_size=len(APPLICATION) + 2))
def test_no_other_application_is_signed_by_it(application):
    if application != APPLICATION:
        assert verified(application, SIGNED) is JpkiFault.SIGNATURE_WRONG


@given(st.integers(min_value=0, max_value=len(APPLICATION) * 8 - 1))
def test_no_bit_of_the_application_can_be_turned(bit):
    turned = bytearray(APPLICATION)
    turned[bit // 8] ^= 1 << bit % 8
    assert verified(bytes(turned), SIGNED) is JpkiFault.SIGNATURE_WRONG


@given(st.integers(min_value=0, max_value=len(SIGNED) - 1), st.characters(min_codepoint=1, max_codepoint=0x2FF))
def test_no_character_of_the_signature_can_be_another(at, character):
    if character != SIGNED[at]:
        assert verified(APPLICATION, SIGNED[:at] + character + SIGNED[at + 1 :]) is not None


# ---------------------------------------------------------------------- the sandbox's own cards, by real lines


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["crl", "ocsp"])
@pytest.mark.parametrize("generation", [1, 2])
async def test_a_card_of_the_sandbox_signs_and_logs_in_until_it_is_lost(office, tmp_path, kind, generation):
    who = "takasaki-hanako"
    path = tmp_path / f"{who}.card"
    card.issue(office, path, who, cast()[who], generation, NOW)
    own = card.Card(path, card.FIRST_PINS.__getitem__)
    transport = httpx.ASGITransport(make_app(office, lambda: NOW))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
        line = CrlLine(http, SeenInMemory()) if kind == "crl" else OcspLine(http, secrets.token_bytes)
        desk = Desk(line, Authorities.read(office.folder / PINNED))
        found = await desk.accepted(await desk.signed(own))
        assert found.holder.name == cast()[who].name
        answer = sign_in(own, origin=ORIGIN, nonce=await desk.nonce(LOGIN))
        assert await desk.accept_sign_in(answer) is None
        office.revoke(who, NOW)
        fresh = Desk(CrlLine(http, SeenInMemory()) if kind == "crl" else line, Authorities.read(office.folder / PINNED))
        assert await fresh.accept(await fresh.signed(own)) is JpkiFault.REVOKED


def test_whose_certificate_it_was_never_shows_in_a_log_line():
    shown = repr(CertificateId(authority="ab", serial="12345"))
    assert shown == "CertificateId(authority, serial)"
