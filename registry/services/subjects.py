"""On whose behalf the gateway of a mission asks: the clerk's own rights, never the gateway's.

What shows people to a clerk demands the clerk's token (``openid.subject_token``) with the request. The gateway's own
right is to deliver what was taken in; with that alone it sees nobody. What is checked besides the token itself:

(1) its issuer is a provider of ours, and the keys are those of that provider;
(2) the level at which the clerk was authenticated is enough;
(3) roles and unit make an account, as at sign-in: the same person is the same account at our pages;
(4) the unit is of the body that signed: nobody asks through another mission's line;
(5) the account holds a role that the route declares.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from registry.contract.keys import VerifyingKey
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.possession import thumbprint
from registry.contract.openid.refusals import ProviderAway, SignInFault, SignInRefused
from registry.contract.openid.subject_token import ExpectedSubject, believed_subject, issuer_of
from registry.contract.problems import ProblemCode, WireRefusal
from registry.domain.account import Account, Role
from registry.domain.sign_in import Level
from registry.services.resources import Resources
from registry.services.sign_ins import account_of

_CODES: Final[Mapping[SignInFault, ProblemCode]] = {
    SignInFault.TOKEN_TIME: ProblemCode.SUBJECT_EXPIRED,
    SignInFault.NOT_FRESH: ProblemCode.SUBJECT_EXPIRED,
    SignInFault.TOKEN_POSSESSION: ProblemCode.SUBJECT_OF_ANOTHER_KEY,
    SignInFault.LEVEL_TOO_LOW: ProblemCode.SUBJECT_NOT_PERMITTED,
    SignInFault.ACCOUNT_REFUSED: ProblemCode.SUBJECT_NOT_PERMITTED,
}
"""What the gateway is told; of everything else, that the token is no good."""


class Subjects:
    """Says who asks through a gateway. Without ``lines`` to providers nobody does."""

    def __init__(self, resources: Resources, lines: Iterable[ProviderLine]) -> None:
        self._resources = resources
        self._lines: Mapping[str, ProviderLine] = {line.provider.issuer: line for line in lines}

    async def of(self, token: str | None, signer: VerifyingKey, body: str, roles: frozenset[Role]) -> Account:
        """Return the account of a clerk of ``body`` who holds one of ``roles``; raises WireRefusal."""
        if token is None:
            raise WireRefusal(ProblemCode.SUBJECT_MISSING)
        try:
            account = await self._account(token, signer)
        except SignInRefused as refused:
            raise WireRefusal(_CODES.get(refused.fault, ProblemCode.SUBJECT_INVALID)) from None
        except ProviderAway:
            raise WireRefusal(ProblemCode.NOT_READY) from None
        if account.unit is None or account.unit.body != body:  # (4)
            raise WireRefusal(ProblemCode.SUBJECT_OF_ANOTHER_BODY)
        if not account.is_one_of(roles):  # (5)
            raise WireRefusal(ProblemCode.SUBJECT_NOT_PERMITTED)
        return account

    async def _account(self, token: str, signer: VerifyingKey) -> Account:
        line = self._lines.get(issuer_of(token))  # (1)
        if line is None:
            raise SignInRefused(SignInFault.TOKEN_ISSUER)
        provider, now = line.provider, self._resources.wall_clock()
        expected = ExpectedSubject(
            issuer=provider.issuer, audience=provider.client_id, signer=thumbprint(signer), now=now
        )
        claims = believed_subject(token, await line.keys_for(token), expected)
        if not provider.level_of(claims.acr).reaches(Level.PASSWORD):  # (2)
            raise SignInRefused(SignInFault.LEVEL_TOO_LOW)
        return account_of(self._resources, provider, claims, now)  # (3)
