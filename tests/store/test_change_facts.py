"""Up to where change facts are taken over, in PostgreSQL."""

import pytest

from registry.store import change_facts

pytestmark = pytest.mark.anyio


async def test_the_cursor_goes_on_from_where_it_was_set(work):
    assert await change_facts.lock_cursor(work) == 0
    await change_facts.set_cursor(work, 7)
    assert await change_facts.lock_cursor(work) == 7
