"""Why somebody is not signed in: a closed family of codes, for the log of the program and nobody else.

Whoever stands before the door is told that it did not work, not which check failed.
"""

from enum import StrEnum


class SignInFault(StrEnum):
    """What was wrong with a sign-in."""

    # the way back from the provider
    NOT_BEGUN_HERE = "sign-in-not-begun-here"
    """The browser carries no sign-in that was begun, or another one."""
    TOO_LATE = "sign-in-too-late"
    USED_BEFORE = "sign-in-used-before"
    OTHER_PROVIDER = "sign-in-other-provider"
    """Another provider answers than was asked (RFC 9207)."""
    DECLINED = "sign-in-declined"
    """The provider says that the person was not, or would not be, authenticated."""
    # the code
    CODE_REFUSED = "sign-in-code-refused"
    # the ID token (OpenID Connect Core § 3.1.3.7)
    TOKEN_UNREADABLE = "token-unreadable"  # noqa: S105 - a code, as those below
    TOKEN_KEY = "token-key"  # noqa: S105
    TOKEN_SIGNATURE = "token-signature"  # noqa: S105
    TOKEN_ISSUER = "token-issuer"  # noqa: S105
    TOKEN_AUDIENCE = "token-audience"  # noqa: S105
    TOKEN_TIME = "token-time"  # noqa: S105
    TOKEN_NONCE = "token-nonce"  # noqa: S105
    TOKEN_HASH = "token-hash"  # noqa: S105
    # the token of a mission's clerk (RFC 9068, RFC 7800)
    TOKEN_TYPE = "token-type"  # noqa: S105
    TOKEN_POSSESSION = "token-possession"  # noqa: S105
    """It is bound to another key than that which signed."""
    # what it says of the person
    NOT_FRESH = "sign-in-not-fresh"
    LEVEL_TOO_LOW = "sign-in-level-too-low"
    ACCOUNT_REFUSED = "sign-in-account-refused"


class SignInRefused(Exception):  # noqa: N818 - an answer of the rules, not an accident of the program
    """Somebody is not signed in; ``fault`` says why."""

    def __init__(self, fault: SignInFault) -> None:
        """Carry the code alone: nothing that a browser or provider sent."""
        super().__init__(fault.value)
        self.fault = fault


class ProviderAway(Exception):  # noqa: N818 - a state of the line
    """The provider was not reached, or did not answer as one; later it may."""
