"""Attending to a request: one transaction, one nonce, one entry in the log, one answer.

(1) The signature was verified before this module is entered; here its nonce is taken, once and for all: a replay
    fails as a whole, whatever it would have done.
(2) A key under which something was already answered gives the same answer again, or a conflict for another body.
(3) What the request does is planned before any of it is written, so a refusal leaves its trace in the log alone.
(4) The entry in the log and the answer are committed **before** the answer leaves.

A resident's request is attended to like a machine's; what makes it theirs is their session, and what a card signed
has a nonce of its own (``applications``).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from registry.contract.decoding import decode
from registry.contract.messages import InquiryOutcome, Receipt
from registry.contract.problems import ProblemCode, WireRefusal
from registry.contract.signing import VerifiedRequest
from registry.domain.disclosure import BodyKind
from registry.domain.errors import Refusal
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.jpki.refusals import JpkiRefused
from registry.services import disclosure_log
from registry.services.resources import Resources
from registry.store import callers, sight, submissions
from registry.store.callers import StoredAnswer
from registry.store.keyring import SERVICE, Shredded
from registry.store.unit_of_work import Taken, UnitOfWork
from registry.transparency.entry import Disclosure

REFUSED: Final = "refused"
"""What the log says of whatever was refused; the codes say why."""

NOTHING_PROVIDED: Final = frozenset({REFUSED, str(InquiryOutcome.NOT_FOUND), str(InquiryOutcome.AMBIGUOUS)})
"""Outcomes of which the log says that nothing was provided; all others tell the caller something."""


Refused = Refusal | WireRefusal | JpkiRefused
"""How a request is refused: by a rule, by the line, or because of what a card signed."""


class Sender(Protocol):
    """Who is behind a request."""

    @property
    def body(self) -> str:
        """The code of a body, or the account of a resident: whose submissions and answers are in sight."""

    @property
    def key_id(self) -> str:
        """By what they were known, as the log has it."""

    @property
    def clerk(self) -> str | None:
        """The account on whose behalf a gateway asks; None where nobody has to say so."""

    def use_up(self, work: UnitOfWork) -> None:
        """Take what makes the request happen once, with the last statement of all."""


class Inquirer(Sender, Protocol):
    """A body that asks about people, by a machine that signs or by an official at a browser."""

    @property
    def body_kind(self) -> BodyKind:
        """What kind of organ the body is."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed: the body that the key is registered for. Only made from a verified request.

    ``clerk`` is the account on whose behalf the gateway of a mission asks, where it has to say so.
    """

    body: str
    body_kind: BodyKind
    request: VerifiedRequest
    clerk: str | None = None

    @property
    def key_id(self) -> str:
        """The key that signed."""
        return self.request.key_id

    def use_up(self, work: UnitOfWork) -> None:
        """Take the nonce of the signature."""
        callers.use_nonce(work, self.request.key_id, self.request.nonce, self.request.expires)


class Official(msgspec.Struct, frozen=True, kw_only=True):
    """An official who signed in, asking for their body; ``key_id`` is the session, which the log has for a key.

    A page that only asks changes nothing, so asking twice is two inquiries with two entries: nothing is used up.
    """

    body: str
    body_kind: BodyKind
    key_id: str

    @property
    def clerk(self) -> None:
        """Nobody stands between: the official is who asks."""

    def use_up(self, work: UnitOfWork) -> None:
        """Use up nothing."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, as the log will have it, whatever comes of it.

    ``contractor`` is the 委託先 through whom the body asks; ``not_to_be_disclosed`` keeps the entry from the person
    (番号法23条2項).
    """

    operation: str
    correlation_id: str
    handled_by: str = ""
    contractor: str = ""
    affair: str = ""
    basis: str = ""
    search: str = ""
    items: tuple[str, ...] = ()
    not_to_be_disclosed: bool = False


class Once(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a request with effects happen once: the sender's key, and the body that it stands for."""

    idempotency_key: str
    body: bytes


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What the log is to say: what was asked, what came of it, of whom. Each of ``people`` gets an entry of its own."""

    asked: Asked
    outcome: str
    codes: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    number_accessed: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the message to answer with, and what the log adds.

    ``people`` are the records concerned; each gets an entry of its own. ``noted`` takes the place of all three where
    many were asked about at once, each with an outcome of its own.
    """

    message: msgspec.Struct
    outcome: str
    people: tuple[str, ...] = ()
    number_accessed: bool = False
    noted: tuple[Noted, ...] = ()


class Presenter(Protocol):
    """Writes messages and refusals for the wire; the web has it, because it knows status codes."""

    def success(self, message: msgspec.Struct) -> StoredAnswer:
        """Return the answer that carries a message."""

    def refusal(self, refusal: Refused, correlation_id: str) -> StoredAnswer:
        """Return the problem document for a refusal."""


Act = Callable[[UnitOfWork], Awaitable[Done]]


class Attending(msgspec.Struct, frozen=True, kw_only=True):
    """One request on its way through the registry; one that ``only_reads`` leaves nothing but its entry."""

    resources: Resources
    caller: Sender
    asked: Asked
    present: Presenter
    now: datetime
    only_reads: bool = False

    async def attend(self, act: Act, *, once: Once | None = None) -> StoredAnswer:
        """Do what the request asks for and return the answer to send; exactly once, if it has effects."""
        try:
            async with self.resources.work(only_reads=self.only_reads) as work:
                answer = await self._answer(work, act, once)
                # Last, so that nonce, entry and all else go in one trip; a replay has then done nothing.
                self.caller.use_up(work)
                await work.commit()
                return answer
        except Taken as taken:
            if taken.constraint != callers.NONCE:
                raise
        return await self._refused_replay()

    async def _answer(self, work: UnitOfWork, act: Act, once: Once | None) -> StoredAnswer:
        if once is None:
            if not self.only_reads:  # what only reads finds people by what the caller names
                await sight.act_for(work, self.caller.body)
            return await self._act(work, act)
        await callers.lock_idempotency(work, self.caller.body, [once.idempotency_key])
        return await self.attempt_once(work, act, once)

    async def _refused_replay(self) -> StoredAnswer:
        async with self.resources.work() as work:
            answer = await self._refused(work, WireRefusal(ProblemCode.SIGNATURE_REPLAYED))
            await work.commit()
            return answer

    async def _act(self, work: UnitOfWork, act: Act) -> StoredAnswer:
        """Do what is asked for and write the entry; who refuses has written nothing before."""
        written = work.written
        try:
            done = await act(work)
        except (Refusal, WireRefusal, JpkiRefused) as refusal:
            if work.written != written:
                raise RuntimeError("refused after something was written: plan first, or use a savepoint") from refusal
            return await self._refused(work, refusal)
        as_one = Noted(asked=self.asked, outcome=done.outcome, people=done.people, number_accessed=done.number_accessed)
        for one in done.noted or (as_one,):
            await self._record(work, one)
        return self.present.success(done.message)

    async def attempt_once(self, work: UnitOfWork, act: Act, once: Once) -> StoredAnswer:
        """Act unless something was already answered under this key: then that, or a conflict for another body.

        The caller has locked the key (:func:`callers.lock_idempotency`).
        """
        body, key = self.caller.body, once.idempotency_key
        request_hash = sha256(self.asked.operation.encode() + b"\0" + once.body).digest()
        claim = callers.claim_key(work, body, key, request_hash)
        if claim is None:
            answer = await self._act(work, act)
            sealing_key = await self.resources.keyring.of_service(work, self.now)
            callers.keep_answer(work, sealing_key, SERVICE, body, key, answer, self.now)
            return answer
        if claim.report is not None:
            return await self._answered_long_ago(work, claim.report, once)
        if claim.request_hash != request_hash:
            return await self._refused(work, WireRefusal(ProblemCode.IDEMPOTENCY_KEY_REUSED))
        await self._record(work, Noted(asked=self.asked, outcome="repeated"))
        return callers.answer_of(claim, await self.resources.keyring.find(work, claim.owner or SERVICE), body, key)

    async def _answered_long_ago(self, work: UnitOfWork, report: str, once: Once) -> StoredAnswer:
        """Answer a report again whose answer was deleted: by its receipt, which is kept as long as the report."""
        try:
            content = await submissions.content_of(work, self.resources.keyring, report)
        except Shredded:
            content = None
        if content is None or content.body != once.body:
            return await self._refused(work, WireRefusal(ProblemCode.IDEMPOTENCY_KEY_REUSED))
        await self._record(work, Noted(asked=self.asked, outcome="repeated"))
        return self.present.success(decode(content.receipt, Receipt))

    async def _refused(self, work: UnitOfWork, refusal: Refused) -> StoredAnswer:
        await self._record(work, Noted(asked=self.asked, outcome=REFUSED, codes=codes_of(refusal)))
        return self.present.refusal(refusal, self.asked.correlation_id)

    async def _record(self, work: UnitOfWork, noted: Noted) -> None:
        """Write the entries of 情報提供等の記録: person by person, one where nobody is concerned."""
        asked = msgspec.structs.asdict(noted.asked) | {"items": frozenset(noted.asked.items)}
        asked["handled_by"] = self.caller.clerk or noted.asked.handled_by  # who is known goes before who is named
        disclosure = Disclosure(
            asked_at=self.now,
            provided_at=None if noted.outcome in NOTHING_PROVIDED else self.now,
            body=self.caller.body,
            key_id=self.caller.key_id,
            provider=str(VIRTUAL_MUNICIPALITY.code),
            outcome=noted.outcome,
            codes=frozenset(noted.codes),
            number_accessed=noted.number_accessed,
            **asked,
        )
        await disclosure_log.record(self.resources, work, disclosure, noted.people)


class Attendance(Attending, frozen=True, kw_only=True):
    """One signed request on its way."""

    caller: Caller


def refusing(refusal: Refused) -> Act:
    """Return the act of a request that could not even be read, so that its refusal gets its entry in the log."""

    async def act(_: UnitOfWork) -> Done:
        raise refusal

    return act


def codes_of(refusal: Refused) -> tuple[str, ...]:
    """Return the stable codes of a refusal, for the log."""
    if isinstance(refusal, Refusal):
        return tuple(sorted({str(fault.code) for fault in refusal.faults}))
    return (str(refusal.code),)
