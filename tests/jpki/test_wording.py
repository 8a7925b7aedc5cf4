"""Every refusal has its words."""

from registry.contract.problems import ProblemCode
from registry.domain.errors import FaultCode
from registry.jpki.refusals import JpkiFault
from registry.jpki.wording import WORDING


def test_every_code_has_words_in_both_languages():
    assert list(WORDING) == list(JpkiFault)
    for words in WORDING.values():
        assert all((words.title, words.advice))
        assert all(not text.isascii() for text in (words.title_ja, words.advice_ja))


def test_no_two_codes_say_the_same():
    assert len({words.title for words in WORDING.values()}) == len(WORDING)
    assert len({words.title_ja for words in WORDING.values()}) == len(WORDING)


def test_no_code_is_one_of_another_family():
    """They meet in logs and answers."""
    assert not {*JpkiFault} & {*FaultCode, *ProblemCode}
