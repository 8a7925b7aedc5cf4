"""割合 — what lives there are and what goes wrong when offices write them down: every rate in one place.

Rates are shares of those to whom a thing can happen: of twins among deliveries, of variants among names that have one.
Where no source is named the figure is the author's estimate, chosen rather too high than too low; that is why each is
a parameter. The fields that begin with ``register_`` are troubles of the municipal extract, those that begin with
``report_`` troubles of what missions hand in. All others are facts of life.
"""

from typing import Annotated, Final, Self

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Ratio = Annotated[float, Meta(ge=0, le=2)]


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, cache_hash=True):
    """Every rate of a population, from 0 to 1; ``bystanders_…`` are people per 除票, from 0 to 2."""

    # ---------------------------------------------------------------- lives: who goes abroad
    permanent: Share = 0.44  # 永住者 574,727 of 1,293,565 (海外在留邦人数調査統計, October 2023)
    women: Share = 0.54  # of heads and of who is alone (the same statistics)
    alone: Share = 0.58  # households of one
    foreign_spouse: Share = 0.3  # of couples
    children: Share = 0.6  # couples with children
    children_born_abroad: Share = 0.35
    twins: Share = 0.011  # deliveries of twins (人口動態統計: about 1 in 90)
    namesakes: Share = 0.0005  # of who is alone: name, sex and birth date of another person of the population
    naturalised: Share = 0.01  # of who is alone: a name from abroad in the family register
    foreign_given_names: Share = 0.3  # of children with a foreign parent
    birth_date_unknown: Share = 0.0008  # 年月日不詳 and the like in the register (戸籍, above all older people)
    wed_before_leaving: Share = 0.25  # of wives: married while at the last address in Japan
    former_surname_recorded: Share = 0.04  # 旧氏の記載 of who married (住民基本台帳 since 2019-11-05)
    moved_within_municipality: Share = 0.25  # 転居 before leaving
    number_changed: Share = 0.0005  # 番号法7条2項
    record_code_changed: Share = 0.001  # 住民票コード, at the holder's wish
    record_code_uncertain: Share = 0.01  # a check digit that no published text confirms (2 of 11, if it occurs at all)
    # ---------------------------------------------------------------- lives: leaving, living abroad, the end of it
    left_before_retention: Share = 0.3  # before 2014-06-20: 除票 destroyed after five years
    kept_beyond_retention: Share = 0.05  # of these: the municipality has it all the same
    never_filed_removal: Share = 0.1  # no 転出届: still in the 住民基本台帳, no 除票
    struck_off_ex_officio: Share = 0.1  # of these: 職権消除, which is no 国外転出
    never_filed_residence: Share = 0.2  # no 在留届 (no penalty, weakly obeyed)
    follows_later: Share = 0.15  # of families: spouse and children leave months after the head
    moved_within_area: Share = 0.35
    moved_between_areas: Share = 0.12
    married_abroad: Share = 0.12  # of who is alone: another surname, another 本籍
    returned: Share = 0.12  # the whole household
    returned_to_same_municipality: Share = 0.35  # of these
    presumed_departed: Share = 0.05  # unreachable: no report any more (practice since 2014-04-01)
    died: Share = 0.015
    nationality_lost: Share = 0.01
    # ---------------------------------------------------------------- what people tell on the form
    states_number: Share = 0.05  # only for an affair of number or card
    states_record_code: Share = 0.01
    states_passport: Share = 0.9
    states_last_address: Share = 0.7
    states_whole_register_place: Share = 0.6  # else 本籍 as the passport has it: the prefecture
    states_planned_end: Share = 0.7  # of who does not stay for good
    # ---------------------------------------------------------------- bystanders of the extract, per 除票
    bystanders_domestic: Ratio = 0.6  # 国内転出 (far more in life: about 20)
    bystanders_foreign: Ratio = 0.25  # foreign nationals who left
    bystanders_resident: Ratio = 0.1  # 転居, 死亡, home again
    register_nationality_blank: Share = 0.001
    # ---------------------------------------------------------------- troubles of the register
    register_lost: Share = 0.005  # the true 除票 is missing
    register_doubled: Share = 0.002  # a second 宛名番号 (system changes, 再転入)
    register_typed: Share = 0.1  # of names with a variant: the common form instead (高 for 髙)
    register_geta: Share = 0.03  # of names with a variant: 〓 in its place
    register_reference: Share = 0.02  # of names with a variant: &#x9AD9; in its place
    register_kana_missing: Share = 0.05  # フリガナ was no legal item before 2025-05-26
    register_kana_misread: Share = 0.02  # 山崎: やまざき, やまさき
    register_name_joined: Share = 0.01  # no space between surname and given name
    register_name_mistyped: Share = 0.0008
    register_former_surname_dropped: Share = 0.1  # of who has one: lost in a change of systems
    register_birth_mistyped: Share = 0.0008
    register_birth_swapped: Share = 0.0002
    register_birth_corrected: Share = 0.002  # wrong until 職権修正 after the removal
    register_sex_blank: Share = 0.002
    register_sex_wrong: Share = 0.0002
    register_honseki_blank: Share = 0.02
    register_honseki_abolished: Share = 0.05  # of towns that took over others: the name from before
    register_number_blank: Share = 0.01
    register_record_code_blank: Share = 0.15  # may be blank on a 除票 (標準仕様書)
    register_ward_code: Share = 0.5  # of designated cities: the code of a ward, which keeps the ledger (住基法38条)
    register_taken_back: Share = 0.005  # 異動の取消し(減), then 国外転出 again
    register_rewritten: Share = 0.01  # 改製 after the removal
    register_filed_late: Share = 0.05  # more than 14 days after leaving
    register_destination_coarse: Share = 0.5  # 転出先: only the country
    # ---------------------------------------------------------------- troubles of a report as a whole
    report_never_sent: Share = 0.3  # of changes
    report_return_never_sent: Share = 0.45
    report_late: Share = 0.15  # more than 90 days after the event
    report_ahead: Share = 0.25  # before the event, where that is allowed
    report_out_of_order: Share = 0.03  # after the report of something that happened later
    report_doubled: Share = 0.02  # the same paper twice
    report_split: Share = 0.05  # a household files one by one
    report_member_missing: Share = 0.02
    report_day_incomplete: Share = 0.01  # 2019-04-00
    report_subdivision_missing: Share = 0.05
    report_subdivision_misspelt: Share = 0.01
    report_mission_not_competent: Share = 0.001  # handed in elsewhere: refused
    report_address_in_capitals: Share = 0.2
    report_address_reordered: Share = 0.1
    report_address_kana_missing: Share = 0.2
    report_contact_missing: Share = 0.1
    # ---------------------------------------------------------------- troubles of one person in a report
    report_kanji_missing: Share = 0.01
    report_kana_missing: Share = 0.03
    report_latin_missing: Share = 0.03
    report_typed: Share = 0.5  # of names with a variant: the common form
    report_other_form: Share = 0.01  # of surnames with a namesake in sound: 斉藤 for 斎藤
    report_hiragana_used: Share = 0.03
    report_half_width_used: Share = 0.02
    report_other_romaji: Share = 0.1  # of names that it changes: Oh, Ou, 訓令式
    report_capitals: Share = 0.5  # HANAKO, as in the passport
    report_kanji_mistyped: Share = 0.004  # of given names with a namesake in sound: 裕子 for 優子
    report_kana_mistyped: Share = 0.006
    report_latin_mistyped: Share = 0.006
    report_names_swapped: Share = 0.003
    report_name_joined: Share = 0.01
    report_former_surname: Share = 0.02  # of who married: still the surname from before
    report_former_surname_noted: Share = 0.1  # of who married: 旧氏 beside the surname
    report_birth_in_japanese_calendar: Share = 0.15
    report_birth_mistyped: Share = 0.004
    report_birth_swapped: Share = 0.003  # day and month, where both are possible
    report_birth_era_mistaken: Share = 0.002  # a year off in turning 和暦 into 西暦
    report_birth_incomplete: Share = 0.002
    report_retention_missing: Share = 0.1  # of children born abroad: 国籍留保 is left open (国籍法12条)
    report_sex_blank: Share = 0.02
    report_sex_wrong: Share = 0.0005
    report_honseki_missing: Share = 0.05
    report_honseki_other: Share = 0.04  # another 本籍: 転籍, or a mistake
    report_honseki_respelt: Share = 0.3  # 97丁目5番 for 九十七丁目5番地
    report_honseki_abolished: Share = 0.05  # of towns that took over others: the name from before
    report_last_address_other: Share = 0.03  # another municipality
    report_last_address_abolished: Share = 0.05  # of towns that took over others: the name from before
    report_last_address_ward: Share = 0.5  # of designated cities: the code of a ward
    report_number_outdated: Share = 0.3  # of whose number was changed: the one before
    report_record_code_outdated: Share = 0.3  # likewise, 住民票コード
    report_number_of_relative: Share = 0.0005  # of households where a number is given

    def clean(self) -> Self:
        """Return the same lives without any trouble."""
        return msgspec.structs.replace(self, **dict.fromkeys(TROUBLES, 0.0))

    def worse(self, times: float) -> Self:
        """Return the same lives with every trouble ``times`` as frequent, at most always."""
        return msgspec.structs.replace(self, **{name: min(1.0, times * getattr(self, name)) for name in TROUBLES})


TROUBLES: Final = tuple(name for name in Rates.__struct_fields__ if name.startswith(("register_", "report_")))
"""The rates of what goes wrong, as against facts of life."""

DEFAULT_RATES: Final = Rates()
