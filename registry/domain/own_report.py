"""本人の電子届出 — what somebody may report of themselves, signed with their card, and whose record they may change.

A 在留届 or 変更届 of one person, who is the one that signs (公的個人認証法3条・17条; 旅券法16条). What others vouch for
stays with them: numbers, names and 本籍 come from ledgers, births by the 戸籍の届出; and what a report said wrongly a
later one says anew.

**Whose record.** A certificate states name, date of birth and sex, and abroad no address: that may be two people's.
With the 本籍 that the signer states besides, all four items must be those of one record and no other. From then on the
account knows its record, and a card only has to be the same person's.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from registry.domain.basic_four import Difference, Sex, compare_birth_dates, compare_names, compare_sexes
from registry.domain.certified_identity import CertifiedIdentity, compare
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput, NotPermitted
from registry.domain.reconciliation import Identity, Link, LinkMethod
from registry.domain.residence_report import ReportedPerson, ReportKind, ResidenceReport

KINDS: Final = frozenset({ReportKind.RESIDENCE, ReportKind.CHANGE})
"""What somebody reports by themselves. That they have returned or died others see as well, and first."""
NOT_THEIRS: Final = (
    "individual_number",
    "number_check",
    "resident_record_code",
    "new_name",
    "new_honseki",
    "name_change",
    "retention",
)
"""What of a person others vouch for."""
_A_DAY: Final = timedelta(days=1)


def check(report: ResidenceReport, today: date, faults: Faults) -> None:
    """Check that a report is one that its own person may sign ``today`` (the later one of Japan's and the mission's).

    It bears the day of signing, or on the other side of the date line the day before. Adds ``not-allowed-here``,
    ``missing`` and ``out-of-range``; form and law of the report itself are ``residence_report``'s.
    """
    if report.kind not in KINDS:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/kind", "在留届 (residence) or 変更届 (change)")
    if not today - _A_DAY <= report.notified_on <= today:
        faults.add(FaultCode.OUT_OF_RANGE, "/notified_on", "the day on which it is signed")
    for field in ("replaces", "reported_by"):
        if getattr(report, field) is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/{field}", "a report of one's own that says how it is now")
    if len(report.people) > 1:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/people", "the person who signs, and nobody else")
    _check_person(report.people[0], faults)


def _check_person(person: ReportedPerson, faults: Faults) -> None:
    for field in NOT_THEIRS:
        if getattr(person, field) is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/people/0/{field}", "through a mission or a municipality")
    if person.born_abroad:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/people/0/born_abroad", "through a mission or a municipality")
    if person.sex is Sex.UNKNOWN:
        faults.add(FaultCode.MISSING, "/people/0/sex", "the sex, as the certificate states it")


def demand_signer(certified: CertifiedIdentity, person: ReportedPerson) -> None:
    """Demand that who signs is whom the report is about: name, date of birth and sex leave nothing open.

    Raises NotPermitted.
    """
    found = compare(
        certified, name=person.name, birth_date=person.birth_date, sex=person.sex, last_address=person.last_address
    )
    if not found.is_same_person:
        raise _not_the_signer()


def demand_own(identity: Identity, known: Iterable[Identity]) -> None:
    """Demand that the record to which an account is joined is still that of the person who reports.

    ``known`` are the identities that the record has had: in one of them name and date of birth are theirs, and no other
    sex. Raises NotPermitted.
    """
    if not any(_is_same(identity, one) for one in known):
        raise _not_the_signer()


def _is_same(one: Identity, other: Identity) -> bool:
    if one.name is None or other.name is None or one.birth_date is None or other.birth_date is None:
        return False
    if one.sex is not None and other.sex is not None and compare_sexes(one.sex, other.sex) is Difference.DIFFERENT:
        return False
    same_birth = compare_birth_dates(one.birth_date, other.birth_date) is Difference.SAME
    return same_birth and compare_names(one.name, other.name) in {Difference.SAME, Difference.VARIANT}


def _not_the_signer() -> NotPermitted:
    expected = "the person who signs: name, date of birth and sex as the certificate states them"
    return NotPermitted(Fault(code=FaultCode.SIGNER_NOT_SUBJECT, pointer="/people/0", expected=expected))


def joined(found: Link, report: ResidenceReport) -> Link:
    """Return the link of a signer to the record that was ``found`` by all four items; CONFIRMED, for the card says so.

    A 在留届 opens a record where there is none. Raises InvalidInput where more than one fits, and for a 変更届 of
    somebody who is in no record.
    """
    if found.method is LinkMethod.EXACT_BASIC_FOUR and found.person_id is not None:
        return Link(method=LinkMethod.JPKI, person_id=found.person_id)
    if found.rivals or report.kind is not ReportKind.RESIDENCE:
        expected = "one record of this person: name, date of birth, sex and 本籍 as it has them"
        raise InvalidInput(Fault(code=FaultCode.OWN_RECORD_UNCLEAR, pointer="/people/0", expected=expected))
    return found


def demand_honseki(person: ReportedPerson) -> None:
    """Demand what tells two people of one name and day apart, where the account knows no record yet.

    Raises InvalidInput.
    """
    if person.honseki is None or not person.honseki.key:
        expected = "the 本籍, which a certificate does not state"
        raise InvalidInput(Fault(code=FaultCode.MISSING, pointer="/people/0/honseki", expected=expected))
