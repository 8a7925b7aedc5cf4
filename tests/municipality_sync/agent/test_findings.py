"""Faults by kind: the first of each, all of them counted, and no code that could be somebody's name."""

import pytest

from municipality_sync.agent.findings import FIRST_OF_EACH_KIND, SHARED_BY_MANY, FaultList, Findings, LineFault
from registry.domain.errors import Severity


def fault(line, column="異動日", code="date-impossible", severity=Severity.ERROR):
    return LineFault(line=line, column=column, code=code, expected=f"a day, in line {line}", severity=severity)


def test_ten_thousand_faults_of_one_kind_are_one_kind():
    found = FaultList()
    found.add_all(fault(line) for line in range(10_001, 1, -1))
    [kind] = found.kinds
    assert kind.count == 10_000
    assert len(kind.lines) == len(found.faults) == FIRST_OF_EACH_KIND
    assert found.not_listed == 10_000 - FIRST_OF_EACH_KIND


def test_a_rare_kind_is_not_drowned_by_a_frequent_one():
    found = FaultList()
    found.add_all(fault(line) for line in range(2, 2000))
    found.add(fault(3000, "性別", "code-unknown"))
    assert [(kind.column, kind.count) for kind in found.kinds] == [("異動日", 1998), ("性別", 1)]
    assert found.faults[-1].line == 3000


def test_errors_stand_before_warnings_and_listed_faults_in_the_order_of_lines():
    found = FaultList()
    found.add_all([fault(9, severity=Severity.WARNING), fault(8, severity=Severity.WARNING), fault(10)])
    assert [kind.severity for kind in found.kinds] == [Severity.ERROR, Severity.WARNING]
    assert found.kinds[1].lines == (8, 9)
    assert [one.line for one in found.faults] == [8, 9, 10]


def test_a_warning_is_no_error():
    found = FaultList()
    found.add(fault(2, severity=Severity.WARNING))
    assert not found.has_errors
    found.add(fault(3))
    assert found.has_errors


@pytest.mark.parametrize("code", ["7", "47", "4701", "A"])
def test_what_is_plainly_a_code_is_shown_however_rare(code):
    findings = Findings()
    findings.note_unknown_code("事由", code, "1")
    assert [(one.column, one.code, one.lines) for one in findings.unknown_codes] == [("事由", code, 1)]


@pytest.mark.parametrize("text", ["植込　太郎", "KIM", "47011", "123456789018", "1985-03-07"])
def test_what_could_be_about_someone_is_shown_only_when_many_share_it(text):
    findings = Findings()
    for person in range(SHARED_BY_MANY - 1):
        for _ in range(50):
            findings.note_unknown_code("事由", text, str(person))
    assert findings.unknown_codes == ()
    findings.note_unknown_code("事由", text, "another")
    assert [one.lines for one in findings.unknown_codes] == [50 * (SHARED_BY_MANY - 1) + 1]


def test_a_column_of_anything_does_not_fill_the_memory_or_the_list():
    findings = Findings()
    for number in range(5_000):
        findings.note_unknown_code("事由", f"{number % 1000:03}{'' if number < 1000 else number}", "1")
    assert len(findings.unknown_codes) == 50
    assert len(findings._codes) == 1_000


def test_a_text_too_long_for_a_code_is_never_kept():
    findings = Findings()
    for person in range(SHARED_BY_MANY):
        findings.note_unknown_code("事由", "長" * 21, str(person))
    assert (findings.unknown_codes, findings._codes) == ((), {})
