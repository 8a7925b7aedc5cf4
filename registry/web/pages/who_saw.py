"""誰が見たか: an entry of the log of disclosures in plain words, for the person whom it is about.

Official names stand as they are, in Japanese. Who handled it at a body is not on the page: that is the body's to say;
the file that the person may fetch has the account.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from registry.contract.grants import GRANT_WORDS
from registry.domain.disclosure import BodyKind, municipality_of
from registry.domain.municipality import VIRTUAL_MUNICIPALITY, MunicipalityCode
from registry.domain.question import J_LIS
from registry.services import access_record
from registry.services.attendance import REFUSED
from registry.services.key_directory import KeyDirectory
from registry.services.resources import Resources, japan_date
from registry.transparency.entry import Disclosure
from registry.web.pages.found import Said
from registry.web.pages.frame import told_time

OPERATIONS: Final[Mapping[str, Said]] = {
    "inquiry": ("照会", "An inquiry"),
    "bulk-inquiry": ("一括照会", "An inquiry about many people"),
    "grants": ("権限の確認", "Asked what it may ask"),
    "submission": ("届書の提出", "Handed in a report"),
    "batch": ("届書の一括提出", "Handed in many reports"),
    "dry-run": ("届書の提出前の確認", "Asked what a report would change"),
    "submission-status": ("提出した届書の状況の確認", "Asked how its report stands"),
    "removed-records": ("除票の提出", "Handed in records of people who moved abroad"),
    "removed-record-question": ("除票の照会先への通知", "Was asked for your record of moving abroad"),
    "removed-record-answer": ("除票の照会への回答", "Answered whether it has your record of moving abroad"),
    "supplementary-question": ("戸籍の附票の照会先への通知", "Was asked about your 戸籍の附票"),
    "supplementary-answer": ("戸籍の附票の照会への回答", "Answered about your 戸籍の附票"),
    "ex-officio": ("職権による記載・訂正", "Entered or corrected something ex officio"),
    "shredding": ("記録の消去", "Made a record unreadable for good"),
    "access-record": ("この開示記録の交付", "Handed out this list of who saw it"),
    "protection": ("支援措置の手続", "Handled a protection measure (支援措置)"),
    "break-glass": ("緊急時の閲覧の手続", "Opened in an emergency what is protected"),
    "proposal": ("二人で決める手続の申出", "Proposed what two people decide"),
    "number-correction": ("個人番号の訂正", "Mended a slip in an Individual Number"),
    "own-application": ("本人の届出", "Reported of themselves"),
    "own-application-dry-run": ("本人の届出前の確認", "Asked what their report would change"),
    "own-application-status": ("本人の届出の状況の確認", "Asked how their report stands"),
    "own-record": ("本人の記録の閲覧", "Read their own record"),
    "holder-parted": ("利用者番号と記録の結び付きの解除", "Took an account apart from your record"),
}
"""What was done, by the operation that the log has (docs/audit-events.md)."""
OF_THE_PERSON: Final = "own-"
"""How operations begin that only a person does, about their own record."""

KINDS: Final[Mapping[BodyKind, Said]] = {
    BodyKind.PENSION_OFFICE: ("年金事務所", "Pension office"),
    BodyKind.HEALTH_INSURER: ("医療保険者", "Health insurer"),
    BodyKind.TAX_OFFICE: ("税務署", "Tax office"),
    BodyKind.MUNICIPALITY: ("市区町村", "Municipality"),
    BodyKind.BOARD_OF_EDUCATION: ("教育委員会", "Board of education"),
    BodyKind.ELECTION_COMMISSION: ("選挙管理委員会", "Election commission"),
    BodyKind.MISSION: ("在外公館", "Mission"),
    BodyKind.IDENTITY_CHECKER: ("本人確認をする機関", "Body that checks identities"),
}
YOU: Final = ("あなた", "You")
ANOTHER_ACCOUNT: Final = ("本人としてサインインした別のアカウント", "Another account that was joined to your record")
THE_REGISTRY: Final = ("在外邦人登録(この登録システム)", "This registry")
THE_AGENCY: Final = ("地方公共団体情報システム機構(J-LIS)", "J-LIS (地方公共団体情報システム機構)")
ITEMS: Final[Mapping[str, Said]] = {
    "resident_record_code": ("住民票コード", "resident record code"),
}
"""Items that no grant speaks of, besides ``GRANT_WORDS``."""


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked, as a page says it; ``in_japanese``: an official name, which has no other.

    ``unlike``: somebody to look at twice, who came in as the person and is not.
    """

    text: str
    in_japanese: bool = False
    is_you: bool = False
    unlike: bool = False


def words_of(entry: Disclosure, account: str, keys: KeyDirectory, resources: Resources, index: int) -> dict[str, Any]:
    """Return an entry as a page shows it to ``account``, ``index`` 0 in Japanese and 1 in English."""
    return {
        "who": who(entry, account, keys, resources, index),
        "contractor": entry.contractor,
        "what": OPERATIONS[entry.operation][index] if entry.operation in OPERATIONS else entry.operation,
        "affair": _affair(entry.affair, keys, index),
        "basis": entry.basis,
        "search": GRANT_WORDS[entry.search][index] if entry.search in GRANT_WORDS else entry.search,
        "items": [_item(one, index) for one in sorted(entry.items)],
        "number_accessed": entry.number_accessed,
        "when": told_time(entry.asked_at),
        "outcome": "refused" if entry.outcome == REFUSED else "nothing" if entry.provided_at is None else "told",
    }


def who(entry: Disclosure, account: str, keys: KeyDirectory, resources: Resources, index: int) -> Who:
    """Return who asked. What a body claims of its officials never makes it the person: they could name any account."""
    handed_out = entry.body == str(VIRTUAL_MUNICIPALITY.code) and entry.operation == access_record.OPERATION
    if account == (entry.handled_by if handed_out else entry.body):
        return Who(text=YOU[index], is_you=True)
    if entry.operation.startswith(OF_THE_PERSON):
        return Who(text=ANOTHER_ACCOUNT[index], unlike=True)
    return _body(entry, keys, resources, index)


def _body(entry: Disclosure, keys: KeyDirectory, resources: Resources, index: int) -> Who:
    """Return a body by its name on the day when it asked; by its code, where nothing more is known of it."""
    if entry.body in _NAMED:
        return Who(text=_NAMED[entry.body][index])
    if (mission := resources.missions.find(entry.body)) is not None:
        return Who(text=mission.name_on(japan_date(entry.asked_at)) or entry.body, in_japanese=True)
    if (municipality := municipality_of(entry.body)) is not None:
        return Who(text=_organ(entry.body, municipality, resources), in_japanese=True)
    registered = keys.registered(entry.key_id)
    if registered is None or registered.body != entry.body:
        return Who(text=entry.body)
    return Who(text=f"{KINDS[registered.body_kind][index]} {entry.body}")


_NAMED: Final[Mapping[str, Said]] = {str(VIRTUAL_MUNICIPALITY.code): THE_REGISTRY, J_LIS: THE_AGENCY}


def _organ(body: str, municipality: str, resources: Resources) -> str:
    """Return the Japanese name of a municipality, under its newest name, with the organ that asked."""
    newest = resources.municipalities.history(MunicipalityCode(municipality))[-1:]
    name = "".join(one.prefecture + one.name for one in newest) or municipality
    organ = body.removeprefix(municipality).removeprefix("-")
    return f"{name} {KINDS[BodyKind(organ)][0]}" if organ else name


def _affair(affair: str, keys: KeyDirectory, index: int) -> str:
    """Return the name that the newest row of grants gives an affair; its code where none does any more."""
    labels = [(one.label, one.label_en or one.label) for one in keys.grants if one.affair == affair]
    return labels[-1][index] if labels else affair


def _item(item: str, index: int) -> str:
    words = GRANT_WORDS.get(item) or ITEMS.get(item)
    return item if words is None else words[index]
