"""The witness as a program: offers come in by HTTP, are judged one after the other, remembered, and cosigned.

It follows C2SP tlog-witness. It knows logs by their published keys alone, so it serves any log that it is told of, and
never sees an entry. Whoever can reach it may offer: only what a known log has signed is looked at further.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from litestar import Litestar, Request, Response, get, post

from registry.transparency import offer_wire
from registry.transparency.checkpoint import Checkpoint, cosign_checkpoint
from registry.transparency.note import Note, NoteKey, Sign
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.witness import Memory, judge
from registry.watching.memories import Memories

TEXT: Final = "text/plain; charset=utf-8"
OK: Final = 200
CONFLICT: Final = 409
STATUS: Final[Mapping[LogFault, int]] = {
    LogFault.OFFER_MALFORMED: 400,
    LogFault.NOTE_MALFORMED: 400,
    LogFault.CHECKPOINT_MALFORMED: 400,
    LogFault.SIZE_IMPOSSIBLE: 400,
    LogFault.OTHER_ORIGIN: 404,
    LogFault.SIGNATURE_MISSING: 403,
    LogFault.SIGNATURE_WRONG: 403,
    LogFault.PROOF_MISMATCH: 422,
    LogFault.CLOCK_REVERSED: 503,
}
"""What a refusal of an offer is over HTTP; the specification names all but the last."""
_CONFLICTS: Final = frozenset({LogFault.STALE, LogFault.ROLLBACK, LogFault.FORK})


class Answer(NamedTuple):
    """What goes back to the log."""

    status: int
    media_type: str
    body: bytes


class Cosigner:
    """Cosigns the logs with these keys. ``now`` gives seconds since 1970.

    ``answer`` waits for nothing but the disk: no two offers are judged by one memory.
    """

    def __init__(
        self, key: NoteKey, sign: Sign, log_keys: Sequence[NoteKey], memories: Memories, now: Callable[[], int]
    ) -> None:
        self._key = key
        self._sign = sign
        self._log_keys = tuple(log_keys)
        self._memories = memories
        self._now = now

    def answer(self, body: bytes) -> Answer:
        """Judge the offer in the body of a request; remember it durably, then sign."""
        try:
            offer = offer_wire.read_offer(body)
            origin = Checkpoint.parse(Note.parse(offer.note).text).origin
        except LogRefused as refused:
            return _refusal(refused.code)
        memory = self._memories.of(origin)
        try:
            judged = judge(offer, self._log_keys, memory, self._now())
        except LogRefused as refused:
            return _conflict(memory) if refused.code in _CONFLICTS else _refusal(refused.code)
        self._memories.keep(origin, judged.remember)
        signature = cosign_checkpoint(judged.checkpoint, self._key, self._sign, judged.remember.at)
        return Answer(OK, TEXT, offer_wire.write_cosignatures([signature]))


def _refusal(code: LogFault) -> Answer:
    return Answer(STATUS[code], TEXT, f"{code}\n".encode())


def _conflict(memory: Memory | None) -> Answer:
    """Say how far the log was cosigned; a fork is answered so as well, and the log sees that it asked from there."""
    return Answer(CONFLICT, offer_wire.SIZE_MEDIA_TYPE, offer_wire.write_size(memory.head.size if memory else 0))


def make_app(cosigner: Cosigner) -> Litestar:
    """Make the application of a witness."""

    @post(offer_wire.PATH, status_code=OK)
    async def add_checkpoint(request: Request[Any, Any, Any]) -> Response[bytes]:
        answer = cosigner.answer(await request.body())
        return Response(answer.body, status_code=answer.status, headers={"content-type": answer.media_type})

    @get("/health")
    async def health() -> Response[bytes]:
        return Response(b"live\n", headers={"content-type": TEXT})

    return Litestar(
        route_handlers=[add_checkpoint, health],
        request_max_body_size=offer_wire.MAX_OFFER_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
