"""Lets a count that does not come out show its numbers."""

import pytest

pytest.register_assert_rewrite("tests.faults.acting", "tests.faults.counting")
