"""The lines to a CA: a real office of the sandbox behind them, and others that answer too much, too late or wrongly."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from registry.jpki import revocation_lines
from registry.jpki.authorities import Authorities
from registry.jpki.certificate import check_certificate
from registry.jpki.crl import LARGEST_LIST, SeenInMemory
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation_lines import AHEAD, FETCH_AGAIN, TRY_AGAIN, CrlLine, OcspLine, fetch
from registry.sandbox.jpki.office import GOOD_FOR, PINNED
from registry.sandbox.jpki.serving import make_app
from tests.jpki.pki import DAY, HOLDER, LOGIN, NOW, SIGNING, crl, der, issuer, key, leaf, pinned

pytestmark = pytest.mark.anyio
LEAF = check_certificate(der(leaf()), SIGNING, pinned(), NOW)
SERIAL = LEAF.serial


class Ca:
    """A CA over HTTP in this process, which answers with what it is given and counts how often it is asked."""

    def __init__(self, *answers, status=200, headers=()):
        self.answers = list(answers)
        self.status = status
        self.headers = [(name.encode(), value.encode()) for name, value in headers]
        self.asked = 0

    async def __call__(self, _scope, _receive, send):
        self.asked += 1
        body = self.answers[min(self.asked, len(self.answers)) - 1]
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def to(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), trust_env=False) as http:
        yield http


async def code_of(awaitable):
    try:
        await awaitable
    except JpkiRefused as refused:
        return refused.code
    return None


# --------------------------------------------------------------------------------------- against the sandbox's CA


def card_of(office, purpose, generation):
    pem = office.issue("takasaki-hanako", HOLDER, key("card"), office.issuer(purpose, generation), NOW)
    authorities = Authorities.read(office.folder / PINNED)
    return check_certificate(
        der(__import__("cryptography").x509.load_pem_x509_certificate(pem)), purpose, authorities, NOW
    )


def line(kind, http):
    return CrlLine(http, SeenInMemory()) if kind == "crl" else OcspLine(http, secrets.token_bytes)


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
@pytest.mark.parametrize("purpose", [SIGNING, LOGIN])
@pytest.mark.parametrize("generation", [1, 2])
async def test_a_card_stands_good_until_it_is_revoked(office, kind, purpose, generation):
    one = card_of(office, purpose, generation)
    async with to(make_app(office, lambda: NOW)) as http:
        assert (await line(kind, http).standing(one, NOW)).revoked_since is None
        office.revoke("takasaki-hanako", NOW - DAY)
        assert (await line(kind, http).standing(one, NOW)).revoked_since == NOW - DAY


async def test_a_certificate_that_is_in_no_book_is_unknown_to_ocsp(office):
    stranger = check_certificate(
        der(leaf(office.issuer(SIGNING, 2))), SIGNING, Authorities.read(office.folder / PINNED), NOW
    )
    async with to(make_app(office, lambda: NOW)) as http:
        assert await code_of(line("ocsp", http).standing(stranger, NOW)) is JpkiFault.REVOCATION_UNKNOWN


# ---------------------------------------------------------------------------------------------- keeping a list


async def test_a_list_is_fetched_once_and_again_after_its_time():
    ca = Ca(crl(number=7), crl(number=8, revoked=[(SERIAL, NOW)]))
    async with to(ca) as http:
        one = CrlLine(http, SeenInMemory())
        for _ in range(3):
            assert (await one.standing(LEAF, NOW)).revoked_since is None
        assert ca.asked == 1
        assert (await one.standing(LEAF, NOW + FETCH_AGAIN)).revoked_since == NOW
        assert ca.asked == 2


async def test_lists_that_are_renewed_beside_the_requests_are_never_fetched_within_one():
    ca = Ca(crl(number=7), crl(number=8))
    async with to(ca) as http:
        one, only = CrlLine(http, SeenInMemory()), pinned(issuer())
        await one.keep_fresh(only, NOW)
        await one.keep_fresh(only, NOW + FETCH_AGAIN - 2 * AHEAD)
        assert ca.asked == 1
        await one.keep_fresh(only, NOW + FETCH_AGAIN - AHEAD)
        assert ca.asked == 2
        await one.standing(LEAF, NOW + FETCH_AGAIN)
        assert ca.asked == 2


async def test_who_comes_while_the_first_list_is_on_its_way_waits_for_it():
    ca = Ca(crl())
    async with to(ca) as http:
        one = CrlLine(http, SeenInMemory())
        standings = await asyncio.gather(*(one.standing(LEAF, NOW) for _ in range(8)))
    assert ca.asked == 1
    assert all(standing.revoked_since is None for standing in standings)


async def test_an_older_list_than_one_seen_is_not_taken_and_the_kept_one_serves():
    ca = Ca(crl(number=8, revoked=[(SERIAL, NOW - DAY)]), crl(number=7))
    async with to(ca) as http:
        one = CrlLine(http, SeenInMemory())
        await one.standing(LEAF, NOW)
        assert (await one.standing(LEAF, NOW + FETCH_AGAIN)).revoked_since == NOW - DAY


async def test_an_older_list_is_not_taken_after_a_restart_either():
    seen = SeenInMemory()
    async with to(Ca(crl(number=8))) as http:
        await CrlLine(http, seen).standing(LEAF, NOW)
    async with to(Ca(crl(number=7))) as http:
        assert await code_of(CrlLine(http, seen).standing(LEAF, NOW)) is JpkiFault.REVOCATION_ROLLED_BACK


async def test_while_the_line_is_down_a_list_serves_until_it_is_stale():
    ca = Ca(crl())
    async with to(ca) as http:
        one = CrlLine(http, SeenInMemory())
        await one.standing(LEAF, NOW)
        ca.status = 503
        assert (await one.standing(LEAF, NOW + GOOD_FOR - TRY_AGAIN)).revoked_since is None
        assert await code_of(one.standing(LEAF, NOW + GOOD_FOR)) is JpkiFault.REVOCATION_STALE


async def test_a_line_that_failed_is_left_alone_for_a_while():
    ca = Ca(b"", status=503)
    async with to(ca) as http:
        one = CrlLine(http, SeenInMemory())
        for after, asked in ((timedelta(), 1), (TRY_AGAIN / 2, 1), (TRY_AGAIN, 2)):
            assert await code_of(one.standing(LEAF, NOW + after)) is JpkiFault.REVOCATION_UNAVAILABLE
            assert ca.asked == asked


LISTS = {
    "stale": (crl(began=NOW - 2 * DAY, ends=NOW), JpkiFault.REVOCATION_STALE),
    "of another CA": (crl(issuer(SIGNING, 1)), JpkiFault.REVOCATION_OF_ANOTHER),
    "no list": (b"<html>", JpkiFault.REVOCATION_MALFORMED),
}


@pytest.mark.parametrize(("answer", "code"), LISTS.values(), ids=LISTS)
async def test_a_first_list_that_is_refused_serves_nobody(answer, code):
    async with to(Ca(answer)) as http:
        assert await code_of(CrlLine(http, SeenInMemory()).standing(LEAF, NOW)) is code


async def test_a_stale_list_moves_nothing_forward():
    """Its number is not remembered: the next good list may have a lower one than a list that nobody used."""
    seen = SeenInMemory()
    async with to(Ca(crl(number=9, began=NOW - 2 * DAY, ends=NOW))) as http:
        await code_of(CrlLine(http, seen).standing(LEAF, NOW))
    assert await seen.advance(LEAF.authority.key_id, 8, b"")


async def test_each_ca_has_a_list_of_its_own():
    older = check_certificate(der(leaf(issuer(SIGNING, 1))), SIGNING, pinned(), NOW)
    async with to(Ca(crl(), crl(issuer(SIGNING, 1), [(older.serial, NOW)]))) as http:
        one = CrlLine(http, SeenInMemory())
        assert (await one.standing(LEAF, NOW)).revoked_since is None
        assert (await one.standing(older, NOW)).revoked_since == NOW


# --------------------------------------------------------------------------------------------------- limits

UNAVAILABLE = JpkiFault.REVOCATION_UNAVAILABLE
ANSWERS = {
    "as many bytes as may be": (Ca(b"x" * 100), None),
    "one more": (Ca(b"x" * 101), JpkiFault.REVOCATION_TOO_LARGE),
    "an error": (Ca(b"", status=500), UNAVAILABLE),
    "not found": (Ca(b"", status=404), UNAVAILABLE),
    "a redirect": (Ca(b"", status=302, headers=[("location", "http://elsewhere.test/")]), UNAVAILABLE),
    "compressed": (Ca(b"x", headers=[("content-encoding", "gzip")]), UNAVAILABLE),
}


@pytest.mark.parametrize(("ca", "code"), ANSWERS.values(), ids=ANSWERS)
async def test_only_a_plain_answer_of_the_size_allowed_is_taken(ca, code):
    async with to(ca) as http:
        assert await code_of(fetch(http, "GET", "http://ca.test/crl", 100, 5.0)) is code


async def test_a_list_that_never_ends_is_cut_off():
    sent = 0

    async def endless(reader, writer):
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while sent < 2 * LARGEST_LIST:
                writer.write(bytes(1 << 20))
                sent += 1 << 20
                await writer.drain()
        except ConnectionError:
            pass

    async with served(endless) as url, httpx.AsyncClient(trust_env=False) as http:
        assert await code_of(fetch(http, "GET", url, 4 << 20, 30.0)) is JpkiFault.REVOCATION_TOO_LARGE
    assert sent < LARGEST_LIST


async def test_an_answer_that_drops_in_byte_by_byte_is_not_waited_for():
    async def dripping(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await reader.read()

    async with served(dripping) as url, httpx.AsyncClient(trust_env=False) as http:
        assert await code_of(fetch(http, "GET", url, 100, 0.05)) is UNAVAILABLE


async def test_a_ca_that_is_not_there_is_unavailable():
    async with httpx.AsyncClient(trust_env=False) as http:
        assert await code_of(fetch(http, "GET", "http://127.0.0.1:1/crl", 100, 5.0)) is UNAVAILABLE


@asynccontextmanager
async def served(handler):
    async def closing(reader, writer):
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def test_an_answer_may_take_less_time_than_a_list():
    assert revocation_lines.PATIENCE_FOR_AN_ANSWER < revocation_lines.PATIENCE_FOR_A_LIST
