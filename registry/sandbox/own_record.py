"""開示: at the end of the story somebody asks who saw their record, and checks the answer without the registry."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import anyio
from sqlalchemy import func, select

from registry.sandbox.asking import Exchange
from registry.sandbox.programs import ProgramFailed
from registry.sandbox.stage import Stage
from registry.services.resources import Resources
from registry.settings import Settings
from registry.store import disclosure_log
from registry.store.log_tables import log_pending
from registry.store.roles import SEQUENCER
from registry.wiring import resources

PATIENCE: Final = 30.0
"""Seconds for the sequencer and the witness; they need about two."""
LOOK_EVERY: Final = 0.1


def shown_and_checked(stage: Stage, asked: Exchange) -> dict[str, Any]:
    """Hand the person ``asked`` about the access record, and let it be checked off line; return what that said."""
    person_id = anyio.run(_person, Settings.read(stage.registry_settings), stage.folder, asked)
    if person_id is None:
        raise ProgramFailed(f"nobody was found: see {stage.folder / 'registry.log'}")
    file = stage.folder / "access-record.json"
    hand_out = ["registry", "access-record", person_id, "--handled-by", "madoguchi-0011", "--out", str(file)]
    stage.programs.run("access-record", hand_out, stage.registry_settings)
    keys = ["--log-key", stage.log_key.text, "--witness-key", stage.witness_key.text]
    checked = stage.programs.run("verify-receipt", ["registry", "verify-receipt", str(file), *keys, "--json"], {})
    found: dict[str, Any] = json.loads(checked)
    return found


async def _person(settings: Settings, folder: Path, asked: Exchange) -> str | None:
    """Return the id of the record that was asked about, once all that was asked is cosigned."""
    async with resources(settings, role=SEQUENCER, pool_size=1) as given:
        try:
            async with asyncio.timeout(PATIENCE):
                while not await _is_cosigned(given):  # noqa: ASYNC110 - other processes do it, and tell nobody
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            raise ProgramFailed(f"the log was not cosigned in time: see {folder / 'witness.log'}") from None
        return given.pseudonyms.person(asked.question.body, asked.answer.person or "") if asked.answer else None


async def _is_cosigned(given: Resources) -> bool:
    """Tell whether no entry waits for its place, and a witness has cosigned the newest head."""
    async with given.work() as work:
        waiting = (await work.run(select(func.count()).select_from(log_pending))).scalar_one()
        head = await disclosure_log.head(work)
    return waiting == 0 and head is not None and head.size == head.cosigned_size
