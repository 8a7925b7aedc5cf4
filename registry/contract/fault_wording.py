"""What every fault says to people: what is wrong at one place and how to mend it, in English and in Japanese.

The keys are the codes of ``registry.domain.errors`` as they stand on the wire, in the same order; see ``wording``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from registry.contract.wording import Wording

_SHAPE = {
    "missing": Wording(
        "A required item is missing",
        "必須項目がありません",
        "Add the item at the place named.",
        "示された箇所に項目を加えてください。",
    ),
    "unknown-field": Wording(
        "The message has no such item",
        "定義されていない項目があります",
        "Remove the item, or correct the spelling of its name.",
        "その項目を除くか、項目名を正してください。",
    ),
    "wrong-type": Wording(
        "The value is of the wrong kind",
        "値の型が違います",
        "Send a value of the kind that is expected.",
        "求められている型の値を送ってください。",
    ),
    "out-of-range": Wording(
        "The value is not among those allowed",
        "値が許される範囲にありません",
        "Choose one of the values allowed.",
        "許される値の中から選んでください。",
    ),
    "forbidden-character": Wording(
        "The text holds a character that cannot be stored",
        "使用できない文字が含まれています",
        "Remove control characters and broken code points; letters of any script are welcome.",
        "制御文字や壊れた符号を除いてください。文字の種類に制限はありません。",
    ),
    "too-long": Wording(
        "The value is too long",
        "長すぎます",
        "Shorten it to the length allowed.",
        "許される長さに収めてください。",
    ),
    "empty": Wording(
        "The value is empty",
        "空の値です",
        "Fill it in, or leave the whole item out where it is optional.",
        "値を入れるか、任意の項目であれば項目ごと省いてください。",
    ),
    "not-allowed-here": Wording(
        "This is not allowed together with the rest",
        "この組合せは認められません",
        "Leave it out, or change what it does not go together with.",
        "省くか、両立しない項目を直してください。",
    ),
    "duplicate": Wording(
        "The same thing is stated twice",
        "重複しています",
        "State it once.",
        "一つだけにしてください。",
    ),
}

_DATES = {
    "date-unreadable": Wording(
        "The date cannot be read",
        "日付を読み取れません",
        "Write it in one of the accepted forms, Western or Japanese calendar.",
        "西暦または和暦の、受け付けられる書式で書いてください。",
    ),
    "date-impossible": Wording(
        "There is no such day",
        "存在しない日付です",
        "Check month and day; if a part is unknown, leave that part open.",
        "月と日を確かめ、不明な部分は不詳としてください。",
    ),
    "date-outside-era": Wording(
        "The day lies outside the era named",
        "元号の期間外の日付です",
        "Use the era that was in force on that day.",
        "その日に用いられていた元号で書いてください。",
    ),
    "date-after-notification": Wording(
        "The event is later than its notification",
        "異動日が届出年月日より後です",
        "Check both dates: a report tells what has already happened.",
        "両方の日付を確かめてください。届出は既に生じた事実についてのものです。",
    ),
    "date-before-birth": Wording(
        "The date is earlier than the birth",
        "出生年月日より前の日付です",
        "Check the date and the birth date.",
        "その日付と出生年月日を確かめてください。",
    ),
    "date-in-the-future": Wording(
        "The date lies in the future",
        "未来の日付です",
        "Report it once it has happened.",
        "その日が来てから届け出てください。",
    ),
    "date-required-complete": Wording(
        "The date must be complete",
        "年月日がそろった日付が必要です",
        "Give year, month and day.",
        "年・月・日をすべて記入してください。",
    ),
    "period-reversed": Wording(
        "The period ends before it begins",
        "期間の終わりが始まりより前です",
        "Check both ends of the period.",
        "期間の始まりと終わりを確かめてください。",
    ),
    "stay-too-short": Wording(
        "The stay is shorter than three months",
        "滞在期間が三か月に満たないものです",
        "A residence report is due for stays of three months or more (Passport Act, art. 16).",
        "在留届は三か月以上の滞在について提出するものです(旅券法16条)。",
    ),
}

_NUMBERS_AND_CODES = {
    "number-malformed": Wording(
        "The number does not have the required form",
        "番号の形式が正しくありません",
        "Copy the number again, digits only.",
        "番号を数字のみで、写し直してください。",
    ),
    "check-digit": Wording(
        "The check digit is wrong",
        "検査数字が合いません",
        "Compare the number with the document it was copied from.",
        "写し取った書類と番号を照らし合わせてください。",
    ),
    "check-digit-uncertain": Wording(
        "The check digit could not be confirmed",
        "検査数字を確認しきれません",
        "Compare the number with the document; it was taken as it is.",
        "書類と照らし合わせてください。番号はそのまま受け付けました。",
    ),
    "code-unknown": Wording(
        "No such code has ever existed",
        "存在したことのないコードです",
        "Look the code up in the table of codes.",
        "コード表で確かめてください。",
    ),
    "code-not-valid-on-date": Wording(
        "The code was not in force on that day",
        "その日には有効でないコードです",
        "Use the code that was in force on that day.",
        "その日に有効であったコードを使ってください。",
    ),
    "mission-unknown": Wording(
        "No such mission is known",
        "在外公館が見当たりません",
        "Use the code of the mission from the table.",
        "在外公館表のコードを使ってください。",
    ),
    "mission-closed": Wording(
        "The mission was not open on that day",
        "その日には開設されていない在外公館です",
        "Name the mission that was in charge on that day.",
        "その日に管轄していた在外公館を示してください。",
    ),
    "mission-not-competent": Wording(
        "The place lies outside the mission's area",
        "在外公館の管轄区域外の住所です",
        "Send the report through the mission in charge of the place.",
        "住所を管轄する在外公館を通じて提出してください。",
    ),
    "competence-uncertain": Wording(
        "The mission in charge could not be determined",
        "管轄する在外公館を確定できません",
        "Nothing to do: a clerk will look at it. Naming the state or province helps.",
        "担当者が確認します。州・省などを示すと早く済みます。",
    ),
}

_REPORTS = {
    "name-missing": Wording(
        "The person has no name",
        "氏名がありません",
        "Give the name in at least one script.",
        "少なくとも一つの表記で氏名を記入してください。",
    ),
    "head-must-be-japanese": Wording(
        "The person at the head of the report must be Japanese",
        "筆頭者は日本国籍者でなければなりません",
        "Put a Japanese national at the head; foreign family members are listed as living together.",
        "日本国籍の方を筆頭者とし、外国籍の家族は同居家族としてください。",
    ),
    "number-without-purpose": Wording(
        "An Individual Number came without the affair that allows it",
        "個人番号を用いる事務が示されていません",
        "Name the affair and how number, identity and agency were checked, or leave the number out.",
        "事務と番号確認・身元確認・代理権の確認を示すか、番号を省いてください。",
    ),
    "replaces-unknown-movement": Wording(
        "What is to be corrected is not on record",
        "訂正・取消しの対象が見当たりません",
        "Name a movement of this record.",
        "この記録にある異動を示してください。",
    ),
    "replaces-itself": Wording(
        "A movement cannot replace itself",
        "異動が自らを訂正・取り消しています",
        "Name the earlier movement.",
        "先の異動を示してください。",
    ),
    "reported-late": Wording(
        "The report came late",
        "届出が遅れています",
        "Nothing to do: it takes its place in the record by the day of the event.",
        "異動の日に従って記録されます。手続は要りません。",
    ),
    "reporter-not-entitled": Wording(
        "Who reports may not report this",
        "届出人の資格がありません",
        "Name the capacity in which the event is reported, out of those that the law lists.",
        "法令の定める届出人の資格を記載してください。",
    ),
    "signer-not-subject": Wording(
        "Who signs is not the person whom this is about",
        "署名した方と届出の本人が一致しません",
        "Sign with the card of the person named, and write the name as the certificate has it.",
        "届出の本人のカードで署名し、氏名は電子証明書のとおりに記入してください。",
    ),
    "own-record-unclear": Wording(
        "The registry does not find one record that is the signer's own",
        "署名した方の記録を一つに特定できません",
        "Check the registered domicile (honseki), file a residence report first, or ask the mission.",
        "戸籍のとおりの本籍を確かめてください。在留届がまだの方は先に在留届を提出し、それでも解決しないときは在外公館へご相談ください。",
    ),
    "retention-too-late": Wording(
        "The nationality was retained too late",
        "国籍留保の届出期間を過ぎています",
        "Check the days; a child that lost the nationality is not registered (Nationality Act, art. 12).",
        "日付を確かめてください。日本国籍を失った子は登録できません(国籍法12条)。",
    ),
    "retention-uncertain": Wording(
        "It is open whether the nationality was retained",
        "国籍留保の有無が明らかではありません",
        "State the day on which it was retained with the notification of birth, or that no retention is needed.",
        "国籍留保を伴う出生届の日、又は留保が不要であることを記載してください。",
    ),
    "not-collectable": Wording(
        "The registry may not collect this",
        "収集できない記録です",
        "Keep it at the municipality: only Japanese nationals who moved abroad are collected.",
        "市区町村に留めてください。収集できるのは国外に転出した日本国籍者の記録に限られます。",
    ),
}

_INQUIRIES = {
    "search-not-allowed": Wording(
        "This affair may not search in this way",
        "この事務では認められない検索方法です",
        "Search by a key that the affair allows.",
        "事務に認められた検索キーを使ってください。",
    ),
    "field-not-allowed": Wording(
        "This affair may not receive the item",
        "この事務には提供できない項目です",
        "Ask only for items that the affair allows.",
        "事務に認められた項目だけを求めてください。",
    ),
    "legal-basis-missing": Wording(
        "The legal basis is missing",
        "法的根拠が示されていません",
        "Name the article that allows the inquiry.",
        "照会を認める条文を示してください。",
    ),
    "no-grant": Wording(
        "There is no grant for this body and affair",
        "この機関・事務への権限がありません",
        "See the list of grants for what may be asked, and until when.",
        "権限の一覧で、照会できる事項と期間を確かめてください。",
    ),
    "not-known-yet": Wording(
        "The registry has not come to that moment yet",
        "その時点の記録はまだ確定していません",
        "Ask again in a few seconds, or about an earlier moment.",
        "数秒後に改めて照会するか、より前の時点を指定してください。",
    ),
}

FAULT_WORDING: Mapping[str, Wording] = MappingProxyType(_SHAPE | _DATES | _NUMBERS_AND_CODES | _REPORTS | _INQUIRIES)
