"""``registry verify-log``: all of a log, in the registry's own database or as it is served to everybody."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter
from cyclopts.types import ExistingFile

from registry import published_keys
from registry.command_line import DONE, FAILED, NOT_UNDERSTOOD, SOMETHING_WRONG, AsJson, told
from registry.published_keys import WitnessKeys
from registry.running import run, say, settings, stop
from registry.services import log_audit
from registry.services.log_audit import Audited, NothingToAudit
from registry.settings import Settings
from registry.store.roles import AUDITOR
from registry.transparency.audit import Audit
from registry.transparency.checkpoint import OpenedCheckpoint, open_checkpoint
from registry.transparency.note import KeyKind, NoteKey
from registry.transparency.refusals import LogRefused
from registry.transparency.tree import TreeHead
from registry.verify_screen import bar, show_audit, show_refusal
from registry.watching import published_log
from registry.watching.published_log import LogAway
from registry.wiring import resources

Url = Annotated[
    str | None,
    Parameter(
        help=told(
            "Where the log is served, as https://registry.example/v1/log; left out: the own database.",
            "ログの所在(例 https://registry.example/v1/log)。省けば自らのデータベース。",
        )
    ),
]
LogKeys = Annotated[
    list[str] | None,
    Parameter(
        name="--log-key",
        negative="",
        help=told(
            "The published key (vkey) of the log at --url; again for one that it had before.",
            "--url のログの公開鍵(vkey)。以前の鍵があれば繰り返す。",
        ),
    ),
]
Remembered = Annotated[
    list[ExistingFile] | None,
    Parameter(
        negative="",
        help=told(
            "A checkpoint of an earlier day, or one that a witness keeps: the log must still agree with it.",
            "過去の、または立会者の持つチェックポイント。ログが今もそれと一致することを確かめる(複数可)。",
        ),
    ),
]


def verify_log(
    *,
    url: Url = None,
    log_key: LogKeys = None,
    witness_key: WitnessKeys = None,
    remembered: Remembered = None,
    json: AsJson = False,
) -> int:
    """Audit all of a log."""
    if url is None and (log_key or witness_key):
        stop("keys are for --url; those of the own log are REGISTRY_LOG_KEY and REGISTRY_WITNESSES", NOT_UNDERSTOOD)
    if url is not None and not log_key:
        stop("--url needs the published key of the log: --log-key", NOT_UNDERSTOOD)
    log_keys = published_keys.read(log_key or (), KeyKind.LOG)
    witness_keys = published_keys.read(witness_key or (), KeyKind.WITNESS)
    try:
        if url is None:
            opened, found = _audit_own(remembered or (), quiet=json)
        else:
            heads = [_head(path, log_keys) for path in remembered or ()]
            opened, found = asyncio.run(_audit_published(url, log_keys, witness_keys, heads, quiet=json))
    except LogRefused as refused:
        show_refusal(refused, json=json)
        return SOMETHING_WRONG
    except LogAway as away:
        stop(str(away), FAILED)
    show_audit(opened, found.findings, json=json)
    return SOMETHING_WRONG if found.findings else DONE


def _audit_own(remembered: Sequence[Path], *, quiet: bool) -> tuple[OpenedCheckpoint, Audit]:
    audited: Audited = run(_in_database(settings(), remembered, quiet=quiet), NothingToAudit)
    if audited.past_keeping and not quiet:
        say.print(f"{audited.past_keeping:,} entries are past their years of keeping: checked in tree and chain only.")
    return audited.opened, audited.found


async def _in_database(given_settings: Settings, remembered: Sequence[Path], *, quiet: bool) -> Audited:
    async with resources(given_settings, role=AUDITOR, pool_size=1) as given, given.work() as work:
        heads = [_head(path, (given.log.key,)) for path in remembered]
        await log_audit.as_of_one_moment(work)
        with bar(quiet=quiet) as progress:
            return await log_audit.audit(given, work, heads, progress)


async def _audit_published(
    url: str, log_keys: Sequence[NoteKey], witness_keys: Sequence[NoteKey], heads: Sequence[TreeHead], *, quiet: bool
) -> tuple[OpenedCheckpoint, Audit]:
    async with httpx.AsyncClient(trust_env=False) as http:
        with bar(quiet=quiet) as progress:
            fetch = published_log.fetching(http, url.rstrip("/"))
            return await published_log.audit(fetch, log_keys, witness_keys, heads, progress)


def _head(path: Path, log_keys: Sequence[NoteKey]) -> TreeHead:
    """Return the head that somebody remembers; only what the log itself signed can be held against it."""
    try:
        return open_checkpoint(path.read_bytes(), log_keys, ()).checkpoint.head
    except LogRefused as refused:
        stop(f"{path} is no checkpoint of this log: {refused}", NOT_UNDERSTOOD)
