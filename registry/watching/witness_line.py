"""The line from a log to one witness (C2SP tlog-witness): an offer goes out, a cosignature or a size comes back.

Nothing of an answer is believed that the witness has not signed; the size that it says it knows only tells from where
to prove.
"""

import asyncio
from typing import Final, Self

import httpx

from registry.transparency import offer_wire
from registry.transparency.checkpoint import open_checkpoint
from registry.transparency.note import Note, NoteKey
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.witness import Offer, Witness

_LARGEST_ANSWER: Final = 64 << 10
PATIENCE: Final = 5.0
"""Seconds for the whole of an answer: a witness writes one file and signs."""


class WitnessAway(Exception):  # noqa: N818 - a state of the line, which its user waits out
    """The witness was not reached, or something on the way answered in its place."""


class WitnessRefused(Exception):  # noqa: N818 - what the witness says is what the operator meets
    """The witness will not cosign this, and asking again will not help; ``status`` is what it answered."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class WitnessLine:
    """Speaks to one witness. Use it in ``async with``."""

    def __init__(self, witness: Witness, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.witness = witness
        # trust_env=False: proxies and certificates come in through wiring, not through the environment.
        self._http = httpx.AsyncClient(timeout=PATIENCE, transport=transport, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def add_checkpoint(self, offer: Offer, log_keys: tuple[NoteKey, ...]) -> Note | int:
        """Offer a checkpoint; return the note with the witness's line below, or the size to prove from instead.

        Raises :class:`WitnessAway` where it can be tried again, :class:`WitnessRefused` where not, and
        :class:`LogRefused` for an answer that is none of this witness.
        """
        status, body = await self._post(offer_wire.write_offer(offer))
        if status == httpx.codes.OK:
            return self._cosigned(offer.note, body, log_keys)
        if status == httpx.codes.CONFLICT:
            return offer_wire.read_size(body)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
            raise WitnessAway
        raise WitnessRefused(status)

    def _cosigned(self, note: bytes, body: bytes, log_keys: tuple[NoteKey, ...]) -> Note:
        """Return the note with the lines of this witness that verify; those of other keys are left out."""
        key = self.witness.key
        cosigned = Note.parse(note)
        for signature in offer_wire.read_cosignatures(body):
            if signature.is_of(key):
                cosigned = cosigned.signed(signature)
        if key.name not in open_checkpoint(cosigned.encode(), log_keys, (key,)).cosigned_at:
            raise LogRefused(LogFault.COSIGNATURE_MISSING, key.name)
        return cosigned

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        """Send a request and read the whole answer, within limits of size and time."""
        url = f"{self.witness.url}{offer_wire.PATH}"
        try:
            async with asyncio.timeout(PATIENCE), self._http.stream("POST", url, content=body) as response:
                answer = bytearray()
                async for chunk in response.aiter_bytes():
                    answer += chunk
                    if len(answer) > _LARGEST_ANSWER:
                        raise WitnessAway
                return response.status_code, bytes(answer)
        except (TimeoutError, httpx.TransportError, httpx.DecodingError):
            raise WitnessAway from None
