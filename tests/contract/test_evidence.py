"""Evidence and receipts: what they prove years later, and what they do not let pass."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from hmac import digest
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.contract.evidence import (
    EvidenceHeader,
    EvidenceRefused,
    evidence_hash,
    make_evidence,
    sign_receipt,
    verify_evidence,
    verify_receipt,
)
from registry.contract.keys import Algorithm, SigningKey
from registry.contract.problems import ProblemCode
from registry.domain.errors import InvalidInput

SAO_PAULO = timezone(timedelta(hours=-3))
GATEWAY = SigningKey.generate("gateway", Algorithm.ED25519)
ELDER = SigningKey.generate("elder-gateway", Algorithm.ECDSA_P256)
PUBLIC = {key.key_id: key.verifying for key in (GATEWAY, ELDER)}
FIRST = EvidenceHeader(
    key_id="gateway", taken_at=datetime(2026, 3, 31, 9, 30, tzinfo=SAO_PAULO), sequence=1, previous=None
)
REPORT = '{"kind":"residence","name":"髙﨑"}'.encode()
REPORTS = {
    "a report": REPORT,
    "one of safe characters alone": b"abc-_~",
    "one that is no UTF-8": "髙".encode("cp932"),
    "one with a full stop": b"a.b",
    "one with nothing in it": b"",
    "one of a megabyte": b"x" * (1 << 20),
}


def header(key: SigningKey = GATEWAY, **changes: Any) -> EvidenceHeader:
    return msgspec.structs.replace(FIRST, key_id=key.key_id, **changes)


def refusal(report: bytes, evidence: str) -> ProblemCode:
    with pytest.raises(EvidenceRefused) as refused:
        verify_evidence(report, evidence, PUBLIC.get)
    assert refused.value.__cause__ is None
    return refused.value.code


def receipt_refusal(receipt: str, payload: bytes = REPORT) -> ProblemCode:
    with pytest.raises(EvidenceRefused) as refused:
        verify_receipt(payload, receipt, PUBLIC.get)
    return refused.value.code


def stated(evidence: str) -> dict[str, Any]:
    segment = evidence.partition(".")[0]
    fields: dict[str, Any] = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return fields


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_anyway(report: bytes = REPORT, fields: bytes | None = None, **changes: Any) -> str:
    """Let the owner of the key sign, correctly, a header that is none of ours; None takes a field out."""
    whole = stated(make_evidence(REPORT, GATEWAY, FIRST)) | changes
    content = fields or json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()
    protected = base64url(content)
    return f"{protected}..{base64url(GATEWAY.sign(protected.encode() + b'.' + report))}"


# ---------------------------------------------------------------- evidence
@pytest.mark.parametrize("key", [GATEWAY, ELDER], ids=list(Algorithm))
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_evidence_holds_for_its_report_and_tells_when_it_came(report: bytes, key: SigningKey) -> None:
    told = verify_evidence(report, make_evidence(report, key, header(key)), PUBLIC.get)
    assert told == header(key)
    assert told.taken_at.utcoffset() == timedelta(hours=-3)


def test_evidence_names_the_sign_in_of_who_typed_the_report_by_its_hash() -> None:
    clerk = evidence_hash("a.b.c")
    assert verify_evidence(REPORT, make_evidence(REPORT, GATEWAY, header(clerk=clerk)), PUBLIC.get).clerk == clerk
    with pytest.raises(InvalidInput):
        make_evidence(REPORT, GATEWAY, header(clerk="a.b.c"))


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_evidence_holds_nothing_of_the_report(report: bytes) -> None:
    assert make_evidence(report, GATEWAY, FIRST).split(".")[1] == ""


def test_the_header_stands_in_the_evidence_for_everybody_to_read() -> None:
    assert stated(make_evidence(REPORT, GATEWAY, FIRST)) == {
        "alg": "Ed25519",
        "kid": "gateway",
        "typ": "registry-evidence+jws",
        "taken_at": "2026-03-31T09:30:00-03:00",
        "sequence": 1,
        "previous": None,
        "b64": False,
        "crit": ["b64"],
    }


def test_each_evidence_names_the_one_before_it() -> None:
    first = make_evidence(REPORT, GATEWAY, FIRST)
    second = make_evidence(b"2", GATEWAY, header(sequence=2, previous=evidence_hash(first)))
    assert verify_evidence(b"2", second, PUBLIC.get).previous == evidence_hash(first)
    assert evidence_hash(first) != evidence_hash(make_evidence(b"other", GATEWAY, FIRST))


GENUINE = make_evidence(REPORT, GATEWAY, FIRST)
PROTECTED, _, SIGNATURE = GENUINE.split(".")
_ATTACHED_INPUT = f"{PROTECTED}.harmless"
ATTACHED = f"{_ATTACHED_INPUT}.{base64url(GATEWAY.sign(_ATTACHED_INPUT.encode()))}"
FALSE_EVIDENCE = {
    "another report": (REPORT + b" ", GENUINE),
    "no report": (b"", GENUINE),
    "another gateway's key": (REPORT, make_evidence(REPORT, SigningKey.generate("gateway"), FIRST)),
    "another key's algorithm": (
        REPORT,
        make_evidence(REPORT, SigningKey.generate("gateway", Algorithm.ECDSA_P256), FIRST),
    ),
    "an attached payload": (REPORT, ATTACHED),
    "an attached payload and the report beside it": (REPORT, f"{PROTECTED}.aGFybWxlc3M.{SIGNATURE}"),
    "no signature": (REPORT, f"{PROTECTED}.."),
    "half a signature": (REPORT, f"{PROTECTED}..{SIGNATURE[:40]}"),
    "another header": (REPORT, signed_anyway(sequence=2, previous="A" * 43).split("..")[0] + ".." + SIGNATURE),
    "four parts": (REPORT, GENUINE + ".x"),
    "one part": (REPORT, PROTECTED),
    "nothing": (REPORT, ""),
    "no ASCII": (REPORT, "é..é"),
    "padding": (REPORT, f"{PROTECTED}=..{SIGNATURE}"),
    "signed: algorithm none": (REPORT, signed_anyway(alg="none")),
    "signed: the algorithm's old name": (REPORT, signed_anyway(alg="EdDSA")),
    "signed: an algorithm of shared secrets": (REPORT, signed_anyway(alg="HS256")),
    "signed: the type of a receipt": (REPORT, signed_anyway(typ="registry-receipt+jws")),
    "signed: no type": (REPORT, signed_anyway(typ=...)),
    "signed: the report as base64": (REPORT, signed_anyway(b64=True)),
    "signed: the report in a form not stated": (REPORT, signed_anyway(b64=...)),
    "signed: b64 not critical": (REPORT, signed_anyway(crit=[])),
    "signed: something else critical": (REPORT, signed_anyway(crit=["b64", "exp"], exp=1)),
    "signed: a time without offset": (REPORT, signed_anyway(taken_at="2026-03-31T09:30:00")),
    "signed: number 0": (REPORT, signed_anyway(sequence=0)),
    "signed: number 2 without the one before": (REPORT, signed_anyway(sequence=2)),
    "signed: number 1 with one before": (REPORT, signed_anyway(previous="A" * 43)),
    "signed: no number": (REPORT, signed_anyway(sequence=...)),
    "signed: an unknown field": (REPORT, signed_anyway(jku="https://example")),
    "signed: a field twice": (
        REPORT,
        signed_anyway(fields=b'{"kid":"x",' + json.dumps(stated(GENUINE)).encode()[1:]),
    ),
    "signed: no JSON": (REPORT, signed_anyway(fields=b"{")),
}


@pytest.mark.parametrize(("report", "evidence"), FALSE_EVIDENCE.values(), ids=FALSE_EVIDENCE)
def test_evidence_that_proves_nothing_is_refused(report: bytes, evidence: str) -> None:
    assert refusal(report, evidence) == ProblemCode.EVIDENCE_INVALID


def test_evidence_by_an_unknown_key_is_told_apart() -> None:
    stranger = SigningKey.generate("stranger")
    assert refusal(REPORT, make_evidence(REPORT, stranger, header(stranger))) == ProblemCode.KEY_UNKNOWN


def test_a_public_key_is_no_shared_secret() -> None:
    protected = base64url(json.dumps(stated(GENUINE) | {"alg": "HS256"}).encode())
    forged = digest(PUBLIC["gateway"].to_pem(), protected.encode() + b"." + REPORT, "sha256")
    assert refusal(REPORT, f"{protected}..{base64url(forged)}") == ProblemCode.EVIDENCE_INVALID


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
@example("..")
@example("e30..")
@example("\ud800..")
def test_garbage_is_refused_and_nothing_else_happens(evidence: str) -> None:
    assert refusal(REPORT, evidence) == ProblemCode.EVIDENCE_INVALID
    assert receipt_refusal(evidence) == ProblemCode.EVIDENCE_INVALID


UNMADE = {
    "a time without offset": (header(taken_at=datetime(2026, 3, 31, tzinfo=UTC).replace(tzinfo=None)), InvalidInput),
    "number 0": (header(sequence=0, previous="A" * 43), InvalidInput),
    "a hash that is none": (header(sequence=2, previous="x"), InvalidInput),
    "number 2 without the one before": (header(sequence=2), ValueError),
    "another key's name": (header(ELDER), ValueError),
}


@pytest.mark.parametrize(("false", "error"), UNMADE.values(), ids=UNMADE)
def test_evidence_that_nobody_could_verify_is_not_made(false: EvidenceHeader, error: type[Exception]) -> None:
    with pytest.raises(error):
        make_evidence(REPORT, GATEWAY, false)


# ---------------------------------------------------------------- receipts
@pytest.mark.parametrize("key", [GATEWAY, ELDER], ids=list(Algorithm))
def test_a_receipt_proves_what_was_acknowledged_and_holds_nothing_of_it(key: SigningKey) -> None:
    receipt = sign_receipt(REPORT, key)
    verify_receipt(REPORT, receipt, PUBLIC.get)
    assert receipt.split(".")[1] == ""
    assert receipt_refusal(receipt, REPORT + b" ") == ProblemCode.EVIDENCE_INVALID


RECEIPT = sign_receipt(REPORT, GATEWAY)
FALSE_RECEIPTS = {
    "an attached payload": (".".join([RECEIPT.split(".")[0], "e30", RECEIPT.split(".")[2]]), "evidence-invalid"),
    "another signer of that name": (sign_receipt(REPORT, SigningKey.generate("gateway")), "evidence-invalid"),
    "an unknown signer": (sign_receipt(REPORT, SigningKey.generate("stranger")), "key-unknown"),
    "evidence": (GENUINE, "evidence-invalid"),
    "cut off": (RECEIPT[:-9], "evidence-invalid"),
}


@pytest.mark.parametrize(("receipt", "code"), FALSE_RECEIPTS.values(), ids=FALSE_RECEIPTS)
def test_a_receipt_that_proves_nothing_is_refused(receipt: str, code: str) -> None:
    assert receipt_refusal(receipt) == code


def test_a_receipt_is_no_evidence() -> None:
    assert refusal(REPORT, RECEIPT) == ProblemCode.EVIDENCE_INVALID
