"""``registry callers``: whose signatures the registry believes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from registry.command_line import told
from registry.contract.keys import VerifyingKey
from registry.domain.disclosure import BodyKind, check_body
from registry.domain.errors import Faults
from registry.running import run, say, settings
from registry.settings import Settings
from registry.store import callers
from registry.store.callers import RegisteredKey
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
    async with resources(given_settings, pool_size=1) as given, given.work() as work:
        await callers.register_key(work, msgspec.structs.replace(row, valid_from=given.clock()))
        await work.commit()
