"""Files that people write by hand, as TOML: read whole or refused, and never so slowly that a program stands still.

The maps of extracts and of exports are such files. Their text is the sender's: what a library says of it may repeat
it, so only the place is told on.
"""

import tomllib
from typing import Any, Final

from registry.domain.errors import Fault, FaultCode, InvalidInput

MAX_BYTES: Final = 1 << 18
"""Far more than any map needs."""

_MOST_DOTS_OF_A_LINE: Final = 200
"""``a.b.c = 1`` nests tables, and the library's time grows with the square of how many: 30,000 take half a minute."""


def read_toml(data: bytes) -> dict[str, Any]:
    """Read TOML 1.0 in UTF-8, with or without a mark; raises :class:`InvalidInput` with what it should be."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(code=FaultCode.TOO_LONG, expected=f"at most {MAX_BYTES} bytes"))
    if any(line.count(b".") > _MOST_DOTS_OF_A_LINE for line in data.split(b"\n")):
        raise InvalidInput(
            Fault(code=FaultCode.OUT_OF_RANGE, expected=f"at most {_MOST_DOTS_OF_A_LINE} dots in a line")
        )
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        expected = "TOML, which is always UTF-8"
    except tomllib.TOMLDecodeError as error:
        expected = f"TOML; reading stopped {_place_of(error)}"
    except ValueError:  # the library leaves this one to Python
        expected = "TOML, with whole numbers of a sensible length"
    except RecursionError:
        expected = "TOML, not nested so deeply"
    raise InvalidInput(
        Fault(code=FaultCode.WRONG_TYPE, expected=expected)
    )  # out here: the library's error holds the text


def _place_of(error: tomllib.TOMLDecodeError) -> str:
    """Take the place out of the library's words."""
    _, _, place = str(error).rpartition("(")
    return place.removesuffix(")")
