"""What a row of a batch file can say, field by field: where it goes in the report and how the staff's form heads it.

Pointers lead into the report (RFC 6901); ``*`` stands for the person of the row. What does not begin with a person is
an item of the whole household.
"""

from typing import Final, NamedTuple

PERSON: Final = "/people/*"


class Field(NamedTuple):
    """One field: its name, its place in the report ("" is none of its own), its heading and note in the staff's form.

    ``heading`` "" is a field that only exports have.
    """

    name: str
    pointer: str
    heading: str = ""
    note: str = ""

    @property
    def is_of_person(self) -> bool:
        """Whether each person has their own; else it is one for the household."""
        return self.pointer.startswith(PERSON)


_DATE: Final = "2024-04-01, 令和6年4月1日 …"
_NEW: Final = "変更届のみ only in a change"

_ALL: Final = (
    Field("household", "", "世帯番号", "同じ番号の行が一通の届 rows of one number are one report"),
    Field("kind", "/kind", "届出の種類", "在留届・変更届・帰国届・死亡届・国籍喪失届・国籍取得届・連絡不能・取下げ"),
    Field("effective", "/effective", "異動日", f"到着・変更・帰国・死亡…の日 the day of the event: {_DATE}"),
    Field("notified_on", "/notified_on", "届出年月日", "公館の暦で on the mission's calendar"),
    Field("relationship", ""),
    Field("name", f"{PERSON}/name"),
    Field("name_kana", f"{PERSON}/name"),
    Field("name_latin", f"{PERSON}/name"),
    Field("surname", f"{PERSON}/name/surname", "姓", "世帯の最初の行が筆頭者 the first row is the head"),
    Field("given", f"{PERSON}/name/given", "名", "given name"),
    Field("surname_kana", f"{PERSON}/name/surname_kana", "姓カナ", "surname in kana"),
    Field("given_kana", f"{PERSON}/name/given_kana", "名カナ", "given name in kana"),
    Field("surname_latin", f"{PERSON}/name/surname_latin", "姓ローマ字", "surname as in the passport"),
    Field("given_latin", f"{PERSON}/name/given_latin", "名ローマ字", "given name as in the passport"),
    Field("former_surname", f"{PERSON}/name/former_surname", "旧氏", "former surname"),
    Field("birth_date", f"{PERSON}/birth_date", "生年月日", _DATE),
    Field("sex", f"{PERSON}/sex", "性別", "男・女 male, female"),
    Field(
        "nationality",
        f"{PERSON}/nationality",
        "国籍",
        "空欄は日本。外国籍の方は公館に留まる blank: JP; others stay here",
    ),
    Field("honseki", f"{PERSON}/honseki/text", "本籍", "as in the 戸籍"),
    Field("honseki_head", f"{PERSON}/honseki/head", "戸籍筆頭者", "head of the 戸籍"),
    Field("passport_number", f"{PERSON}/passport_number", "旅券番号", "passport"),
    Field(
        "last_municipality", f"{PERSON}/last_address/municipality", "最終住所地コード", "六桁、文字列の書式 six digits"
    ),
    Field("last_address", f"{PERSON}/last_address/text", "最終住所地", "last address in Japan"),
    Field(
        "individual_number", f"{PERSON}/individual_number", "個人番号", "番号の事務のみ only where the affair needs it"
    ),
    Field(
        "number_checked_by", f"{PERSON}/number_check/number_checked_by", "番号確認", "個人番号とともに with the number"
    ),
    Field("identity_checked_by", f"{PERSON}/number_check/identity_checked_by", "身元確認", "個人番号とともに with it"),
    Field(
        "resident_record_code", f"{PERSON}/resident_record_code", "住民票コード", "文字列の書式 eleven digits as text"
    ),
    Field("country", "/address_abroad/country", "国", "US, アメリカ合衆国 … 世帯の項目は最初の行だけでよい"),
    Field("subdivision", "/address_abroad/subdivision", "州・省", "state or province"),
    Field("city", "/address_abroad/city", "都市", "city"),
    Field("address_1", "/address_abroad/lines/0", "住所1", "address, line 1"),
    Field("address_2", "/address_abroad/lines/1", "住所2", "line 2"),
    Field("address_3", "/address_abroad/lines/2", "住所3", "line 3"),
    Field("postcode", "/address_abroad/postcode", "郵便番号", "postcode"),
    Field("address_kana", "/address_abroad/kana", "住所カナ", "国・州・都市の片仮名"),
    Field("telephone", "/contact/telephone", "電話", "(+1) 212-… : +で始めると数式になる a leading + is a formula"),
    Field("mobile", "/contact/mobile", "携帯", "mobile"),
    Field("email", "/contact/email", "メール", "e-mail"),
    Field("emergency", "/contact/emergency", "緊急連絡先", "emergency contact"),
    Field("in_japan", "/contact/in_japan", "日本国内連絡先", "contact in Japan"),
    Field("planned_end", "/planned_end", "終了予定日", "永住は「永住」か空欄 blank if for good"),
    Field("came_from", "/came_from", "前の在外公館", "JP-CG-… 管轄が変わる転居 if from another mission's area"),
    Field("replaces", "/replaces", "訂正する届", "#14 = 受付簿の14番 number 14 of the spool"),
    Field("mission", "/mission", "在外公館", "空欄は自公館 blank: this mission"),
    Field("new_surname", f"{PERSON}/new_name/surname", "新しい姓", _NEW),
    Field("new_given", f"{PERSON}/new_name/given", "新しい名", _NEW),
    Field("new_surname_kana", f"{PERSON}/new_name/surname_kana", "新しい姓カナ", _NEW),
    Field("new_given_kana", f"{PERSON}/new_name/given_kana", "新しい名カナ", _NEW),
    Field("new_surname_latin", f"{PERSON}/new_name/surname_latin", "新しい姓ローマ字", _NEW),
    Field("new_given_latin", f"{PERSON}/new_name/given_latin", "新しい名ローマ字", _NEW),
    Field("new_honseki", f"{PERSON}/new_honseki/text", "新しい本籍", _NEW),
    Field("new_honseki_head", f"{PERSON}/new_honseki/head", "新しい戸籍筆頭者", _NEW),
    Field("name_change", f"{PERSON}/name_change", "氏名変更の事由", f"婚姻・離婚・名の変更・旧氏 … {_NEW}"),
    Field("born_abroad", f"{PERSON}/born_abroad", "国外出生", "はい・いいえ yes, no: a child born to the household"),
    Field("retention_needed", f"{PERSON}/retention/is_needed", "国籍留保", "国外出生のみ: 要・不要 needed, not needed"),
    Field("retention_declared_on", f"{PERSON}/retention/declared_on", "国籍留保の届出日", "出生届の日 with the 出生届"),
    Field(
        "retention_possible_from",
        f"{PERSON}/retention/possible_from",
        "届出が可能となった日",
        "天災等で遅れたとき only where something hindered it",
    ),
    Field(
        "reported_by", "/reported_by", "届出人の資格", "死亡・国籍の届のみ: 配偶者・同居の親族・官公署 … who reports"
    ),
)

FIELDS: Final = {field.name: field for field in _ALL}
"""Every field by its name, in the order of the staff's form."""

WHOLE_NAMES: Final = {
    "name": ("surname", "given"),
    "name_kana": ("surname_kana", "given_kana"),
    "name_latin": ("surname_latin", "given_latin"),
}
"""Fields that hold surname and given name in one cell, the surname first."""

COMPLETE_DATES: Final = frozenset({"notified_on", "retention_declared_on", "retention_possible_from"})
"""Days that an office knows."""

DATES: Final = COMPLETE_DATES | {"effective", "birth_date", "planned_end"}
TELEPHONES: Final = frozenset({"telephone", "mobile", "emergency", "in_japan"})
"""Where a + at the beginning is a country's and no formula's."""

NEVER_WITH_QUESTION_MARK: Final = frozenset(
    name for name, field in FIELDS.items() if "name/" in field.pointer or name in WHOLE_NAMES or "honseki" in name
)
"""Where ?, 〓 or 外字 stands for a character that was lost on the way."""
