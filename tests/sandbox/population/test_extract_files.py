"""What is written in each form is read back by the municipality's agent as the same records."""

import io
from collections import Counter

import pytest
from msgspec.structs import replace

from municipality_sync.agent.collect import Rules, collectable
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import Findings
from municipality_sync.agent.layout import read_layout
from registry.code_tables.files import load_municipalities
from registry.domain.errors import Severity
from registry.domain.municipality import MunicipalityCode
from registry.domain.removed_record import Collection, Reason, what_may_leave
from registry.sandbox.population.bystanders import Nationality, in_extracts
from registry.sandbox.population.extract_files import heading, lines_of
from registry.sandbox.population.extract_forms import form_of
from registry.sandbox.population.lives import households
from registry.sandbox.population.places import Where
from registry.sandbox.population.rates import DEFAULT_RATES
from registry.sandbox.population.truth import PRESENT_DAY
from tests.sandbox.population.eventful import troubled

TOWNS = {"cp932, comma": "131016", "utf-8 with mark, tab": "131024", "utf-8, comma": "131032"}
FORMS = [form_of(MunicipalityCode(town)) for town in TOWNS.values()]
RATES = {
    "default": DEFAULT_RATES,
    "everything twenty times": DEFAULT_RATES.worse(20),
    "incomplete dates": troubled(birth_date_unknown=1.0),
    "no troubles": troubled(),
}


def written(town, rates, count=600):
    """Everyone in the extract of a town, and the file."""
    someone = [
        one
        for household in households(8, 0, count, rates, Where(municipalities=(town,)))
        for one in in_extracts(household, rates)
    ]
    form = form_of(MunicipalityCode(town))
    return someone, heading(form) + lines_of(someone, form)


def read(town, data):
    """What the agent would send of a file, and what it found."""
    municipalities, findings = load_municipalities(), Findings()
    layout = read_layout(form_of(MunicipalityCode(town)).layout(MunicipalityCode(town)).encode(), municipalities)
    rules = Rules(municipalities=municipalities, today=PRESENT_DAY)
    return [one.record for one in collectable(Extract(io.BytesIO(data), layout), findings, rules)], findings


@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
@pytest.mark.parametrize("town", TOWNS.values(), ids=TOWNS)
def test_the_agent_reads_the_same_records_back_and_finds_nothing_wrong(town, rates):
    someone, data = written(town, rates)
    collected, findings = read(town, data)
    assert collected == [
        replace(one.record, lines=lines)
        for one in someone
        if one.nationality is Nationality.JAPANESE and (lines := what_may_leave(one.record))
    ]
    assert [fault for fault in findings.faults if fault.severity is Severity.ERROR] == []
    assert findings.held_back == 0
    assert findings.people == len(someone)


def test_who_must_stay_stays_in_the_town_hall():
    someone, data = written("131016", DEFAULT_RATES.worse(20), count=2000)
    _, findings = read("131016", data)
    stays = Counter(one.nationality for one in someone)
    assert findings.stays[Collection.STAYS_FOREIGN_NATIONAL] == stays[Nationality.FOREIGN] > 100
    assert findings.stays[Collection.STAYS_UNDECIDED] == stays[Nationality.BLANK] > 5
    assert findings.stays[Collection.STAYS_NOT_MOVED_ABROAD] > 500


def test_bystanders_and_the_struck_off_show_every_reason_to_stay():
    someone, _ = written("131016", troubled(never_filed_removal=0.5, struck_off_ex_officio=0.5))
    last = {one.record.last.reason for one in someone}
    assert last >= {
        Reason.MOVED_ABROAD,
        Reason.MOVED_WITHIN_JAPAN,
        Reason.MOVED_WITHIN_MUNICIPALITY,
        Reason.DIED,
        Reason.MOVED_IN_FROM_ABROAD,
        Reason.REMOVED_EX_OFFICIO,
    }


@pytest.mark.parametrize("rate", ["bystanders_domestic", "bystanders_foreign", "bystanders_resident"])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 2.0], ids=str)
def test_there_are_as_many_bystanders_as_the_rate_says(rate, ratio):
    none = {"bystanders_domestic": 0.0, "bystanders_foreign": 0.0, "bystanders_resident": 0.0}
    someone, _ = written("131024", troubled(**none | {rate: ratio}, foreign_spouse=0.0, never_filed_removal=0.0))
    own = sum(one.person is not None for one in someone)
    assert (len(someone) - own) / own == pytest.approx(ratio, abs=0 if ratio != 0.5 else 0.06)


def test_nobody_in_an_extract_shares_a_number_with_anybody():
    someone, _ = written("131032", DEFAULT_RATES.worse(10))
    addressees = [one.record.addressee_number for one in someone]
    assert len(addressees) == len(set(addressees))
    strangers = [one.record.last.individual_number for one in someone if one.person is None]
    known = [number for number in strangers if number is not None]
    assert len(known) == len(set(known)) > 100


def test_forms_differ_in_encoding_delimiter_columns_and_codes():
    for of in (
        lambda form: (form.encoding, form.is_marked),
        lambda form: form.columns,
        lambda form: form.reasons[Reason.MOVED_ABROAD],
        lambda form: form.sexes.values(),
        lambda form: form.japanese,
    ):
        assert len({str(of(form)) for form in FORMS}) == 3
    assert {form.delimiter for form in FORMS} == {",", "\t"}
