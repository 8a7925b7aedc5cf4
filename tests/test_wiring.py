"""What wiring makes by itself: ids; and what it refuses to start without."""

from contextlib import AsyncExitStack
from uuid import RFC_4122, UUID

import anyio
import pytest

from registry.application import _lines
from registry.browser_files import style
from registry.settings import Settings, SettingsRefused
from registry.wiring import new_id


def test_ids_are_random_uuids_in_their_one_spelling():
    made = [new_id() for _ in range(1_000)]
    read = [UUID(one) for one in made]
    assert {(one.version, one.variant) for one in read} == {(4, RFC_4122)}
    assert [str(one) for one in read] == made
    assert len(set(made)) == len(made)


def test_pages_without_their_style_are_not_served(monkeypatch, tmp_path):
    monkeypatch.setattr(style, "TOKENS", tmp_path / "tokens.css")
    style.page_style.cache_clear()
    one = tmp_path / "some-file"
    settings = Settings(dsn="", keys=one, signing_key=one, log_key=one, public_url="", providers=one)
    with pytest.raises(SettingsRefused, match="`make setup` fetches them"):
        anyio.run(_lines, settings, AsyncExitStack())
