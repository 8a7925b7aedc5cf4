"""What the registry would make of a report: a dry run on behalf of the clerk who typed it. It stores nothing there.

The gateway's own rules have passed the report before. While the line is away, or the provider wants the clerk to sign
in anew, nothing is lost: the report can be sent all the same, for sending needs neither.
"""

from enum import StrEnum
from typing import Final

import anyio
import msgspec

from embassy_gateway.console.clerks import Clerks
from embassy_gateway.console.keeping import Kept
from embassy_gateway.receipts import CLOCK_REFUSALS, AnswerUnusable, problem_in
from registry.contract.client import Answer, AnswerNotTrusted, LineDown, SignedClient
from registry.contract.decoding import decode
from registry.contract.messages import DryRun
from registry.contract.openid.refusals import ProviderAway, SignInRefused
from registry.contract.problems import Problem, ProblemCode
from registry.contract.signing import SUBJECT_HEADER, Headers
from registry.domain.errors import InvalidInput

PATH: Final = "/v1/submissions?dry_run=true"
PATIENCE: Final = 15.0
"""Seconds for all of it: somebody waits before the screen."""
_SIGN_IN_AGAIN: Final = frozenset({ProblemCode.SUBJECT_EXPIRED, ProblemCode.SUBJECT_INVALID})


class Outcome(StrEnum):
    """How a trial went."""

    TRIED = "tried"
    REFUSED = "refused"
    """The registry would not take the report, or not show what it would do."""
    SIGN_IN_AGAIN = "sign-in-again"
    AWAY = "away"
    """Registry or provider were not reached, or did not answer as such."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: what the report would do, or why nobody knows."""

    outcome: Outcome
    dry_run: DryRun | None = None
    problem: Problem | None = None


async def tried(clerks: Clerks, client: SignedClient, kept: Kept, report: bytes, key: str) -> Trial:
    """Ask the registry what it would make of ``report``; ``key`` is a fresh idempotency key."""
    try:
        with anyio.fail_after(PATIENCE):
            headers = ((SUBJECT_HEADER, await clerks.subject_token(kept)),)
            answer = await _asked(client, report, key, headers)
        return _read(answer)
    except SignInRefused:
        return Trial(outcome=Outcome.SIGN_IN_AGAIN)
    except (ProviderAway, LineDown, AnswerNotTrusted, AnswerUnusable, InvalidInput, TimeoutError):
        return Trial(outcome=Outcome.AWAY)


async def _asked(client: SignedClient, report: bytes, key: str, headers: Headers) -> Answer:
    answer = await client.post(PATH, report, key, headers)
    problem = problem_in(answer)
    if problem is None or problem.code not in CLOCK_REFUSALS:
        return answer
    await client.synchronise()
    return await client.post(PATH, report, key, headers)


def _read(answer: Answer) -> Trial:
    problem = problem_in(answer)
    if problem is None:
        return Trial(outcome=Outcome.TRIED, dry_run=decode(answer.body, DryRun))
    if problem.code in _SIGN_IN_AGAIN:
        return Trial(outcome=Outcome.SIGN_IN_AGAIN)
    is_away = problem.code in {ProblemCode.NOT_READY, ProblemCode.RATE_LIMITED, ProblemCode.LOG_NOT_WATCHED}
    return Trial(outcome=Outcome.AWAY if is_away else Outcome.REFUSED, problem=problem)
