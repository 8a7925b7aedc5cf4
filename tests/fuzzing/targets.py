"""The readers that meet what others wrote, and what must hold of each whatever the bytes are.

A target takes bytes and returns, or raises what no reader may raise. It catches the refusals that its reader documents
and nothing else. What was accepted is written and read again, and must be the same.
"""

import io
from datetime import date
from functools import lru_cache

import msgspec

from embassy_gateway.batch.form import OWN_FORM, form_of
from embassy_gateway.batch.map_file import Map, read_map
from embassy_gateway.batch.taking_in import Batch
from embassy_gateway.intake import Rules as IntakeRules
from embassy_gateway.intake import examine
from municipality_sync.agent.collect import Rules as AgentRules
from municipality_sync.agent.collect import collectable
from municipality_sync.agent.date_habits import read_date
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import ExtractUnreadable, Findings
from municipality_sync.agent.layout import Layout, read_layout
from municipality_sync.agent.origin import Origin
from registry.code_tables.files import load_countries, load_missions, load_municipalities
from registry.contract.decoding import MAX_FAULTS, decode, encode
from registry.contract.evidence import EvidenceRefused, make_evidence, verify_evidence, verify_receipt
from registry.contract.messages import Delivery
from registry.contract.mismatches import fitted
from registry.contract.signing import (
    AnswerParts,
    RequestParts,
    SignatureRefused,
    sign_answer,
    verify_answer,
    verify_request,
)
from registry.contract.values import to_json
from registry.domain import removal_movements, removed_record, residence_report
from registry.domain.date_reading import in_japanese_calendar
from registry.domain.date_reading import read as read_any_date
from registry.domain.errors import InvalidInput
from registry.domain.numbers import AddresseeNumber, IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import RemovedRecord
from registry.domain.residence_report import ResidenceReport
from tests.fuzzing.letters import (
    ANSWER,
    EVIDENCE,
    GENUINE,
    KEYS,
    NOW,
    PUBLIC,
    REPORT,
    base64url,
    from_base64url,
)
from tests.municipality_sync.agent.extracts import TOML

SYSTEM = f'{TOML}\n[eras]\n3 = "昭和"\n4 = "平成"\n'.encode()

BETWEEN = b"\n%%%%\n"
"""Stands in an input between a map file and the file that it explains."""

TODAY = date(2026, 11, 23)
MUNICIPALITIES = load_municipalities()
MISSIONS = load_missions()
RULES = AgentRules(municipalities=MUNICIPALITIES, today=TODAY)
INTAKE = IntakeRules(
    mission="JP-CG-NEW-YORK", missions=MISSIONS, countries=load_countries(), sent_as=lambda number: f"intake-{number}"
)
MESSAGES = (ResidenceReport, RemovedRecord, Delivery)

layout_of = lru_cache(maxsize=64)(lambda toml: read_layout(toml, MUNICIPALITIES))
form_by = lru_cache(maxsize=64)(lambda toml: form_of(read_map(toml)) if toml else OWN_FORM)


def check_same_again(message):
    """What was read is written and read again: nothing is lost, gained or understood in two ways."""
    body = encode(message)
    again = decode(body, type(message))
    assert again == message
    assert encode(again) == body


def extract(data):
    """A layout, and the 除票 extract that it explains."""
    toml, _, file = data.partition(BETWEEN)
    findings = Findings()
    try:
        like = layout_of(toml)
        found = list(collectable(Extract(io.BytesIO(file), like, Origin(like, today=TODAY)), findings, RULES))
    except (InvalidInput, ExtractUnreadable):
        return
    assert len(found) == findings.to_send <= findings.people
    assert findings.people <= findings.lines
    for one in found:
        assert one.size == len(encode(one.record))
        check_same_again(one.record)


class Intake:
    """The mission's intake without its spool: what is only checked goes nowhere."""

    rules = INTAKE

    def examine(self, text):
        found = list(examine(text, self.rules, TODAY))
        for _, examined in found:
            if examined.body is not None and not examined.faults:
                report = decode(examined.body, ResidenceReport)
                assert encode(report) == examined.body
        return found


def batch(data):
    """A map (none: the staff's own form), and the batch file that it explains."""
    toml, _, file = data.partition(BETWEEN)
    try:
        form = form_by(toml)
    except InvalidInput:
        return
    outcome = Batch(Intake(), form, check_only=True).take_in(io.BytesIO(file))
    assert outcome.unreadable or outcome.good + outcome.faulty == outcome.households <= outcome.rows


def messages(data):
    """The first byte chooses the message, the others are its body."""
    type_ = MESSAGES[data[0] % len(MESSAGES)] if data else ResidenceReport
    try:
        message = decode(data[1:], type_)
    except InvalidInput as refused:
        if len(refused.faults) > MAX_FAULTS:
            raise AssertionError("a flood of faults") from refused
        return
    check_same_again(message)
    if isinstance(message, ResidenceReport):
        residence_report.check(message, MISSIONS, TODAY)
    for record in message.records if isinstance(message, Delivery) else ():
        removed_record.check(record, MUNICIPALITIES, TODAY)
        removal_movements.movements(record, "submission-1")


def values(data):
    """One text as a date in everybody's ways and in those of a system, and as each number."""
    text = data.decode(errors="surrogateescape")
    check_date(text, read_any_date)
    check_date(text, lambda written: read_date(written, layout_of(SYSTEM)))
    for number in (IndividualNumber, ResidentRecordCode, AddresseeNumber):
        try:
            digits = number.parse(text).reveal()
        except InvalidInput:
            continue
        assert digits.isascii()
        assert number.parse(digits).reveal() == digits


def check_date(text, reader):
    try:
        value = reader(text)
    except InvalidInput:
        return
    assert value.earliest <= value.latest
    assert read_any_date(value.text) == value
    if value.day is not None:
        assert read_any_date(value.iso()).day == read_any_date(in_japanese_calendar(value.day)).day == value.day


def signatures(data):
    """A request (method and URL in the first line) or an answer (status), headers, a blank line, the body."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    headers = tuple((name, value) for name, _, value in (line.partition(":") for line in lines))
    try:
        if first.isascii() and first.isdigit() and len(first) < len("1000"):
            answer = AnswerParts(status=int(first), headers=headers, body=body)
            found = verify_answer(answer, ANSWER.request, PUBLIC.get)
            assert (answer.status, answer.body, found.key_id) == ANSWER.signed
            return
        method, _, url = first.partition(" ")
        request = RequestParts(method=method, url=url, headers=headers, body=body)
        verified = verify_request(request, PUBLIC.get, NOW)
        assert (method, url, body, verified.key_id, verified.nonce) in GENUINE
        sign_answer(ANSWER.parts, request, KEYS["registry"], NOW)
    except SignatureRefused:
        return


def evidence(data):
    """A letter, and then: F the header of an evidence, to be signed; E an evidence as text; R a receipt as text."""
    kind, rest = data[:1], data[1:]
    text = rest.decode("latin-1")
    if kind == b"F":
        protected = base64url(rest)
        text = f"{protected}..{base64url(KEYS['gateway'].sign(protected.encode() + b'.' + REPORT))}"
    try:
        if kind == b"R":
            verify_receipt(REPORT, text, PUBLIC.get)
            assert text == EVIDENCE.receipt
            return
        header = verify_evidence(REPORT, text, PUBLIC.get)
    except EvidenceRefused:
        return
    assert kind == b"F" or text == EVIDENCE.evidence, "one evidence has one spelling, or the chain of hashes breaks"
    assert from_base64url(text.rpartition(".")[2])
    assert verify_evidence(REPORT, make_evidence(REPORT, KEYS["gateway"], header), PUBLIC.get) == header


def maps(data):
    """The first byte chooses between a municipality's layout and the map of an export; the rest is TOML."""
    is_layout = data[:1] == b"L"
    try:
        found = layout_of(data[1:]) if is_layout else read_map(data[1:])
    except InvalidInput:
        return
    again = fitted(msgspec.to_builtins(found, enc_hook=to_json), Layout if is_layout else Map)
    assert again == found


TARGETS = {target.__name__: target for target in (extract, batch, messages, values, signatures, evidence, maps)}
