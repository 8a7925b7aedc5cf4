"""``registry access-record``: what the log has about one person, as a file for that person that proves itself."""

import os
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from registry.command_line import FAILED, AsJson, print_json, told
from registry.domain.errors import NotFound
from registry.running import run, say, settings, stop
from registry.services.access_record import Request, access_record
from registry.services.receipts import is_id
from registry.settings import Settings
from registry.transparency import receipt
from registry.transparency.receipt import AccessRecord
from registry.transparency.refusals import LogRefused
from registry.vault.sealing import SealBroken
from registry.wiring import resources

PRIVATE: Final = 0o600

PersonId = Annotated[str, Parameter(help=told("The id of the record.", "記録の ID。"))]
HandledBy = Annotated[
    str,
    Parameter(
        help=told(
            "Who hands it out, by a staff number: it stands in the log.", "開示を行う担当者(職員番号)。記録に残る。"
        )
    ),
]
Out = Annotated[Path, Parameter(help=told("The file to write; there must be none yet.", "書き出すファイル(新規)。"))]


def hand_out(person_id: PersonId, /, *, handled_by: HandledBy, out: Out, json: AsJson = False) -> None:
    """Write the access record of a person."""
    if not is_id(person_id):
        stop("a record is named by its id (a UUID)", FAILED)
    if out.exists():
        stop(f"{out} is there already", FAILED)
    record = run(_record(settings(), Request(person_id=person_id, handled_by=handled_by)))
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        file.write(receipt.write(record))
    if json:
        print_json({"entries": len(record.entries), "file": str(out)})
    else:
        say.print(
            f"{len(record.entries)} entries. To check it: registry verify-receipt {out} --log-key …", soft_wrap=True
        )


async def _record(given_settings: Settings, request: Request) -> AccessRecord:
    async with resources(given_settings, pool_size=1) as given:
        try:
            return await access_record(given, request)
        except NotFound:
            raise ValueError("the log has nothing about a record of this id") from None
        except (LogRefused, SealBroken):
            raise ValueError("the log is not in order: see `registry verify-log`") from None
