"""What runs beside the requests goes on, whatever goes wrong in one of its rounds."""

import asyncio

import pytest
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from registry.rounds import every
from registry.store.unit_of_work import StoreUnavailable

TROUBLES = {
    "the database is away": (StoreUnavailable(), "waiting for the database"),
    "the line breaks": (ConnectionResetError(), "waiting for the database"),
    "a right that is missing": (ProgrammingError("SELECT", None, Exception()), "a round failed"),
    "a mistake of the program": (KeyError("髙﨑 花子"), "a round failed"),
}


@pytest.mark.parametrize(("trouble", "event"), TROUBLES.values(), ids=TROUBLES)
def test_a_round_that_fails_is_written_down_without_its_text_and_the_next_one_comes(trouble, event):
    rounds = []

    async def act():
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise trouble
        raise asyncio.CancelledError

    with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        asyncio.run(every(0, act)())
    assert rounds == [0, 1]
    assert [(line["event"], line["kind"]) for line in lines] == [(event, type(trouble).__name__)]
    assert "花子" not in str(lines)
