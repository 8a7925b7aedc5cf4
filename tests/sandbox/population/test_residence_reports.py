import pytest

from registry.code_tables.files import load_missions
from registry.contract.decoding import decode, encode
from registry.domain import residence_report
from registry.domain.basic_four import Difference, Sex, compare_names
from registry.domain.errors import FaultCode
from registry.domain.report_movements import movements
from registry.domain.residence_report import ReportKind, ResidenceReport
from registry.sandbox.population.rates import DEFAULT_RATES
from registry.sandbox.population.residence_reports import filings_of, reports_of
from registry.sandbox.population.truth import PRESENT_DAY, Ending
from tests.sandbox.population.eventful import EVENTFUL, eventful, troubled

CLEAN = [filing for household in eventful() for filing in filings_of(household, EVENTFUL)]
PEOPLE = {person.index: person for household in eventful() for person in household.people}


def with_trouble(**rates):
    return [filing for household in eventful() for filing in filings_of(household, troubled(**rates))]


def test_a_clean_report_passes_every_check_without_a_warning():
    missions = load_missions()
    for filing in CLEAN:
        faults = residence_report.check(filing.report, missions, PRESENT_DAY)
        assert (faults.errors, faults.warnings) == ((), ())


def test_a_report_with_troubles_is_refused_only_where_the_mission_is_not_competent():
    missions = load_missions()
    codes = set()
    for household in eventful():
        for report in reports_of(household, DEFAULT_RATES.worse(5)):
            codes |= {fault.code for fault in residence_report.check(report, missions, PRESENT_DAY).errors}
    assert codes <= {FaultCode.MISSION_NOT_COMPETENT}


def test_a_report_travels_as_a_mission_writes_it():
    for household in eventful():
        for report in reports_of(household, DEFAULT_RATES.worse(3)):
            assert decode(encode(report), ResidenceReport) == report


def test_every_person_of_a_report_is_known_in_truth():
    for household in eventful():
        for filing in filings_of(household, DEFAULT_RATES.worse(3)):
            assert len(filing.people) == len(filing.report.people)
            assert set(filing.people) <= {person.index for person in household.people}


def test_a_clean_report_says_what_is_true():
    for filing in CLEAN:
        for told, index in zip(filing.report.people, filing.people, strict=True):
            person = PEOPLE[index]
            assert (told.birth_date.day, told.sex) == (person.birth, person.sex)
            assert told.individual_number in {None, person.individual_number}
            assert told.name.given == person.given.kanji


def test_every_report_makes_movements():
    for filing in CLEAN:
        for place in range(len(filing.people)):
            assert movements(filing.report, place, "s-1")


def test_all_kinds_of_events_are_reported():
    kinds = [filing.report.kind for filing in CLEAN]
    assert {*kinds} == {ReportKind.RESIDENCE, ReportKind.CHANGE, ReportKind.RETURN}
    told = [one for filing in CLEAN for one in filing.report.people]
    assert any(one.born_abroad for one in told)
    assert any(one.new_name and one.new_honseki for one in told)
    assert any(filing.report.came_from for filing in CLEAN)


def test_who_never_reports_has_no_report_and_everybody_else_has_one_of_the_arrival():
    for household in eventful():
        kinds = [report.kind for report in reports_of(household, EVENTFUL)]
        assert (ReportKind.RESIDENCE in kinds) is household.ever_reports
        assert bool(kinds) is household.ever_reports


def test_a_return_is_reported_for_who_returned_and_nobody_else():
    returned = {index for filing in CLEAN if filing.report.kind is ReportKind.RETURN for index in filing.people}
    assert returned == {
        person.index
        for household in eventful()
        if household.ever_reports
        for person in household.people
        if person.ending is Ending.RETURNED
    }


def test_reports_come_in_the_order_in_which_they_were_handed_in():
    for household in eventful():
        days = [report.notified_on for report in reports_of(household, DEFAULT_RATES)]
        assert days == sorted(days)


def test_the_same_household_and_rates_give_the_same_reports():
    for household in eventful()[:100]:
        assert reports_of(household) == reports_of(household)


# ---------------------------------------------------------------- what single troubles do
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("late", FaultCode.REPORTED_LATE),
        ("subdivision_missing", FaultCode.COMPETENCE_UNCERTAIN),
        ("mission_not_competent", FaultCode.MISSION_NOT_COMPETENT),
    ],
)
def test_the_registry_sees_a_trouble_that_it_has_a_word_for(trouble, code):
    missions = load_missions()
    seen = 0
    for filing in with_trouble(**{f"report_{trouble}": 1.0}):
        faults = residence_report.check(filing.report, missions, PRESENT_DAY)
        seen += code in {fault.code for fault in (*faults.errors, *faults.warnings)}
    assert seen > 100


def test_reports_out_of_order_tell_of_a_later_day_first():
    def turned(filings):
        days = {}
        for filing in filings:
            days.setdefault(PEOPLE[filing.people[0]].household, []).append(filing.report.effective.earliest)
        return sum(each != sorted(each) for each in days.values())

    assert turned(with_trouble(report_out_of_order=1.0)) > turned(CLEAN) + 20


def test_reports_never_sent_leave_only_the_arrival():
    filings = with_trouble(report_never_sent=1.0, report_return_never_sent=1.0)
    assert len(filings) == sum(household.ever_reports for household in eventful())


def test_a_doubled_report_comes_twice_byte_by_byte():
    filings = with_trouble(report_doubled=1.0)
    assert len(filings) == 2 * len(CLEAN)
    assert len({encode(filing.report) for filing in filings}) == len({encode(filing.report) for filing in CLEAN})


def test_a_household_may_file_one_by_one():
    assert {len(filing.people) for filing in with_trouble(report_split=1.0)} == {1}


def test_a_member_left_out_is_never_the_head_of_the_report():
    missing = with_trouble(report_member_missing=1.0)
    assert [filing.people[0] for filing in missing] == [filing.people[0] for filing in CLEAN]
    assert sum(len(filing.people) for filing in missing) < sum(len(filing.people) for filing in CLEAN)


@pytest.mark.parametrize(
    "trouble", ["typed", "capitals", "hiragana_used", "half_width_used", "name_joined", "birth_in_japanese_calendar"]
)
def test_another_way_of_writing_is_the_same_name_and_date_to_the_registry(trouble):
    after = with_trouble(**{f"report_{trouble}": 1.0})
    pairs = [
        (one, other)
        for before, filing in zip(CLEAN, after, strict=True)
        for one, other in zip(before.report.people, filing.report.people, strict=True)
    ]
    same = {Difference.SAME, Difference.VARIANT}
    alike = sum(compare_names(one.name, other.name) in same for one, other in pairs)
    assert alike / len(pairs) > 0.98  # 之 for ノ and the like are other names to the shrink maps
    assert all(one.birth_date == other.birth_date for one, other in pairs)


def test_a_habit_comes_back_in_every_report_of_a_person():
    habits = {}
    for filing in with_trouble(report_capitals=0.5):
        for told, index in zip(filing.report.people, filing.people, strict=True):
            habits.setdefault(index, set()).add(told.name.surname_latin.isupper())
    assert {len(seen) for seen in habits.values()} == {1}
    assert {True} in habits.values()
    assert {False} in habits.values()


def test_the_wrong_number_is_that_of_a_relative():
    wrong = 0
    for filing in with_trouble(report_number_of_relative=1.0):
        for told, index in zip(filing.report.people, filing.people, strict=True):
            if told.individual_number != PEOPLE[index].individual_number and told.individual_number is not None:
                wrong += 1
                relatives = [one for one in PEOPLE.values() if one.household == PEOPLE[index].household]
                assert told.individual_number in {one.individual_number for one in relatives}
    assert wrong > 50


def test_a_blank_sex_is_unknown():
    told = [one for filing in with_trouble(report_sex_blank=1.0) for one in filing.report.people]
    assert {one.sex for one in told} == {Sex.UNKNOWN}
