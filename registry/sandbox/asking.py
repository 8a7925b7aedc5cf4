"""Asking the registry as a body would: a signed inquiry over HTTP, and what came back."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from registry.contract.client import SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.messages import InquiryAnswer
from registry.contract.openid.providers import Provider
from registry.contract.problems import Problem
from registry.contract.signing import SUBJECT_HEADER, Headers
from registry.sandbox.clerk import token_of
from registry.sandbox.questions import Question

INQUIRIES: str = "/v1/inquiries"


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the demo with its answer: either the message or the problem document."""

    question: Question
    answer: InquiryAnswer | None = None
    problem: Problem | None = None


class Asker:
    """Asks in the name of several bodies, each with its own key; a mission on behalf of its clerks.

    ``clerks`` is the provider at which those sign in, as a gateway at ``gateway_url`` knows it.
    """

    def __init__(
        self,
        address: str,
        keys: dict[str, SigningKey],
        registry_key: VerifyingKey,
        *,
        clerks: Provider,
        gateway_url: str,
    ) -> None:
        self._address = address
        self._keys = keys
        self._registry_key = registry_key
        self._clerks = clerks
        self._gateway_url = gateway_url

    async def ask(self, question: Question) -> Exchange:
        """Ask one question; a refusal is an answer too."""
        async with self._client(question.body) as client:
            await client.synchronise()  # the registry's day may have been moved on
            headers = await self._on_behalf(question)
            answer = await client.post(INQUIRIES, encode(question.message), uuid4().hex, headers)
        if answer.is_problem:
            return Exchange(question=question, problem=decode(answer.body, Problem))
        return Exchange(question=question, answer=decode(answer.body, InquiryAnswer))

    async def _on_behalf(self, question: Question) -> Headers:
        if question.clerk is None:
            return ()
        token = await token_of(
            question.clerk,
            provider=self._clerks,
            gateway_url=self._gateway_url,
            key=self._keys[question.body],
            clock=lambda: datetime.now(UTC),
            new_id=lambda: uuid4().hex,
        )
        return ((SUBJECT_HEADER, token),)

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
