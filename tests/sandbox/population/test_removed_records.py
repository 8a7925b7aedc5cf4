import pytest
from msgspec.structs import replace

from registry.code_tables.files import load_municipalities
from registry.domain import removed_record
from registry.domain.basic_four import Sex
from registry.domain.removed_record import Collection, Reason, may_be_collected
from registry.sandbox.population.extract_forms import form_of
from registry.sandbox.population.rates import DEFAULT_RATES
from registry.sandbox.population.removed_records import recordings_of, removed_record_of, why_no_record
from registry.sandbox.population.truth import NUMBERS_FROM, PRESENT_DAY, NoRecord
from tests.sandbox.population.eventful import EVENTFUL, eventful, troubled

PEOPLE = [person for household in eventful() for person in household.people]
CLEAN = [(person, record) for person in PEOPLE if (record := removed_record_of(person, EVENTFUL)) is not None]


def test_a_clean_record_passes_every_check_without_a_warning():
    municipalities = load_municipalities()
    for _, record in CLEAN:
        faults = removed_record.check(record, municipalities, PRESENT_DAY)
        assert (faults.errors, faults.warnings) == ((), ())


def test_a_record_with_troubles_is_doubtful_at_most_and_never_refused():
    municipalities = load_municipalities()
    for person in PEOPLE:
        for record, _ in recordings_of(person, DEFAULT_RATES.worse(5)):
            assert removed_record.check(record, municipalities, PRESENT_DAY).errors == ()


def test_a_clean_record_may_be_collected_unless_its_holder_came_home_to_the_same_town():
    for person, record in CLEAN:
        collection = may_be_collected(is_japanese=True, moved_abroad=record.removal is not None)
        assert (collection is Collection.COLLECT) is not person.is_back_home
        assert person.is_back_home == (record.last.reason is Reason.MOVED_IN_FROM_ABROAD)


def test_a_record_says_what_is_true_of_the_person():
    for person, record in CLEAN:
        last, text = record.lines[-1], form_of(record.municipality)
        assert record.municipality == person.home.town.code
        assert (last.birth_date, last.sex) == (person.birth_in_register, person.sex)
        assert last.name.given_kana == text.kana(person.given)
        assert last.individual_number == person.individual_number
        assert last.resident_record_code == person.resident_record_code
        assert any(line.reason is Reason.MOVED_ABROAD and line.effective.day == person.left for line in record.lines)


def test_nobody_has_a_number_on_a_line_from_before_numbers_began():
    lines = [line for _, record in CLEAN for line in record.lines]
    assert {line.individual_number for line in lines if line.effective.latest < NUMBERS_FROM} == {None}
    assert any(line.individual_number for line in lines)


def test_a_history_shows_the_name_from_before_a_wedding_at_home():
    wed = [(person, record) for person, record in CLEAN if person.wed_on is not None]
    assert wed
    for person, record in wed:
        form = form_of(record.municipality)
        readings = [line.name.surname_kana for line in record.lines]
        assert readings[0] == form.kana(person.maiden)
        assert readings[-1] == form.kana(person.surname)


def test_every_reason_of_a_life_occurs():
    reasons = {line.reason for _, record in CLEAN for line in record.lines}
    assert reasons >= {
        Reason.MOVED_IN_FROM_JAPAN,
        Reason.MOVED_IN_FROM_ABROAD,
        Reason.BORN,
        Reason.NUMBER_ENTERED_EX_OFFICIO,
        Reason.MOVED_WITHIN_MUNICIPALITY,
        Reason.FORMER_SURNAME_ENTERED,
        Reason.CORRECTED_EX_OFFICIO,
    }


@pytest.mark.parametrize("why", [NoRecord.BORN_ABROAD, NoRecord.NEVER_FILED, NoRecord.DESTROYED], ids=str)
def test_there_is_no_record_for_a_reason(why):
    without = [person for person in PEOPLE if person.no_record is why]
    assert without
    assert {removed_record_of(person, EVENTFUL) for person in without} == {None}
    assert {why_no_record(person, EVENTFUL) for person in without} == {why}


def test_a_lost_record_is_missing_and_says_so():
    lost = troubled(register_lost=1.0)
    assert {removed_record_of(person, lost) for person in PEOPLE} == {None}
    assert NoRecord.LOST in {why_no_record(person, lost) for person in PEOPLE}


def test_a_doubled_record_has_two_numbers_of_the_municipality():
    for person, _ in CLEAN:
        records = [one.record for one in recordings_of(person, troubled(register_doubled=1.0))]
        assert len({record.addressee_number for record in records}) == 2
        assert len({record.lines for record in records}) == 1


def test_the_same_person_and_rates_give_the_same_record():
    for person in PEOPLE[:200]:
        assert removed_record_of(person) == removed_record_of(person)


# ---------------------------------------------------------------- what single troubles do
def changed(trouble):
    """Everyone whose record a trouble changes where it always happens: before, after."""
    rates = troubled(**{f"register_{trouble}": 1.0})
    pairs = [(record, removed_record_of(person, rates)) for person, record in CLEAN]
    return [(before, after) for before, after in pairs if before != after]


def names_of(record):
    return {line.name for line in record.lines}


def test_a_geta_or_a_reference_stands_for_a_variant_only():
    for trouble, sign in (("geta", "〓"), ("reference", "&#x")):
        pairs = changed(trouble)
        assert 10 < len(pairs) < len(CLEAN) / 2
        signed = [any(sign in name.surname + name.given for name in names_of(after)) for _, after in pairs]
        assert sum(signed) > 0.9 * len(pairs)  # 四谷 for 四ツ谷 has no single character to stand for


def test_a_taken_back_removal_stands_in_the_end():
    for before, after in changed("taken_back"):
        assert [line.reason for line in after.lines].count(Reason.REMOVAL_UNDONE_DECREASE) == 1
        assert len(after.lines) == len(before.lines) + 2
        if before.removal is not None:
            assert after.removal == replace(before.removal, history_number=after.removal.history_number)


def test_a_corrected_birth_date_is_right_in_the_end_and_wrong_before():
    for before, after in changed("birth_corrected"):
        assert after.lines[-1].birth_date == before.lines[-1].birth_date
        assert after.lines[0].birth_date != before.lines[0].birth_date


def test_numbers_of_lines_go_up_one_by_one_whatever_is_put_in():
    rates = troubled(register_taken_back=1.0, register_rewritten=1.0, register_birth_corrected=1.0)
    for person, _ in CLEAN:
        lines = removed_record_of(person, rates).lines
        assert [line.history_number for line in lines] == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(
    ("trouble", "sees"),
    [
        ("kana_missing", lambda line: not line.name.surname_kana),
        ("name_joined", lambda line: not line.name.given),
        ("sex_blank", lambda line: line.sex is Sex.UNKNOWN),
        ("honseki_blank", lambda line: line.honseki is None),
        ("number_blank", lambda line: line.individual_number is None),
        ("record_code_blank", lambda line: line.resident_record_code is None),
    ],
)
def test_what_is_left_out_is_left_out_of_every_line(trouble, sees):
    pairs = changed(trouble)
    assert pairs
    assert all(sees(line) for _, after in pairs for line in after.lines)
