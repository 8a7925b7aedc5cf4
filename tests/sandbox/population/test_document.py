"""docs/population.md tells every rate, and tells it rightly."""

import re
from pathlib import Path

import msgspec

from registry.sandbox.population.rates import DEFAULT_RATES

PAGE = Path(__file__).parents[3] / "docs" / "population.md"


def test_the_table_of_troubles_names_every_rate_with_its_default():
    told = {}
    for row in re.findall(r"^\|[^|]*\|([^|]*`[^|]*)\|([^|]*)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        names, figures = re.findall("`([a-z_]+)`", row[0]), row[1].split(",")
        told |= dict(zip(names, map(float, figures), strict=True))
    assert told == msgspec.structs.asdict(DEFAULT_RATES)
