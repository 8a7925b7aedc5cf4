"""Who appears in the stories that are played against a registry, what they hand in, and who may ask about them how."""

from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from registry.contract.decoding import decode, encode
from registry.contract.messages import Inquiry
from registry.domain.dates import DayRange
from registry.domain.disclosure import Condition, SearchKey
from tests.acceptance import papers
from tests.acceptance.plain_records import Question
from tests.house import MISSION, PENSION, TAX, TOWN

OTHER_MISSION, OTHER_TOWN = "JP-CG-BOSTON", "472018"
NO_LATER = date(2024, 12, 20)
"""No paper bears a later day: it would be a day that has not come."""


class Role(NamedTuple):
    """Somebody of the story."""

    name: dict
    birth_date: str
    sex: str
    honseki: str
    number: str
    addressee_number: str


CHIYODA, NAHA = "東京都千代田区鍛冶町七丁目２番", "沖縄県那覇市泉崎一丁目"
CAST = {
    "Hanako": Role(papers.HANAKO, "1979-11-23", "female", CHIYODA, papers.number(11), "1"),
    "her double": Role(papers.HANAKO, "1979-11-23", "female", CHIYODA, papers.number(22), "2"),
    "her namesake": Role(papers.HANAKO, "1979-11-23", "female", NAHA, papers.number(33), "3"),
    "Kichiro": Role(papers.KICHIRO, "1981-02-14", "male", CHIYODA, papers.number(44), "4"),
}
"""Three of them share name and date of birth, two all that is known of them but the number."""

AS_NEWSPAPERS_WRITE = {"surname": "高崎", "given": "花子"}
MARRIED = {"surname": "山田", "given": "花子", "surname_kana": "ヤマダ", "given_kana": "ハナコ"}
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
PLACES = {
    "New York": papers.NEW_YORK,
    "Albany": papers.NEW_YORK | {"city": "Albany", "lines": []},
    "nobody knows which Springfield": {"country": "US", "city": "Springfield"},
}


HOUSEHOLDS = st.lists(
    st.tuples(st.sampled_from(list(CAST)), st.booleans()),
    min_size=1,
    max_size=2,
    unique_by=lambda one: CAST[one[0]].birth_date,
)
"""Who is on a paper, and whether with their number; never two of one name and date of birth: they would be one."""

FIRST_DAYS = {
    "2024-02-10": date(2024, 2, 10),
    "2024-04": date(2024, 4, 1),
    "2024-04-01": date(2024, 4, 1),
    "2024-06": date(2024, 6, 1),
    "2024-06-15": date(2024, 6, 15),
    "2024": date(2024, 1, 1),
}
DAYS = st.sampled_from(list(FIRST_DAYS))
LAGS = st.sampled_from([9, 0, 120])
FURTHER_LINES = st.lists(
    st.sampled_from(
        [
            *("誤記修正", "個人番号の職権修正", "異動の取消し(減)", "国外転入等", "国内転入", "国外転出", "死亡"),
            "職権消除(国籍喪失)",
        ]
    ),
    max_size=3,
)


def member(who, *, numbered=False):
    """A person as a report names them, with or without their number."""
    role = CAST[who]
    told = {"name": role.name, "birth_date": role.birth_date, "sex": role.sex, "honseki": {"text": role.honseki}}
    return told | (number_of(who) if numbered else {})


def number_of(who):
    """Somebody's number, checked as 番号法16条 wants it."""
    return {"individual_number": CAST[who].number, "number_check": CHECKED}


def without(person, part):
    """A person of a report without the fields in whose names ``part`` stands."""
    return {field: value for field, value in person.items() if part not in field}


def dated(effective, lag):
    """The days of a report: when it took effect, and its notification some days later."""
    notified_on = min(FIRST_DAYS[effective] + timedelta(days=lag), NO_LATER)
    return {"effective": effective, "notified_on": notified_on.isoformat()}


def removed(who, town, *, numbered=True, further=()):
    """The 除票 of a town: the 国外転出 of 2024-03-31 and what was written below it since."""
    role = CAST[who]
    fields = {
        "name": role.name,
        "birth_date": role.birth_date,
        "sex": role.sex,
        "honseki": {"text": role.honseki},
        "address": {"municipality": town, "text": "鍛冶町七丁目"},
        "individual_number": role.number if numbered else None,
    }
    lines = [papers.line(**fields)]
    for number, reason in enumerate(further, start=2):
        day = (date(2024, 3, 31) + timedelta(days=30 * number)).isoformat()
        changed = {
            "誤記修正": {"birth_date": "1979-11-24"},
            "個人番号の職権修正": {"individual_number": role.number},
        }.get(reason, {})
        lines.append(papers.line(number, reason, **(fields | changed | {"effective": day, "notified_on": day})))
    return papers.removed_record(*lines, municipality=town, addressee_number=role.addressee_number)


# ------------------------------------------------------------------------------------------------ who may ask what


class Asker(NamedTuple):
    """A body's grant: for what it may ask, of whom, which keys could tell two people apart, and which items."""

    affair: str
    basis: str
    condition: Condition
    stronger: tuple[SearchKey, ...]
    more_fields: tuple[str, ...]

    @property
    def fields(self):
        return ("name", "birth_date", "sex", "address_abroad", "status", *self.more_fields)


_MUNICIPALITY = Asker(
    "former-residents",
    "住基法30条の41",
    Condition.FORMER_RESIDENT,
    (SearchKey.RESIDENT_RECORD_CODE, SearchKey.ADDRESSEE_NUMBER),
    ("last_address", "honseki", "mission"),
)
_MISSION = Asker("consular-protection", "旅券法16条", Condition.OWN_AREA, (), ("mission", "contact", "planned_end"))
ASKERS = {
    PENSION: Asker(
        "pension-benefit",
        "番号法19条8号",
        Condition.ANYONE,
        (SearchKey.INDIVIDUAL_NUMBER,),
        ("individual_number",),
    ),
    TAX: Asker("income-tax", "番号法19条8号", Condition.ANYONE, (SearchKey.INDIVIDUAL_NUMBER,), ()),
    TOWN: _MUNICIPALITY,
    OTHER_TOWN: _MUNICIPALITY,
    MISSION: _MISSION,
    OTHER_MISSION: _MISSION,
}
_NAMES = [
    papers.by_name(papers.HANAKO, "1979-11-23"),
    papers.by_name(AS_NEWSPAPERS_WRITE, "1979-11-24"),
    papers.by_name(MARRIED, "1979-11-23"),
    papers.by_name(papers.KICHIRO, "昭和56年2月14日"),
]
_NUMBERS = [papers.by_number(role.number) for role in CAST.values()]
_ADDRESSEES = [papers.by_addressee(role.addressee_number) for role in CAST.values()]
_SEARCHES = {
    PENSION: [*_NUMBERS, *_NAMES],
    TAX: _NUMBERS,
    TOWN: [*_ADDRESSEES, *_NAMES],
    OTHER_TOWN: [*_ADDRESSEES, *_NAMES],
    MISSION: _NAMES,
    OTHER_MISSION: _NAMES,
}
ASKED = [(body, search) for body, searches in _SEARCHES.items() for search in searches]
WHOLE_LIFE = {"valid_from": "2015-10-05"}
PERIODS = st.sampled_from(
    [
        WHOLE_LIFE,
        {"valid_on": "2024-04-20"},
        {"valid_on": "2024-06-15"},
        {"valid_from": "2024-03-01", "valid_to": "2024-06-10"},
    ]
)


def inquiry(body, search, said):
    """The message of an inquiry for everything that the body may know."""
    asker = ASKERS[body]
    asked = {"affair": asker.affair, "basis": asker.basis, "handled_by": "clerk-7", "search": search}
    return asked | {"fields": asker.fields} | said


def question(body, search, said):
    """What an inquiry asks of the lists."""
    read = decode(encode(inquiry(body, search, said)), Inquiry)
    day = read.valid_on
    return Question(
        body=body,
        condition=ASKERS[body].condition,
        search=read.search,
        period=DayRange(read.valid_from, read.valid_to) if day is None else DayRange(day, day + timedelta(days=1)),
        known_at=read.known_at,
    )
