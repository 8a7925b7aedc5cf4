"""Asking the registry as a body would: a signed inquiry over HTTP, and what came back."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from registry.contract.client import SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.messages import InquiryAnswer
from registry.contract.problems import Problem
from registry.sandbox.questions import Question

INQUIRIES: str = "/v1/inquiries"


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the demo with its answer: either the message or the problem document."""

    question: Question
    answer: InquiryAnswer | None = None
    problem: Problem | None = None


class Asker:
    """Asks in the name of several bodies, each with its own key."""

    def __init__(self, address: str, keys: dict[str, SigningKey], registry_key: VerifyingKey) -> None:
        self._address = address
        self._keys = keys
        self._registry_key = registry_key

    async def ask(self, question: Question) -> Exchange:
        """Ask one question; a refusal is an answer too."""
        async with self._client(question.body) as client:
            await client.synchronise()  # the registry's day may have been moved on
            answer = await client.post(INQUIRIES, encode(question.message), uuid4().hex)
        if answer.is_problem:
            return Exchange(question=question, problem=decode(answer.body, Problem))
        return Exchange(question=question, answer=decode(answer.body, InquiryAnswer))

    async def now(self) -> datetime:
        """Return the registry's clock."""
        async with self._client(next(iter(self._keys))) as client:
            await client.synchronise()
            return client.now

    def _client(self, body: str) -> SignedClient:
        return SignedClient(
            self._address,
            signing_key=self._keys[body],
            registry_keys={self._registry_key.key_id: self._registry_key},
            clock=lambda: datetime.now(UTC),
            nonce=lambda: uuid4().hex,
        )
