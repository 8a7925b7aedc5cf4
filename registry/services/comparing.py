"""一致の確認: an inquiry that brings values is told of each whether it is what is on record, and nothing beside it.

No version with its days, no flag, no pseudonym: each would say more of the person than the answer does. What a flag
would say, that people or sources disagree, the answer says itself: possibly.
"""

from registry.contract.messages import Inquiry, InquiryAnswer, InquiryOutcome, Matches
from registry.domain import matching
from registry.domain.errors import FaultCode, Faults
from registry.domain.matching import Claims
from registry.services.finding import Hit
from registry.store.sequencer import Known


def check(inquiry: Inquiry, faults: Faults) -> None:
    """Note what an inquiry that brings values lacks or has too much: a value for each field, and one day."""
    if inquiry.values is None:
        return
    matching.check(inquiry.values, inquiry.fields, faults)
    for field in ("valid_from", "valid_to"):
        if getattr(inquiry, field) is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/{field}", "valid_on: values are compared as of one day")


def compared(claims: Claims, known: Known, hit: Hit, inquiry_id: str) -> InquiryAnswer:
    """Return what is told of the one person found."""
    said = matching.compare(claims, hit.versions, confirmed=hit.confirmed)
    return InquiryAnswer(
        inquiry_id=inquiry_id,
        outcome=InquiryOutcome.FOUND,
        known_at=known.at,
        matches=Matches(**{str(item): answer for item, answer in said.items()}),
    )
