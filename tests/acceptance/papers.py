"""Papers as they come over the wire, full of planted data: reports of a mission, 除票 of a municipality."""

from registry.domain.numbers import individual_number_check_digit
from tests.house import MISSION, TOWN
from tests.planted import ADDRESSEE, BIRTH, NUMBER

HANAKO = {"surname": "髙﨑", "given": "花子", "surname_kana": "タカサキ", "given_kana": "ハナコ"}
KICHIRO = {"surname": "邊見", "given": "𠮷郎", "surname_kana": "ヘンミ", "given_kana": "キチロウ"}
HONSEKI = {"text": "東京都千代田区鍛冶町七丁目２番"}
NEW_YORK = {
    "country": "US",
    "subdivision": "New York",
    "city": "New York",
    "lines": ["1742 Larkspur Crescent"],
}
BOSTON = {"country": "US", "subdivision": "Massachusetts", "city": "Boston", "lines": ["9 Larkspur Crescent"]}


def person(**fields):
    """A member of a household; with 本籍, so that their 除票 is found."""
    return {"name": HANAKO, "birth_date": BIRTH, "sex": "female", "honseki": HONSEKI} | fields


def kichiro(**fields):
    return person(name=KICHIRO, birth_date="1981-02-14", sex="male", **fields)


def report(*people, **fields):
    """A 在留届 for New York, arrival on 2024-04-01; every argument that a test does not name is beside its point."""
    defaults = {
        "kind": "residence",
        "mission": MISSION,
        "effective": "2024-04-01",
        "notified_on": "2024-04-10",
        "people": list(people or [person()]),
        "address_abroad": NEW_YORK,
    }
    return {name: value for name, value in (defaults | fields).items() if value is not None}


def change(*people, effective="2024-06-01", notified_on="2024-06-05", **fields):
    return report(*people, **({"kind": "change", "address_abroad": None} | fields), effective=effective) | {
        "notified_on": notified_on
    }


def coming_home(*people, effective="2024-09-01", notified_on="2024-09-01", **fields):
    return report(*people, kind="return", address_abroad=None, effective=effective, notified_on=notified_on, **fields)


EVENT_DAYS = {"effective": "2024-08-15", "notified_on": "2024-09-01"}


def event(kind, *people, **fields):
    """A 死亡届 and the like: of 2024-08-15, filed two weeks later by a relative."""
    reporter = {"reported_by": None if kind == "unreachable" else "relative"}
    return report(*people, kind=kind, **({"address_abroad": None} | EVENT_DAYS | reporter | fields))


def annulment(submission_id, *people, **fields):
    return report(*people, **({"kind": "annulment", "replaces": submission_id} | fields))


def line(history_number=1, reason="国外転出", **fields):
    """A line of a municipal history; by default the 国外転出 of 2024-03-31, with the number."""
    defaults = {
        "history_number": history_number,
        "reason": reason,
        "effective": "2024-03-31",
        "notified_on": "2024-03-20",
        "name": HANAKO,
        "birth_date": "昭和54年11月23日",
        "sex": "female",
        "address": {"municipality": TOWN, "text": "鍛冶町七丁目"},
        "honseki": HONSEKI,
        "individual_number": NUMBER,
        "destination": "アメリカ合衆国",
    }
    return {name: value for name, value in (defaults | fields).items() if value is not None}


def removed_record(*lines, addressee_number=ADDRESSEE, municipality=TOWN, **fields):
    """A 除票 of 千代田区; ``fields`` are those of its one line unless ``lines`` are given."""
    return {
        "municipality": municipality,
        "addressee_number": addressee_number,
        "lines": list(lines or [line(**fields)]),
    }


def number(base):
    """A 個人番号 with the right check digit over ``base``, any number below 10¹¹."""
    digits = f"{base:011}"
    return f"{digits}{individual_number_check_digit(digits)}"


def by_number(value=NUMBER):
    return {"by": "individual-number", "individual_number": value}


def by_name(name=HANAKO, birth_date=BIRTH):
    return {"by": "name-and-birth-date", "name": name, "birth_date": birth_date}


def by_addressee(value=ADDRESSEE):
    return {"by": "addressee-number", "addressee_number": value}
