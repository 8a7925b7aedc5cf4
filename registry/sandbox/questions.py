"""The inquiries of the demo: who asks, for which affair, and what the audience should see in the answer."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec

from registry.domain.disclosure import BodyKind

MISSION: Final = "JP-CG-NEW-YORK"
SECOND_MISSION: Final = "JP-CG-SAO-PAULO"
TOWN: Final = "131016"
SECOND_TOWN: Final = "472018"
THIRD_TOWN: Final = "012025"
PENSION: Final = "pension-office"
TAX: Final = "tax-office"

BODIES: Final[Mapping[str, BodyKind]] = {
    MISSION: BodyKind.MISSION,
    SECOND_MISSION: BodyKind.MISSION,
    TOWN: BodyKind.MUNICIPALITY,
    SECOND_TOWN: BodyKind.MUNICIPALITY,
    THIRD_TOWN: BodyKind.MUNICIPALITY,
    PENSION: BodyKind.PENSION_OFFICE,
    TAX: BodyKind.TAX_OFFICE,
}

_HANAKO: Final = {"by": "individual-number", "individual_number": "991310160110"}
_PENSION_AFFAIR: Final = {"affair": "pension-benefit", "basis": "番号法19条8号", "handled_by": "nenkin-0042"}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One inquiry: the body that asks, what the audience is told, and the message.

    ``clerk`` is the persona on whose behalf the gateway of a mission asks.
    """

    body: str
    title: str
    message: dict[str, Any]
    clerk: str | None = None


def by_number(number: str) -> Question:
    """Return the pension office's question about the holder of a number."""
    search = {"by": "individual-number", "individual_number": number}
    wanted = {"search": search, "fields": ["name", "address_abroad", "status"]}
    return Question(body=PENSION, title="年金: the holder of a number", message=_PENSION_AFFAIR | wanted)


def questions(known_before: datetime) -> tuple[Question, ...]:
    """Return the inquiries; ``known_before`` is a moment before the line was cut."""
    a_day_between = date(2024, 2, 1)
    return (
        Question(
            body=PENSION,
            title="年金: where does the holder of this number live today?",
            message=_PENSION_AFFAIR | {"search": _HANAKO, "fields": ["name", "address_abroad", "status"]},
        ),
        Question(
            body=PENSION,
            title="年金: and where on 2024-02-01?",
            message=_PENSION_AFFAIR | {"search": _HANAKO, "fields": ["address_abroad"], "valid_on": a_day_between},
        ),
        Question(
            body=PENSION,
            title="年金: and what was known of that day before the late report came?",
            message=_PENSION_AFFAIR
            | {
                "search": _HANAKO,
                "fields": ["address_abroad"],
                "valid_on": a_day_between,
                "known_at": known_before,
            },
        ),
        Question(
            body=PENSION,
            title="年金: by name and birth date; joined by 4情報 only, so no number leaves",
            message=_PENSION_AFFAIR
            | {
                "search": {
                    "by": "name-and-birth-date",
                    "name": {"surname": "渡辺", "given": "健一"},
                    "birth_date": "昭和57年11月23日",
                },
                "fields": ["name", "individual_number", "address_abroad"],
            },
        ),
        Question(
            body=TOWN,
            title="千代田区: where is the former resident of this 宛名番号?",
            message={
                "affair": "former-residents",
                "basis": "住基法30条の41",
                "handled_by": "juki-0007",
                "search": {"by": "addressee-number", "addressee_number": "0131000138"},
                "fields": ["name", "address_abroad", "mission", "status"],
            },
        ),
        Question(
            body=MISSION,
            clerk="mission-staff",
            title="在ニューヨーク総領事館: who in our area has this name and birth date?",
            message={
                "affair": "consular-protection",
                "basis": "旅券法16条",
                "handled_by": "ryoji-0003",
                "search": {
                    "by": "name-and-birth-date",
                    "name": {"surname": "吉田", "given": "美咲"},
                    "birth_date": "1990-08-19",
                },
                "fields": ["name", "address_abroad", "contact"],
            },
        ),
        Question(
            body=TAX,
            title="税務署: asks without a legal basis, for an item that it may not have",
            message={
                "affair": "income-tax",
                "basis": "none",
                "handled_by": "zeimu-0001",
                "search": _HANAKO,
                "fields": ["name", "honseki"],
            },
        ),
    )


def history(known_at: datetime | None) -> Question:
    """Return the inquiry for one person's whole history as known at a moment, or now."""
    return Question(
        body=PENSION,
        title="one person's whole history",
        message=_PENSION_AFFAIR
        | {
            "search": _HANAKO,
            "fields": ["address_abroad", "status"],
            "valid_from": date(2015, 10, 5),
            "known_at": known_at,
        },
    )
