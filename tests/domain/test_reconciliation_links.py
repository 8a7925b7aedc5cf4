"""Who is the same person, and on what evidence."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.basic_four import Honseki, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.municipality import MunicipalityCode
from registry.domain.reconciliation import (
    CONFIRMED,
    Candidate,
    Identity,
    Link,
    LinkMethod,
    link,
)
from tests.builders import (
    CODE,
    HANAKO,
    HONSEKI,
    NUMBER,
    OTHER_CODE,
    OTHER_NUMBER,
)

M = LinkMethod
BIRTH = read("1985-03-07")
FOUR = Identity(name=HANAKO, birth_date=BIRTH, sex=Sex.FEMALE, honseki=HONSEKI)
YAMADA = PersonName(surname="山田", given="花子")
CHIYODA_CODE, OSAKA_CODE = MunicipalityCode.parse("131016"), MunicipalityCode.parse("271004")


def who(**fields):
    return msgspec.structs.replace(FOUR, **fields)


def record(person_id, *identities):
    return Candidate(person_id=person_id, identities=identities or (FOUR,))


STRANGER = Identity(name=YAMADA, birth_date=read("1960-01-01"), sex=Sex.MALE)


LINKS = {
    "nobody there": (FOUR, [], M.OPENED, None, ()),
    "nobody like it": (FOUR, [record("a", STRANGER)], M.OPENED, None, ()),
    "the number": (
        who(individual_number=NUMBER),
        [record("a", who(individual_number=NUMBER)), record("b")],
        M.INDIVIDUAL_NUMBER,
        "a",
        (),
    ),
    "a number that the record once had": (
        who(individual_number=NUMBER),
        [record("a", who(individual_number=OTHER_NUMBER), who(individual_number=NUMBER))],
        M.INDIVIDUAL_NUMBER,
        "a",
        (),
    ),
    "the number beats 4情報 that fit another": (
        who(individual_number=NUMBER),
        [record("a", who(name=YAMADA, individual_number=NUMBER)), record("b")],
        M.INDIVIDUAL_NUMBER,
        "a",
        (),
    ),
    "the number beats a code that fits another": (
        who(individual_number=NUMBER, resident_record_code=CODE),
        [
            record("a", who(name=YAMADA, individual_number=NUMBER)),
            record("b", who(name=YAMADA, resident_record_code=CODE)),
        ],
        M.INDIVIDUAL_NUMBER,
        "a",
        (),
    ),
    "the 住民票コード": (
        who(resident_record_code=CODE),
        [record("a", who(resident_record_code=CODE)), record("b")],
        M.RESIDENT_RECORD_CODE,
        "a",
        (),
    ),
    "the code beats 4情報 that fit another": (
        who(resident_record_code=CODE),
        [record("a", who(name=YAMADA, resident_record_code=CODE)), record("b")],
        M.RESIDENT_RECORD_CODE,
        "a",
        (),
    ),
    "the number of somebody else": (
        who(individual_number=NUMBER),
        [record("a", msgspec.structs.replace(STRANGER, individual_number=NUMBER)), record("b")],
        M.OPENED,
        None,
        ("a",),
    ),
    "the code of somebody else": (
        who(resident_record_code=CODE),
        [record("a", msgspec.structs.replace(STRANGER, resident_record_code=CODE))],
        M.OPENED,
        None,
        ("a",),
    ),
    "the number of somebody else who once was this one": (
        who(individual_number=NUMBER),
        [record("a", msgspec.structs.replace(STRANGER, individual_number=NUMBER), FOUR)],
        M.INDIVIDUAL_NUMBER,
        "a",
        (),
    ),
    "a number of which nothing more is known": (
        who(individual_number=NUMBER),
        [record("a", Identity(individual_number=NUMBER))],
        M.INDIVIDUAL_NUMBER,
        "a",
        (),
    ),
    "4情報 and 本籍": (FOUR, [record("a"), record("b", STRANGER)], M.EXACT_BASIC_FOUR, "a", ()),
    "4情報 in another spelling": (
        who(name=PersonName(surname="高崎", given="花子")),
        [record("a")],
        M.EXACT_BASIC_FOUR,
        "a",
        (),
    ),
    "4情報 of a past identity": (
        FOUR,
        [record("a", FOUR, who(name=YAMADA))],
        M.EXACT_BASIC_FOUR,
        "a",
        (),
    ),
    "4情報, one with a number and one without": (
        who(individual_number=NUMBER),
        [record("a")],
        M.EXACT_BASIC_FOUR,
        "a",
        (),
    ),
    "4情報 alike but another number": (
        who(individual_number=OTHER_NUMBER),
        [record("a", who(individual_number=NUMBER))],
        M.OPENED,
        None,
        (),
    ),
    "4情報 alike but another number, learnt later than they": (
        who(individual_number=OTHER_NUMBER),
        [record("a", FOUR, Identity(individual_number=NUMBER))],
        M.OPENED,
        None,
        (),
    ),
    "another code with the same 4情報 may be a changed code": (
        who(resident_record_code=OTHER_CODE),
        [record("a", who(resident_record_code=CODE))],
        M.EXACT_BASIC_FOUR,
        "a",
        (),
    ),
    "rivals by number": (
        who(individual_number=NUMBER),
        [record("b", who(individual_number=NUMBER)), record("a", who(individual_number=NUMBER))],
        M.OPENED,
        None,
        ("a", "b"),
    ),
    "rivals by 4情報": (FOUR, [record("b"), record("a")], M.OPENED, None, ("a", "b")),
    "one record twice is no rival of itself": (FOUR, [record("a"), record("a")], M.EXACT_BASIC_FOUR, "a", ()),
}


@pytest.mark.parametrize(("identity", "candidates", "method", "person_id", "rivals"), LINKS.values(), ids=LINKS)
def test_number_before_code_before_basic_four_and_of_each_only_one(identity, candidates, method, person_id, rivals):
    assert link(identity, candidates) == Link(method=method, person_id=person_id, rivals=rivals)


TOO_LITTLE = {
    "no name": {"name": None},
    "no date of birth": {"birth_date": None},
    "no sex": {"sex": None},
    "a blank sex": {"sex": Sex.UNKNOWN},
    "no 本籍": {"honseki": None},
    "a blank 本籍": {"honseki": Honseki(text="　")},
    "本籍不明": {"honseki": Honseki(text="不明")},
    "a name in kana only": {"name": PersonName(surname_kana="タカサキ", given_kana="ハナコ")},
    "a name in Latin letters only": {"name": PersonName(surname_latin="TAKASAKI", given_latin="HANAKO")},
    "a blank name": {"name": PersonName()},
    "a month of birth": {"birth_date": read("1985-03-00")},
    "29 February of a common year": {"birth_date": read("1985-02-29")},
    "a date of birth 頃": {"birth_date": read("1985年3月7日頃")},
    "no date of birth known": {"birth_date": read("年月日不詳")},
}


@pytest.mark.parametrize("fields", TOO_LITTLE.values(), ids=TOO_LITTLE)
def test_less_than_all_of_the_basic_four_and_honseki_joins_nobody(fields):
    incomplete = who(**fields)
    for identity, candidate in ((incomplete, FOUR), (FOUR, incomplete), (incomplete, incomplete)):
        assert link(identity, [record("a", candidate)]) == Link(method=M.OPENED)


UNLIKE = {
    "the day after": {"birth_date": read("1985-03-08")},
    "the other sex": {"sex": Sex.MALE},
    "another 本籍": {"honseki": Honseki(text="大阪市北区中之島1番")},
    "another name": {"name": YAMADA},
}


@pytest.mark.parametrize("fields", UNLIKE.values(), ids=UNLIKE)
def test_one_item_unlike_joins_nobody(fields):
    assert link(who(**fields), [record("a")]) == Link(method=M.OPENED)


PLACES = {
    "both the same": (CHIYODA_CODE, CHIYODA_CODE, M.EXACT_BASIC_FOUR),
    "one not told": (None, CHIYODA_CODE, M.EXACT_BASIC_FOUR),
    "two municipalities": (OSAKA_CODE, CHIYODA_CODE, M.OPENED),
}


@pytest.mark.parametrize(("here", "there", "method"), PLACES.values(), ids=PLACES)
def test_the_same_words_in_two_municipalities_are_two_places(here, there, method):
    one, other = (who(honseki=Honseki(text="中央1番", municipality=code)) for code in (here, there))
    assert link(one, [record("a", other)]).method is method


def test_only_a_number_a_code_or_the_submitter_confirms():
    assert set(LinkMethod) - CONFIRMED == {M.EXACT_BASIC_FOUR, M.ASKED_FOR}
    assert {method for method in LinkMethod if Link(method=method).is_confirmed} == CONFIRMED


@pytest.mark.parametrize("doubt", [{"rivals": ("a",)}, {"on_unconfirmed": True}], ids=str)
@pytest.mark.parametrize("method", sorted(CONFIRMED))
def test_a_link_with_rivals_or_after_an_unconfirmed_one_is_unconfirmed_whatever_its_method(method, doubt):
    assert not Link(method=method, **doubt).is_confirmed


@st.composite
def identities(draw):
    return Identity(
        name=draw(st.sampled_from([None, HANAKO, YAMADA, PersonName(surname="高崎", given="花子")])),
        birth_date=draw(st.sampled_from([None, BIRTH, read("1985-03-00")])),
        sex=draw(st.sampled_from([None, *Sex])),
        honseki=draw(st.sampled_from([None, HONSEKI, Honseki(text="不明")])),
        individual_number=draw(st.sampled_from([None, NUMBER, OTHER_NUMBER])),
        resident_record_code=draw(st.sampled_from([None, CODE, OTHER_CODE])),
    )


@st.composite
def candidates(draw):
    known = draw(st.lists(st.lists(identities(), min_size=1, max_size=3), max_size=3))
    return [record(f"p{index}", *past) for index, past in enumerate(known)]


@given(identities(), candidates())
def test_a_confirmed_link_to_a_record_always_shares_a_number_or_code_with_it(identity, known):
    decided = link(identity, known)
    if decided.person_id is None:
        assert decided.method is M.OPENED
        return
    past = next(one for one in known if one.person_id == decided.person_id).identities
    shared = {
        field
        for field in ("individual_number", "resident_record_code")
        for one in past
        if getattr(identity, field) is not None and getattr(identity, field) == getattr(one, field)
    }
    assert decided.is_confirmed is bool(shared)


@given(identities(), candidates())
def test_two_different_numbers_are_never_joined_by_basic_four(identity, known):
    decided = link(identity, known)
    if decided.method is M.EXACT_BASIC_FOUR and identity.individual_number is not None:
        joined = next(one for one in known if one.person_id == decided.person_id)
        assert not {one.individual_number for one in joined.identities} - {None}


@given(identities(), candidates(), st.randoms())
def test_the_order_of_candidates_decides_nothing(identity, known, random):
    shuffled = list(known)
    random.shuffle(shuffled)
    assert link(identity, shuffled) == link(identity, known)
