"""What is wrong with what was sent: each fault at its place, all at once, and nothing stored but the log entry."""

import pytest

from registry.contract.decoding import MAX_BYTES, encode
from registry.contract.keys import SigningKey
from registry.domain.disclosure import BodyKind
from registry.store import callers
from registry.store.callers import RegisteredKey
from tests.acceptance.asking import CHECKED, GRANTS, told
from tests.acceptance.door import LOG_AND_ANSWER, ONLY_THE_LOG, SUBMISSIONS, Refused, refusals, signed
from tests.acceptance.papers import (
    HANAKO,
    NEW_YORK,
    by_name,
    change,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import counts, faults, grown, receipt
from tests.house import MISSION, NOW, PENSION, TOWN
from tests.planted import NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

PENSION_QUESTION = {
    "affair": GRANTS[PENSION].affair,
    "basis": GRANTS[PENSION].bases[0],
    "handled_by": "clerk-7",
    "search": by_name(),
    "fields": ["name"],
}
GOOD = {
    SUBMISSIONS: (MISSION, report()),
    "/v1/submissions/batch": (MISSION, {"items": [{"idempotency_key": "report-1", "report": "{}", "evidence": "?"}]}),
    "/v1/removed-records": (TOWN, {"extract_id": "extract-1", "part": 1, "records": [removed_record()]}),
    "/v1/inquiries": (PENSION, PENSION_QUESTION),
}
each_message = pytest.mark.parametrize("path", GOOD)


# --------------------------------------------------------------------------------------- no JSON that is safe


def ending(good, more):
    """A good message with one more member."""
    return good[:-1] + b',"zz":' + more + b"}"


def unreadable(good):
    """Bytes that are no message at all, each with its fault."""
    return {
        "nothing": (b"", ("", "empty")),
        "nothing but spaces": (b" \r\n", ("", "empty")),
        "no JSON": (b"<report/>", ("", "wrong-type")),
        "a list": (b"[" + good + b"]", ("", "wrong-type")),
        "null": (b"null", ("", "wrong-type")),
        "cut off": (good[: len(good) // 2], ("", "wrong-type")),
        "without its last byte": (good[:-1], ("", "wrong-type")),
        "two in one": (good + good, ("", "wrong-type")),
        "with a byte order mark": (b"\xef\xbb\xbf" + good, ("", "forbidden-character")),
        "in cp932": (ending(good, '"髙﨑"'.encode("cp932")), ("", "forbidden-character")),
        "in UTF-16": (good.decode().encode("utf-16"), ("", "forbidden-character")),
        "with a raw NUL": (ending(good, b'"\x00"'), ("", "forbidden-character")),
        "with a raw line end in a text": (ending(good, b'"\n"'), ("", "forbidden-character")),
        "nested without end": (ending(good, b"[" * 100_000 + b"]" * 100_000), ("", "out-of-range")),
        "with an unknown field": (ending(good, b"1"), ("/zz", "unknown-field")),
        "with a member twice": (ending(good, b'1,"zz":1'), ("/zz", "duplicate")),
        "with NUL as an escape": (ending(good, rb'"\u0000"'), ("/zz", "forbidden-character")),
        "with half a surrogate": (ending(good, rb'"\ud83d"'), ("/zz", "forbidden-character")),
        "with surrogates the wrong way round": (ending(good, rb'"\ude00\ud83d"'), ("/zz", "forbidden-character")),
        "with a noncharacter": (ending(good, rb'"\uffff"'), ("/zz", "forbidden-character")),
        "with a number that is none": (ending(good, b"NaN"), ("/zz", "out-of-range")),
        "with a number beyond all": (ending(good, b"1e999"), ("/zz", "out-of-range")),
        "with a thousand digits": (ending(good, b"9" * 1000), ("/zz", "out-of-range")),
        "with a name in a name": (good[:-1] + ',"髙﨑花子":1}'.encode(), ("/?", "unknown-field")),
    }


@each_message
async def test_bytes_that_are_no_message_are_refused_by_place_and_code(registry, database, path):
    body, message = GOOD[path]
    cases = unreadable(encode(message))
    requests = {name: signed(registry, sent, body=body, path=path) for name, (sent, _) in cases.items()}
    stored = ONLY_THE_LOG if path == "/v1/inquiries" else LOG_AND_ANSWER
    assert await refusals(registry, database, requests) == {
        name: Refused(422, "invalid-input", {fault}, stored) for name, (_, fault) in cases.items()
    }


@pytest.mark.parametrize("path", [SUBMISSIONS, "/v1/inquiries"])
async def test_a_single_message_is_a_megabyte_at_most(registry, database, path):
    body, message = GOOD[path]
    request = signed(registry, encode(message).ljust(MAX_BYTES + 1), body=body, path=path)
    stored = ONLY_THE_LOG if path == "/v1/inquiries" else LOG_AND_ANSWER
    assert await refusals(registry, database, {"": request}) == {
        "": Refused(422, "invalid-input", {("", "too-long")}, stored)
    }


# ------------------------------------------------------------------------------------------ values of a report

OF_PERSON = {
    "a wrong check digit of the number": (
        {"individual_number": "123456789019", "number_check": CHECKED},
        {("/individual_number", "check-digit")},
    ),
    "eleven digits of the number": (
        {"individual_number": NUMBER[:11], "number_check": CHECKED},
        {("/individual_number", "number-malformed")},
    ),
    "the number as a number": (
        {"individual_number": int(NUMBER), "number_check": CHECKED},
        {("/individual_number", "wrong-type")},
    ),
    "a number without its check": ({"individual_number": NUMBER}, {("/number_check", "number-without-purpose")}),
    "a wrong check digit of the resident record code": (
        {"resident_record_code": "12345678901"},
        {("/resident_record_code", "check-digit")},
    ),
    "a wrong check digit of a municipality": (
        {"last_address": {"municipality": "131017"}},
        {("/last_address/municipality", "check-digit")},
    ),
    "the 30th of February": ({"birth_date": "1979-02-30"}, {("/birth_date", "date-impossible")}),
    "the 8th of January of 昭和64年": ({"birth_date": "昭和64年1月8日"}, {("/birth_date", "date-outside-era")}),
    "a date in words": ({"birth_date": "last spring"}, {("/birth_date", "date-unreadable")}),
    "a sex that is none": ({"sex": "F"}, {("/sex", "out-of-range")}),
    "a name that is a text": ({"name": "髙﨑花子"}, {("/name", "wrong-type")}),
    "a name without a letter": ({"name": {"surname": "・"}}, {("/name", "name-missing")}),
    "a name without end": ({"name": HANAKO | {"given": "花" * 101}}, {("/name/given", "too-long")}),
    "a passport with a line end": ({"passport_number": "TK7654321\n"}, {("/passport_number", "out-of-range")}),
    "a 本籍 that is not given": ({"honseki": {"head": "花子"}}, {("/honseki/text", "missing")}),
    "NUL in a name": ({"name": HANAKO | {"given": "花\x00子"}}, {("/name/given", "forbidden-character")}),
    "an escape sequence in a 本籍": ({"honseki": {"text": "\x1b[2J"}}, {("/honseki/text", "forbidden-character")}),
    "a field nobody knows": ({"visa": "TK7654321"}, {("/visa", "unknown-field")}),
}
OF_REPORT = {
    "a kind that is none": ({"kind": "departure"}, {("/kind", "out-of-range")}),
    "a day without a date": ({"effective": "0000-00-32"}, {("/effective", "date-unreadable")}),
    "an impossible day of notification": ({"notified_on": "2024-02-30"}, {("/notified_on", "date-unreadable")}),
    "nobody at all": ({"people": []}, {("/people", "empty")}),
    "a household of thirty-one": ({"people": [person()] * 31}, {("/people", "too-long")}),
    "a country by its name": (
        {"address_abroad": NEW_YORK | {"country": "USA"}},
        {("/address_abroad/country", "too-long")},
    ),
    "an address of nine lines": (
        {"address_abroad": NEW_YORK | {"lines": ["1742 Larkspur Crescent"] * 9}},
        {("/address_abroad/lines", "too-long")},
    ),
}


async def test_a_value_that_cannot_be_is_refused_at_its_place(registry, database):
    cases = OF_REPORT | {
        name: ({"people": [kichiro(), person() | fields]}, {(f"/people/1{at}", code) for at, code in wrong})
        for name, (fields, wrong) in OF_PERSON.items()
    }
    requests = {name: signed(registry, report() | fields) for name, (fields, _) in cases.items()}
    assert await refusals(registry, database, requests) == {
        name: Refused(422, "invalid-input", wrong, LOG_AND_ANSWER) for name, (_, wrong) in cases.items()
    }


# ------------------------------------------------------------------------------------------ rules of a report

AGAINST_THE_RULES = {
    "a birth after the arrival": (report(person(birth_date="2024-04-05")), {("/effective", "date-before-birth")}),
    "a birth after the notification": (
        report(person(birth_date="2024-04-11")),
        {("/people/0/birth_date", "date-in-the-future"), ("/effective", "date-before-birth")},
    ),
    "a notification of tomorrow": (report(notified_on="2025-01-01"), {("/notified_on", "date-in-the-future")}),
    "an arrival in a year": (report(effective="2025-04-01"), {("/effective", "date-after-notification")}),
    "a stay of a month": (report(planned_end="2024-05-01"), {("/planned_end", "stay-too-short")}),
    "an end before the beginning": (report(planned_end="2024-03-01"), {("/planned_end", "period-reversed")}),
    "no address": (report(address_abroad=None), {("/address_abroad", "missing")}),
    "a change of nothing": (change(), {("", "missing")}),
    "a return with an address": (
        report(kind="return", effective="2024-04-10"),
        {("/address_abroad", "not-allowed-here")},
    ),
    "a new name in a first report": (report(person(new_name=HANAKO)), {("/people/0/new_name", "not-allowed-here")}),
    "an annulment of nothing": (report(kind="annulment"), {("/replaces", "missing")}),
    "a correction of what nobody sent": (
        report(replaces="00000000-0000-4000-8000-000000000000"),
        {("/replaces", "replaces-unknown-movement")},
    ),
    "a place of another area": (
        report(address_abroad=NEW_YORK | {"subdivision": "California/Los Angeles"}),
        {("/address_abroad", "mission-not-competent")},
    ),
}


async def test_what_the_rules_do_not_allow_is_refused(registry, database):
    requests = {name: signed(registry, message) for name, (message, _) in AGAINST_THE_RULES.items()}
    assert await refusals(registry, database, requests) == {
        name: Refused(422, "invalid-input", wrong, LOG_AND_ANSWER) for name, (_, wrong) in AGAINST_THE_RULES.items()
    }


MISSIONS = {
    "a code that never existed": ("JP-CG-ATLANTIS", {("/mission", "mission-unknown")}),
    "a mission closed in 2010": ("JP-CG-GENEVA", {("/mission", "mission-closed")}),
}


@pytest.mark.parametrize(("mission", "wrong"), MISSIONS.values(), ids=MISSIONS)
async def test_a_mission_that_is_not_there_takes_no_reports(registry, database, mission, wrong):
    await enter(registry, mission)
    place = {"country": "CH", "city": "Genève"}
    request = signed(registry, report(mission=mission, address_abroad=place), body=mission)
    assert await refusals(registry, database, {"": request}) == {
        "": Refused(422, "invalid-input", wrong, LOG_AND_ANSWER)
    }


async def enter(registry, mission):
    """Let one more mission call."""
    key = registry.keys[mission] = SigningKey.generate(f"{mission}-key")
    pem = key.verifying.to_pem()
    row = RegisteredKey(key_id=key.key_id, body=mission, body_kind=BodyKind.MISSION, public_key=pem, valid_from=NOW)
    async with registry.owner.work() as work:
        await callers.register_key(work, row)
        await work.commit()
    registry.clock.advance(seconds=2)


async def test_a_report_from_an_area_that_no_mission_ever_had_is_refused(registry, database):
    moved = change(came_from="JP-CG-ATLANTIS", address_abroad=NEW_YORK)
    assert await refusals(registry, database, {"": signed(registry, moved)}) == {
        "": Refused(422, "invalid-input", {("/came_from", "mission-unknown")}, LOG_AND_ANSWER)
    }


async def test_a_country_that_never_existed_goes_to_people_and_is_not_lost(registry):
    answer = receipt(await registry.submit(report(address_abroad={"country": "ZZ", "city": "Atlantis"})))
    assert (str(answer.state), warned(answer)) == ("in-review", UNCERTAIN)


# ------------------------------------------------------------------------------------------------ all at once


async def test_all_that_is_wrong_with_the_form_of_a_report_is_told_at_once(registry, database):
    wrong = {name: fields for name, (fields, _) in OF_PERSON.items()}
    people = [person() | fields for name, fields in wrong.items() if "without" not in name]
    message = report(*people, visa="x", notified_on="2024-02-30", address_abroad=NEW_YORK | {"lines": ["\x00"]})
    expected = {
        (f"/people/{index}{at}", code)
        for index, (_, told_of) in enumerate(value for name, value in OF_PERSON.items() if "without" not in name)
        for at, code in told_of
    }
    expected |= {("/visa", "unknown-field"), ("/notified_on", "date-unreadable")}
    expected |= {("/address_abroad/lines/0", "forbidden-character")}
    assert await refusals(registry, database, {"": signed(registry, message)}) == {
        "": Refused(422, "invalid-input", expected, LOG_AND_ANSWER)
    }


async def test_all_that_the_rules_do_not_allow_is_told_at_once(registry, database):
    people = (person(birth_date="2026-01-01"), kichiro(individual_number=OTHER_NUMBER, new_name=HANAKO))
    message = report(*people, notified_on="2025-01-01", effective="2025-06-01", planned_end="2025-05-01")
    expected = {
        ("/notified_on", "date-in-the-future"),
        ("/effective", "date-after-notification"),
        ("/effective", "date-before-birth"),
        ("/planned_end", "period-reversed"),
        ("/people/0/birth_date", "date-in-the-future"),
        ("/people/1/number_check", "number-without-purpose"),
        ("/people/1/new_name", "not-allowed-here"),
    }
    assert await refusals(registry, database, {"": signed(registry, message)}) == {
        "": Refused(422, "invalid-input", expected, LOG_AND_ANSWER)
    }


# ------------------------------------------------------------------------------------------------- the repair

UNCERTAIN = {("/address_abroad/subdivision", "competence-uncertain")}


def warned(kept):
    """What a receipt warns of: where and what."""
    return {(fault.pointer, str(fault.code)) for fault in kept.warnings}


ODD = {
    "a character that some system lost": "1742 Larkspur \ufffd",
    "a character of a private font": "1742 Larkspur \ue000",
    "a geta": "1742 Larkspur 〓",
    "a tab and a line end": "1742\tLarkspur\r\nCrescent",
    "marks on nothing": "\u0301\u3099",
    "letters from right to left": "\u202e1742 Larkspur",
    "nothing but a space": " ",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_odd_character_in_an_address_is_taken_as_it_is_and_never_blocks_its_repair(registry, odd):
    broken = NEW_YORK | {"lines": [odd], "subdivision": odd[:20]}
    first = receipt(await registry.submit(report(address_abroad=broken)))
    assert warned(first) == UNCERTAIN
    assert (await address(registry)).lines == (odd,)
    receipt(await registry.submit(change(address_abroad=NEW_YORK)))
    assert (await address(registry)).lines == tuple(NEW_YORK["lines"])


async def test_an_address_that_was_warned_about_can_be_corrected_in_the_report_itself(registry):
    first = receipt(await registry.submit(report(address_abroad=NEW_YORK | {"subdivision": "N.Y."})))
    assert str(first.state) == "in-review"
    corrected = receipt(await registry.submit(report(replaces=first.submission_id)))
    assert str(corrected.state) == "accepted"
    assert (await address(registry)).subdivision == "New York"


async def test_a_refused_character_refuses_once_and_the_mended_report_is_taken(registry, database):
    before = await counts(database)
    bad = await registry.submit(report(address_abroad=NEW_YORK | {"lines": ["1742\x00"]}), key="report-1")
    assert faults(bad) == {("/address_abroad/lines/0", "forbidden-character")}
    assert "submission" not in grown(before, await counts(database))
    receipt(await registry.submit(report(), key="report-1-mended"))
    assert (await address(registry)).city == "New York"


async def address(registry):
    (version,) = (await told(registry, PENSION)).versions
    return version.items.address_abroad
