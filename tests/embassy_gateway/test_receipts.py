"""What the headers and bodies of answers mean."""

from datetime import UTC, datetime, timedelta

import pytest

from embassy_gateway.receipts import retry_after
from registry.contract.client import Answer

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

RETRY_AFTER = {
    "120": 120,
    "0": 0,
    "999999999999999999": 3600,
    "Mon, 23 Nov 2026 02:31:00 GMT": 60,
    "Mon, 23 Nov 2026 02:00:00 GMT": 0,
    "Mon, 23 Nov 2037 02:00:00 GMT": 3600,
    "Mon, 23 Nov 2026 02:31:00": 0,
    "soon": 0,
    "-5": 0,
    "１２": 0,
    "": 0,
}


@pytest.mark.parametrize(("text", "seconds"), RETRY_AFTER.items())
def test_retry_after_is_read_in_both_forms_and_never_beyond_an_hour(text, seconds):
    # No proof is needed here: the header is not signed anyway.
    answer = Answer(status=503, body=b"", headers=(("Retry-After", text),), proof=None)
    assert retry_after(answer, NOW) == timedelta(seconds=seconds)
