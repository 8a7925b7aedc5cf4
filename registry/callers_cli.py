"""``registry callers``: whose signatures the registry believes, and who may ask only narrowly."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from registry.command_line import FAILED, AsJson, print_json, told
from registry.contract.keys import VerifyingKey
from registry.domain.disclosure import BodyKind, check_body
from registry.domain.errors import Faults
from registry.domain.trawling import Tally
from registry.running import run, say, settings, stop
from registry.services.resources import japan_date
from registry.settings import Settings
from registry.store import callers, trawling
from registry.store.callers import RegisteredKey
from registry.store.trawling import Narrowing
from registry.wiring import resources

Body = Annotated[
    str,
    Parameter(
        help=told(
            "The code of the mission or agency; of an organ of a municipality, 131016 or 131016-board-of-education.",
            "在外公館・機関のコード。市区町村の執行機関は 131016、131016-board-of-education など。",
        )
    ),
]
Kind = Annotated[BodyKind, Parameter(help=told("What kind of body it is.", "機関の種類。"))]
KeyId = Annotated[str, Parameter(help=told("What its signatures will name it by.", "署名が名乗る鍵 ID。"))]
PublicKey = Annotated[Path, Parameter(help=told("The public key, a PEM file.", "公開鍵の PEM ファイル。"))]

Reason = Annotated[
    str,
    Parameter(
        help=told(
            "What was found out, for the record; without names or numbers of people.",
            "確認した内容(記録に残る。個人の氏名や番号は書かない)。",
        )
    ),
]


class ShownCaller(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A body that may call: its kind and keys, what it asked today, how often it was narrowed and why it is so now."""

    body: str
    kind: BodyKind
    keys: tuple[str, ...]
    today: Tally
    narrowed: Narrowing | None = None
    lifted: tuple[Narrowing, ...] = ()


def register(key_id: KeyId, public_key: PublicKey, *, body: Body, kind: Kind) -> None:
    """Register a public key for a body."""
    run(_register(settings(), key_id, public_key.read_bytes(), body, kind))
    say.print(f"{key_id} now speaks for {body}.")


async def _register(given_settings: Settings, key_id: str, pem: bytes, body: str, kind: BodyKind) -> None:
    VerifyingKey.from_pem(key_id, pem)
    faults = Faults()
    check_body(body, kind, faults)
    if faults.errors:
        raise ValueError(f"{body} is no {kind}; expected: {faults.errors[0].expected}")
    row = RegisteredKey(key_id=key_id, body=body, body_kind=kind, public_key=pem, valid_from=datetime.now(UTC))
    async with resources(given_settings, role=None, pool_size=1) as given, given.work() as work:
        await callers.register_key(work, msgspec.structs.replace(row, valid_from=given.clock()))
        await work.commit()


def list_callers(*, json: AsJson = False) -> None:
    """Print who may call, and how."""
    shown: list[ShownCaller] = run(_shown(settings()))
    if json:
        print_json({"callers": shown})
        return
    table = Table("body", "kind", "keys", "asked today", "missed", "ambiguous", "narrowed since", "because of")
    for one in shown:
        missed = one.today.missed_by_number + one.today.missed_by_name
        since = "" if one.narrowed is None else f"{one.narrowed.narrowed_at:%Y-%m-%d %H:%M} UTC"
        why = "" if one.narrowed is None else ", ".join(one.narrowed.suspicions)
        keys = ", ".join(one.keys)
        counts = (f"{count:,}" for count in (one.today.asked, missed, one.today.ambiguous))
        table.add_row(*map(escape, (one.body, one.kind, keys, *counts, since, why)))
    Console(highlight=False, soft_wrap=True).print(table)


def lift(body: Body, *, reason: Reason, json: AsJson = False) -> None:
    """Let a narrowed body ask freely again."""
    if not reason.strip():
        stop("say what was found out: --reason", FAILED)
    if not run(_lift(settings(), body, reason.strip())):
        stop(f"{body} is not narrowed.", FAILED)
    if json:
        print_json({"lifted": body})
    else:
        say.print(f"{body} may ask freely again; its counts begin anew. Running registries follow within seconds.")


async def _shown(given_settings: Settings) -> list[ShownCaller]:
    async with resources(given_settings, pool_size=1) as given, given.work() as work:
        registered = await callers.registered_keys(work)
        today = await trawling.tallies_of(work, japan_date(given.clock()))
        narrowings = await trawling.narrowings(work, only_open=False)
    kinds = {key.body: key.body_kind for key in registered}
    return [
        ShownCaller(
            body=body,
            kind=kind,
            keys=tuple(sorted(key.key_id for key in registered if key.body == body)),
            today=today.get(body, Tally()),
            narrowed=next((one for one in narrowings if one.body == body and one.lifted_at is None), None),
            lifted=tuple(one for one in narrowings if one.body == body and one.lifted_at is not None),
        )
        for body, kind in sorted(kinds.items())
    ]


async def _lift(given_settings: Settings, body: str, reason: str) -> bool:
    async with resources(given_settings, role=None, pool_size=1) as owner, owner.work() as work:
        is_lifted = await trawling.lift(work, body, owner.clock(), reason)
        await work.commit()
    return is_lifted
