"""提出の可否: what a body may submit, by the same table of grants as what it may ask.

Who fetches what it is asked needs the grant to answer. A receipt of one's own needs none: it tells the sender what the
sender said. Whether the sender is the one in charge, of that place on that day, the services say that take it in.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from registry.domain.disclosure import Grant, Item, decide_write
from registry.services.attendance import Caller
from registry.services.resources import Resources, japan_date

RESIDENCE_REPORT: Final = "residence-report"
NUMBER_AND_CARD: Final = "number-and-card"
"""The affair of a mission in which a 個人番号 may be written; in no other."""
REMOVED_RECORD: Final = "removed-record"
SUPPLEMENTARY_RECORD: Final = "supplementary-record"


def demand_write(
    resources: Resources,
    caller: Caller,
    grants: Sequence[Grant],
    affair: str,
    items: frozenset[Item] = frozenset(),
) -> Grant:
    """Return the grant under which the caller may submit ``items`` today.

    Raises NotPermitted where there is none, or with the items that it does not cover.
    """
    return decide_write(caller.body, caller.body_kind, affair, items, grants, japan_date(resources.clock()))


def stated(*values: msgspec.Struct) -> frozenset[Item]:
    """Return the items of the table that one of the values states.

    住民票コード and 旅券番号 are none of them: nobody is ever given either, so no row speaks of them.
    """
    return frozenset(item for item in Item if any(getattr(one, item, None) is not None for one in values))
