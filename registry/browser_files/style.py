"""How the pages of all our programs look: the design tokens of デジタル庁デザインシステム, and our components on top.

The tokens are the Agency's (MIT licence, 9 kB of CSS variables); what is made of them is not the Agency's and does not
say so. They are fetched by ``make setup`` under the hash of ``package-lock.json`` and lie in the wheel.
"""

from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
TOKENS: Final = _FOLDER / "node_modules" / "@digital-go-jp" / "design-tokens" / "dist" / "tokens.css"


class StyleMissing(Exception):  # noqa: N818 - it says what is missing
    """The design tokens were not fetched: pages would be shown without colours and sizes, so none is."""


@cache
def page_style() -> bytes:
    """Return the style of all pages, as CSS; raises :class:`StyleMissing`."""
    try:
        tokens = TOKENS.read_bytes()
    except OSError:
        raise StyleMissing("the design tokens are not there: `make setup` fetches them") from None
    return tokens + (_FOLDER / "pages.css").read_bytes()
