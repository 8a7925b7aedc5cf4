"""The lines to what a CA has revoked: CRL and OCSP over HTTP, within limits of size and time.

HTTP and not HTTPS is usual here: what comes back is signed. Proxies, redirects and compressed answers are not followed:
the address is that of the deployment, and a limit counts what comes over the line.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from registry.jpki import ocsp
from registry.jpki.authorities import Authorities, Authority
from registry.jpki.certificate import Leaf
from registry.jpki.crl import LARGEST_LIST, RevocationList, SeenLists, read_list
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation import Standing, check_fresh

PATIENCE_FOR_A_LIST: Final = 60.0
PATIENCE_FOR_AN_ANSWER: Final = 5.0
"""Seconds for all of it, from the call to the last byte."""

FETCH_AGAIN: Final = timedelta(hours=1)
"""How long a list is used before a newer one is asked for, though it may be good for longer."""

TRY_AGAIN: Final = timedelta(minutes=1)
"""How long after a line that failed it is left alone."""


AHEAD: Final = timedelta(seconds=45)
"""How long before its time a list is renewed by whoever does that beside the requests: they find it renewed."""


class _Kept(msgspec.Struct, kw_only=True):
    """What is known of one CA's list: the list, when to ask for a newer one, and what was wrong the last time."""

    list: RevocationList | None = None
    due: datetime = datetime.min.replace(tzinfo=UTC)
    trouble: JpkiFault = JpkiFault.REVOCATION_UNAVAILABLE
    fetching: asyncio.Lock


class CrlLine:
    """Revocation by lists. One list of each CA is kept, read; a newer one is fetched when the time has come.

    While the line is down a list serves until its nextUpdate, and then nothing does.
    """

    def __init__(self, http: httpx.AsyncClient, seen: SeenLists) -> None:
        self._http = http
        self._seen = seen
        self._kept: dict[bytes, _Kept] = {}

    async def standing(self, leaf: Leaf, now: datetime) -> Standing:
        """Return how a certificate stands by the list of its CA; raises :class:`JpkiRefused`."""
        kept = self._kept_of(leaf.authority)
        if kept.due <= now or kept.list is None:  # who comes while the first list is on its way waits for it
            await self._renew_at(kept, leaf.authority, now)
        if kept.list is None:
            raise JpkiRefused(kept.trouble)
        return kept.list.standing(leaf.serial, now)

    async def keep_fresh(self, authorities: Authorities, now: datetime) -> None:
        """Renew every list whose time comes soon, so that no request waits for it; to be called again and again."""
        for authority in authorities:
            await self._renew_at(self._kept_of(authority), authority, now, ahead=AHEAD)

    def _kept_of(self, authority: Authority) -> _Kept:
        return self._kept.setdefault(authority.key_id, _Kept(fetching=asyncio.Lock()))

    async def _renew_at(
        self, kept: _Kept, authority: Authority, now: datetime, *, ahead: timedelta = timedelta()
    ) -> None:
        """Renew a list unless somebody has just done so."""
        async with kept.fetching:
            if kept.due <= now + ahead:
                await self._renew(kept, authority, now)

    async def _renew(self, kept: _Kept, authority: Authority, now: datetime) -> None:
        """Fetch the list of a CA. Whatever is wrong with what comes, a list that is kept stays until it is stale."""
        kept.due = now + TRY_AGAIN
        try:
            kept.list = await self._fetched(authority, now)
            kept.due = now + FETCH_AGAIN
        except JpkiRefused as refused:
            kept.trouble = refused.code

    async def _fetched(self, authority: Authority, now: datetime) -> RevocationList:
        der = await fetch(self._http, "GET", authority.crl, LARGEST_LIST, PATIENCE_FOR_A_LIST)
        # A hundred thousand certificates take a quarter of a second, in which others want to be served.
        found = await asyncio.to_thread(read_list, der, authority)
        check_fresh(found.this_update, found.next_update, now)
        if not await self._seen.advance(authority.key_id, found.number, found.digest):
            raise JpkiRefused(JpkiFault.REVOCATION_ROLLED_BACK)
        return found


class OcspLine:
    """Revocation by asking about each certificate. ``chance`` gives so many random bytes."""

    def __init__(self, http: httpx.AsyncClient, chance: Callable[[int], bytes]) -> None:
        self._http = http
        self._chance = chance

    async def standing(self, leaf: Leaf, now: datetime) -> Standing:
        """Return what the CA answers; raises :class:`JpkiRefused`."""
        asked = ocsp.ask(leaf, self._chance(ocsp.NONCE_BYTES))
        answer = await fetch(
            self._http,
            "POST",
            leaf.authority.ocsp,
            ocsp.LARGEST_ANSWER,
            PATIENCE_FOR_AN_ANSWER,
            asked.public_bytes(Encoding.DER),
        )
        return ocsp.read_answer(answer, asked, leaf.authority, now)


async def fetch(http: httpx.AsyncClient, method: str, url: str, most: int, patience: float, body: bytes = b"") -> bytes:
    """Return the body of an answer; raises :class:`JpkiRefused` where there is none, or more than ``most`` bytes."""
    headers = {"accept-encoding": "identity"} | ({"content-type": "application/ocsp-request"} if body else {})
    try:
        async with (
            asyncio.timeout(patience),
            http.stream(method, url, content=body, headers=headers, follow_redirects=False) as response,
        ):
            if response.status_code != httpx.codes.OK or "content-encoding" in response.headers:
                raise JpkiRefused(JpkiFault.REVOCATION_UNAVAILABLE)
            received = bytearray()
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > most:
                    raise JpkiRefused(JpkiFault.REVOCATION_TOO_LARGE)
            return bytes(received)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
        raise JpkiRefused(JpkiFault.REVOCATION_UNAVAILABLE) from None
