"""The inquiry list held against an extract: who is found, who is not, and when nothing can be said."""

import pytest

from municipality_sync.agent.findings import Findings
from municipality_sync.agent.search import Open, search
from registry.contract.inquiry_list import RemovedRecordQuestion
from registry.domain.basic_four import PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.inquiry_list import Sought
from registry.domain.question import Finding
from tests.municipality_sync.agent.extracts import LAYOUT, RULES, addressee, extract, layout, number, opened, row

F = Finding
EX_OFFICIO = "23"
"""職権消除 in the codes of the layout below; no push sends it."""

NAME = PersonName(surname="見本", given="花子", surname_kana="ミホン", given_kana="ハナコ")


REASONS = {code: str(reason) for code, reason in LAYOUT.reasons.items()} | {EX_OFFICIO: "職権消除"}
LIKE = layout(reasons="{" + ", ".join(f'{code} = "{reason}"' for code, reason in REASONS.items()) + "}")


def question(question_id="question-1", **fields):
    defaults = {"name": NAME, "birth_date": read("1985-03-07"), "sex": Sex.FEMALE}
    return RemovedRecordQuestion(question_id=question_id, sought=Sought(**(defaults | fields)))


def by_number(person):
    return RemovedRecordQuestion(question_id="question-1", sought=Sought(addressee_number=addressee(person)))


def said(*rows, asked=None, is_complete=True, findings=None):
    source = opened(rows[0] if isinstance(rows[0], bytes) else extract(*rows), LIKE)
    questions = (asked or question(),)
    (answer,) = search(source, questions, findings or Findings(), RULES, is_complete=is_complete)
    return answer


def struck_off(person=1, **cells):
    return row(person, **({"事由": EX_OFFICIO} | cells))


OTHER = {"氏名": "別人　太郎", "カナ": "ﾍﾞﾂｼﾞﾝ ﾀﾛｳ"}

FOUND = {
    "by name and date of birth": ((struck_off(), row(2, **OTHER)), question()),
    "in another spelling": ((struck_off(氏名="髙﨑　花子"),), question(name=PersonName(surname="高崎", given="花子"))),
    "by the reading where that is all that is known": (
        (struck_off(),),
        question(name=PersonName(surname_kana="ミホン", given_kana="ハナコ")),
    ),
    "under a name of her past": (
        (row(1, 1, 事由="30"), struck_off(1, 履歴番号="2", 氏名="山田　花子", カナ="ﾔﾏﾀﾞ ﾊﾅｺ")),
        question(),
    ),
    "by the number of the town hall, whatever her name": ((struck_off(**OTHER),), by_number(1)),
    "the one who left, and not her namesake who lives here": ((row(2, 事由="30"), struck_off()), question()),
    "also by a removal that is sent anyway": ((row(),), question()),
}


@pytest.mark.parametrize(("rows", "asked"), FOUND.values(), ids=FOUND)
def test_the_one_who_fits_is_found(rows, asked):
    answer = said(*rows, asked=asked)
    assert answer.says is F.FOUND
    assert answer.found.record.addressee_number == addressee(1)


NOT_FOUND = {
    "nobody of that name": ((row(1, **OTHER),), F.NOT_HELD),
    "born on another day": ((struck_off(生年月日="昭和60年3月8日"),), F.NOT_HELD),
    "two who left": ((struck_off(1), struck_off(2)), F.AMBIGUOUS),
    "she still lives here": ((row(事由="30"),), F.NOT_MOVED_ABROAD),
    "she moved within Japan": ((row(事由="20"),), F.NOT_MOVED_ABROAD),
    "she came back": ((row(1, 1), row(1, 2, 事由="11", 異動日="20240401")), F.NOT_MOVED_ABROAD),
    "a foreign national": ((struck_off(国籍="USA"),), F.WITHHELD),
    "nationality not stated": ((struck_off(国籍=""),), F.WITHHELD),
    "one withheld, one who stays": ((row(1, 事由="30"), struck_off(2, 国籍="")), F.WITHHELD),
}


@pytest.mark.parametrize(("rows", "says"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_why_there_is_none_is_said(rows, says):
    answer = said(*rows)
    assert (answer.says, answer.found) == (says, None)


def test_that_none_is_held_is_said_of_a_complete_file_only():
    assert said(row(1, **OTHER), is_complete=False).says is Open.NOT_IN_THIS_FILE


HELD_BACK = {
    "her own line is faulty": extract(struck_off(個人番号=number(1)[::-1])),
    "a namesake's line is faulty": extract(struck_off(1), struck_off(2, 異動日="20230230")),
    "the registry would refuse it": extract(struck_off(異動日="19800101")),
}
UNREADABLE = {
    "born then, of that reading": (row(氏名="見〓　花子"), Open.HELD_BACK),
    "born then, without a reading": (row(氏名="&#x20BB7;　花子", カナ=""), Open.HELD_BACK),
    "born then, of another reading": (row(氏名="見〓　花子", カナ="ﾐﾄﾞﾘ ﾊﾅｺ"), F.NOT_HELD),
    "born on another day": (row(氏名="見〓　花子", 生年月日="昭和60年3月8日"), F.NOT_HELD),
}


@pytest.mark.parametrize(("line", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_name_with_signs_in_it_may_be_the_one_that_is_sought(line, says):
    assert said(line).says is says


def test_signs_in_a_past_name_of_who_is_found_leave_no_doubt():
    assert said(row(1, 1, 事由="30", 氏名="見〓　花子"), struck_off(1, 履歴番号="2")).says is F.FOUND


def test_a_reading_alone_is_not_said_to_be_missing_in_a_file_without_readings():
    reading = question(name=PersonName(surname_kana="ミホン", given_kana="ハナコ"))
    source = opened(extract(row(1, **OTHER)), layout(kana=None))
    (answer,) = search(source, (reading,), Findings(), RULES, is_complete=True)
    assert answer.says is Open.NOT_IN_THIS_FILE


@pytest.mark.parametrize("data", HELD_BACK.values(), ids=HELD_BACK)
def test_who_is_held_back_by_a_fault_stays_open_and_the_fault_is_named(data):
    findings = Findings()
    assert said(data, findings=findings).says is Open.HELD_BACK
    assert findings.has_errors


BROKEN = {
    "nobody's": extract(row(2, **OTHER)) + b"\xff,\r\n",
    "of somebody unknown by name": extract(row(2, **OTHER)) + addressee(3).encode() + b",1\r\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_while_a_line_cannot_be_read_nobody_is_said_to_be_missing(data):
    assert said(data).says is Open.NOT_IN_THIS_FILE


def test_many_questions_are_answered_in_one_reading_and_in_their_order():
    rows = [struck_off(person, 氏名=f"見本　{name}子") for person, name in enumerate("花鳥風月", start=1)]
    asked = [
        question(f"question-{name}", name=PersonName(surname="見本", given=f"{name}子")) for name in ("月", "雪", "花")
    ]
    answers = search(opened(extract(*rows), LIKE), tuple(asked), Findings(), RULES, is_complete=True)
    assert [(one.question_id, str(one.says)) for one in answers] == [
        ("question-月", "found"),
        ("question-雪", "not-held"),
        ("question-花", "found"),
    ]


def test_only_what_is_asked_for_is_kept():
    findings = Findings()
    answer = said(struck_off(1), row(2, **OTHER), findings=findings)
    assert answer.found.record.addressee_number == addressee(1)
    assert "見本" not in repr(answer)
    assert findings.lines == 2
