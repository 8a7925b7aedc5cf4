"""How the values of the domain are written in JSON: a date as its text, a number as its digits.

One table serves the wire and the sealed rows alike. Reading is done by the domain itself, so a wrong check digit or
an impossible date is refused with the domain's own fault, at its place. Whoever encodes a number asks for its digits;
what is encoded here must travel signed or lie sealed.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from registry.domain.date_reading import read as read_date
from registry.domain.dates import IncompleteDate
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.municipality import MunicipalityCode
from registry.domain.numbers import IndividualNumber, ResidentRecordCode

_READ: Final[dict[Any, Callable[[str], Any]]] = {
    IncompleteDate: read_date,
    IndividualNumber: IndividualNumber.parse,
    ResidentRecordCode: ResidentRecordCode.parse,
    MunicipalityCode: lru_cache(maxsize=4096)(MunicipalityCode.parse),  # there are 1,741 that anybody lives in
}
_WRITE: Final[dict[Any, Callable[[Any], str]]] = {
    IncompleteDate: lambda value: value.text,
    IndividualNumber: IndividualNumber.reveal,
    ResidentRecordCode: ResidentRecordCode.reveal,
    MunicipalityCode: str,
}
EXAMPLES: Final[dict[Any, str]] = {
    IncompleteDate: "1985-03-07",
    IndividualNumber: "123456789018",
    ResidentRecordCode: "12345678938",
    MunicipalityCode: "131016",
}
"""A valid text for each value of the domain, for the schema; no person has these numbers."""


def from_json(type_: Any, value: Any) -> Any:
    """Read a value of the domain from its text (msgspec ``dec_hook``); raises InvalidInput as the domain does."""
    if not isinstance(value, str):
        raise InvalidInput(Fault(code=FaultCode.WRONG_TYPE, expected="a text"))
    return _READ[type_](value)


def to_json(value: Any) -> str:
    """Write a value of the domain as its text (msgspec ``enc_hook``)."""
    return _WRITE[type(value)](value)
