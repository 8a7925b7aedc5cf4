"""電子申請: what a resident's own software sends and is told, in the resident's session."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from registry.domain.basic_four import Confidential

LONGEST_APPLICATION = 64 << 10
"""Characters; a household's report has under twenty thousand."""
LONGEST_SIGNATURE = 24 << 10


class Challenge(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under what a card signs: the ``nonce`` and the ``origin`` of the header, and until when that is good."""

    nonce: str
    origin: str
    until: datetime


class SignedApplication(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An application with its signature.

    ``application`` is the exact text that was signed, as its bytes in UTF-8: the JSON of a report. ``signature`` is the
    card's detached JWS over them (docs/decisions/0027-a-detached-jws-from-the-card.md); a dry run needs none.
    """

    application: Annotated[str, Meta(min_length=1, max_length=LONGEST_APPLICATION)]
    signature: Annotated[str, Meta(max_length=LONGEST_SIGNATURE)] = ""
