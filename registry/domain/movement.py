"""異動 — every kind of fact that can change a record, from whom it comes and on which day it takes effect.

A movement is what a source says happened: a kind (closed list), an effective date that may be incomplete, what is
stated about the person, who says so and when it was notified (届出年月日). Movements are only ever added. A mistake is
mended by a further movement that *replaces* the wrong one (訂正) or takes it back (取消し).

The kinds follow the 異動事由 of 住民記録システム標準仕様書 1.2.2 where a municipality speaks, and 旅券法 16 条 with its
施行規則 12 条 where a mission does. One table, :data:`RULES`, says all that the rest of the registry knows of a kind.
"""

from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.basic_four import AddressAbroad, AddressInJapan, Confidential, Honseki, Line, PersonName, Sex
from registry.domain.dates import IncompleteDate
from registry.domain.errors import FaultCode, Faults
from registry.domain.numbers import IndividualNumber, NumberReason, ResidentRecordCode


class MovementKind(StrEnum):
    """異動の種類. The order here is the rank of kinds that take effect on the same day."""

    BORN_ABROAD = "born-abroad"
    ENTERED_EX_OFFICIO = "entered-ex-officio"
    MOVED_ABROAD = "moved-abroad"
    NATIONALITY_REGAINED = "nationality-regained"
    RESIDENCE_REPORTED = "residence-reported"
    NAME_CHANGED = "name-changed"
    HONSEKI_CHANGED = "honseki-changed"
    INDIVIDUAL_NUMBER_RECORDED = "individual-number-recorded"
    RESIDENT_RECORD_CODE_RECORDED = "resident-record-code-recorded"
    ADDRESS_CHANGED = "address-changed"
    MOVED_BETWEEN_AREAS = "moved-between-areas"
    CONTACT_CHANGED = "contact-changed"
    RESIDENCE_CONFIRMED = "residence-confirmed"
    UNREACHABLE = "unreachable"
    CORRECTED_EX_OFFICIO = "corrected-ex-officio"
    PRESUMED_DEPARTED = "presumed-departed"
    RETURNED = "returned"
    NATIONALITY_LOST = "nationality-lost"
    DIED = "died"
    DOUBLE_REGISTRATION_RESOLVED = "double-registration-resolved"
    REMOVED_EX_OFFICIO = "removed-ex-officio"
    ANNULLED = "annulled"


class SourceKind(StrEnum):
    """Who stands behind a movement."""

    MISSION = "mission"
    MUNICIPALITY = "municipality"
    RESIDENT = "resident"
    J_LIS = "j-lis"
    EX_OFFICIO = "ex-officio"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The body behind a movement: its kind and its code (mission code, municipality code, "" for one of a kind)."""

    kind: SourceKind
    code: str = ""


class Contact(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """連絡先: how to reach the person abroad, in an emergency, and in Japan. As given; "" where not given."""

    telephone: Line = ""
    mobile: Line = ""
    email: Line = ""
    emergency: Line = ""
    in_japan: Line = ""


class Statement(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a source says about a person. None where it says nothing; nothing said changes nothing."""

    name: PersonName | None = None
    birth_date: IncompleteDate | None = None
    sex: Sex | None = None
    address_abroad: AddressAbroad | None = None
    last_address: AddressInJapan | None = None
    honseki: Honseki | None = None
    individual_number: IndividualNumber | None = None
    number_reason: NumberReason | None = None
    resident_record_code: ResidentRecordCode | None = None
    mission: str | None = None
    contact: Contact | None = None
    passport_number: str | None = None
    planned_end: IncompleteDate | None = None
    past_names: tuple[PersonName, ...] | None = None

    @property
    def stated(self) -> frozenset[str]:
        """The names of the fields that the source speaks about."""
        return frozenset(field for field in self.__struct_fields__ if getattr(self, field) is not None)


FIELDS: Final = Statement.__struct_fields__
"""The names of all fields that a record can hold, in one fixed order."""

IDENTITY: Final = frozenset(
    {"name", "birth_date", "sex", "last_address", "honseki", "individual_number", "resident_record_code"}
)
"""Fields on which two sources can contradict each other; the others simply change with life."""

RESIDENCE: Final = frozenset({"address_abroad", "mission", "contact", "passport_number", "planned_end"})
"""Fields that a stay abroad brings and changes."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry knows of one kind of movement.

    ``changes``: fields whose value this kind makes anew; any other field it states is only asserted and can
    contradict. ``requires``: fields without which it says nothing. ``may_be_planned``: the effective date may lie
    after the notification (転出予定, 到着予定). ``article``: where the law or practice speaks of it.
    """

    label: str
    article: str
    changes: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    may_be_planned: bool = False


RULES: Final[dict[MovementKind, Rule]] = {
    MovementKind.BORN_ABROAD: Rule(
        label="国外出生",
        article="戸籍法104条（日本国籍の留保）",
        changes=RESIDENCE,
        requires=frozenset({"name", "birth_date"}),
        may_be_planned=True,  # a child born elsewhere abroad arrives with its household
    ),
    MovementKind.ENTERED_EX_OFFICIO: Rule(
        label="職権記載", article="住基法8条", changes=IDENTITY | RESIDENCE, requires=frozenset({"name"})
    ),
    MovementKind.MOVED_ABROAD: Rule(
        label="国外転出",
        article="住基法24条",
        changes=frozenset({"last_address"}),
        requires=frozenset({"name"}),  # a 除票 has the last address by its form; 附票本人確認情報 have none
        may_be_planned=True,
    ),
    MovementKind.NATIONALITY_REGAINED: Rule(label="国籍の再取得", article="国籍法17条、戸籍法102条"),
    MovementKind.RESIDENCE_REPORTED: Rule(
        label="在留届",
        article="旅券法16条",
        changes=RESIDENCE,
        requires=frozenset({"name", "address_abroad", "mission"}),
        may_be_planned=True,
    ),
    MovementKind.NAME_CHANGED: Rule(
        label="氏名変更",
        article="旅券法施行規則12条（変更届）、戸籍法107条",
        changes=frozenset({"name"}),
        requires=frozenset({"name"}),
    ),
    MovementKind.HONSEKI_CHANGED: Rule(
        label="本籍変更",
        article="戸籍法108条（転籍）",
        changes=frozenset({"honseki"}),
        requires=frozenset({"honseki"}),
    ),
    MovementKind.INDIVIDUAL_NUMBER_RECORDED: Rule(
        label="個人番号の記載・変更",
        article="番号法7条2項、施行令3条・4条",
        changes=frozenset({"individual_number", "number_reason"}),
        requires=frozenset({"individual_number", "number_reason"}),
    ),
    MovementKind.RESIDENT_RECORD_CODE_RECORDED: Rule(
        label="住民票コードの記載・変更",
        article="住基法30条の3・30条の4",
        changes=frozenset({"resident_record_code"}),
        requires=frozenset({"resident_record_code"}),
    ),
    MovementKind.ADDRESS_CHANGED: Rule(
        label="変更届（住所）",
        article="旅券法施行規則12条",
        changes=RESIDENCE,
        requires=frozenset({"address_abroad"}),
    ),
    MovementKind.MOVED_BETWEEN_AREAS: Rule(
        label="管轄区域の移動（転出届・在留届）",
        article="旅券法施行規則12条",
        changes=RESIDENCE,
        requires=frozenset({"address_abroad", "mission"}),
        may_be_planned=True,
    ),
    MovementKind.CONTACT_CHANGED: Rule(
        label="変更届（連絡先・旅券）",
        article="旅券法施行規則12条",
        changes=frozenset({"contact", "passport_number", "planned_end"}),
    ),
    MovementKind.RESIDENCE_CONFIRMED: Rule(label="在留の確認", article="旅券法16条（運用）"),
    MovementKind.UNREACHABLE: Rule(label="連絡不能", article="在留届の運用（2014-04-01から）"),
    MovementKind.CORRECTED_EX_OFFICIO: Rule(
        label="職権修正", article="住基法8条、標準仕様書1.2.2", changes=IDENTITY | RESIDENCE
    ),
    MovementKind.PRESUMED_DEPARTED: Rule(label="転出扱い", article="在留届の運用（2014-04-01から）"),
    MovementKind.RETURNED: Rule(label="帰国・転入", article="旅券法施行規則12条、住基法22条", may_be_planned=True),
    MovementKind.NATIONALITY_LOST: Rule(label="国籍喪失", article="国籍法11条〜13条、戸籍法103条"),
    MovementKind.DIED: Rule(label="死亡", article="戸籍法86条・40条"),
    MovementKind.DOUBLE_REGISTRATION_RESOLVED: Rule(label="二重登録の解消", article="住基法8条"),
    MovementKind.REMOVED_EX_OFFICIO: Rule(label="職権消除", article="住基法8条"),
    # What is taken back may be a plan: the trip that was dropped.
    MovementKind.ANNULLED: Rule(label="異動の取消し", article="標準仕様書1.2.2", may_be_planned=True),
}

RANK: Final = {kind: rank for rank, kind in enumerate(MovementKind)}
"""Which of two kinds comes first when both take effect on the same days: entries, changes, then ends."""


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """異動: one fact as one source stated it.

    ``movement_id`` and ``submission_id`` are opaque texts that sort the same everywhere. ``notified_on`` is the
    届出年月日 in the legal date of Japan. ``replaces`` names the movement that this one corrects or annuls.
    ``same_person_as`` is the record that stays where this movement lets one fall away (二重登録の解消), and only there.
    """

    movement_id: str
    submission_id: str
    kind: MovementKind
    effective: IncompleteDate
    notified_on: date
    source: Source
    statement: Statement = Statement()
    replaces: str | None = None
    same_person_as: str | None = None

    @property
    def rule(self) -> Rule:
        """The line of the table for this kind."""
        return RULES[self.kind]

    @property
    def earliest(self) -> date:
        """The first day on which it can have taken effect."""
        return self.effective.earliest

    @property
    def latest(self) -> date:
        """The last day on which it can have taken effect.

        What is reported as happened cannot be later than its 届出年月日, so an incomplete date is cut there.
        """
        if self.rule.may_be_planned and self.earliest > self.notified_on:
            return self.effective.latest
        return max(self.earliest, min(self.effective.latest, self.notified_on))

    @property
    def order(self) -> tuple[date, date, int, date, str, str]:
        """The total order of movements, free of when they arrived."""
        return (
            self.latest,
            self.earliest,
            RANK[self.kind],
            self.notified_on,
            self.submission_id,
            self.movement_id,
        )


def check(movement: Movement, known: frozenset[str], faults: Faults) -> None:
    """Check a movement by the line of its kind; ``known`` are the ids of the movements that the record has.

    Adds ``missing``, ``date-after-notification``, ``date-before-birth``, ``replaces-itself`` and
    ``replaces-unknown-movement`` to ``faults``; pointers are those of a movement.
    """
    for field in sorted(movement.rule.requires - movement.statement.stated):
        faults.add(FaultCode.MISSING, f"/statement/{field}", f"{movement.rule.label} states this")
    if movement.effective.earliest > movement.notified_on and not movement.rule.may_be_planned:
        faults.add(FaultCode.DATE_AFTER_NOTIFICATION, "/effective", "a day up to the day of notification")
    birth = movement.statement.birth_date
    if birth is not None and movement.latest < birth.earliest:
        faults.add(FaultCode.DATE_BEFORE_BIRTH, "/effective", "a day from the date of birth on")
    if movement.replaces == movement.movement_id:
        faults.add(FaultCode.REPLACES_ITSELF, "/replaces", "the id of an earlier movement")
    elif movement.replaces is not None and movement.replaces not in known:
        faults.add(FaultCode.REPLACES_UNKNOWN_MOVEMENT, "/replaces", "the id of a movement of this record")
    if movement.kind is MovementKind.ANNULLED and movement.replaces is None:
        faults.add(FaultCode.MISSING, "/replaces", "the id of the movement that is annulled")
    if (movement.kind is MovementKind.DOUBLE_REGISTRATION_RESOLVED) is (movement.same_person_as is None):
        faults.add(FaultCode.MISSING, "/same_person_as", "the record that stays, where one falls away; else none")
