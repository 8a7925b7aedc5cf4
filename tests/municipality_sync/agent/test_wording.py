"""Whatever the agent can say, it says in both languages."""

import re

import pytest

from municipality_sync.agent.findings import FileFault
from municipality_sync.agent.wording import ENDINGS, FAULTS, Ending
from registry.domain.errors import FaultCode

KANA = re.compile("[ぁ-ヿ]")
JAPANESE = re.compile("[ぁ-ヿ一-鿿]")


def test_every_fault_and_every_ending_has_words():
    assert set(FAULTS) == {*FileFault, *FaultCode}
    assert set(ENDINGS) == set(Ending)


@pytest.mark.parametrize("words", [*FAULTS.values(), *ENDINGS.values()], ids=lambda words: words.title)
def test_words_say_what_is_wrong_and_what_to_do_in_both_languages(words):
    for english, japanese in ((words.title, words.title_ja), (words.advice, words.advice_ja)):
        assert not KANA.search(english)
        assert JAPANESE.search(japanese)
        assert (english + japanese).encode("cp932")  # what the terminals of town halls can show
