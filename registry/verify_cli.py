"""``registry verify-receipt``: what a resident can check years later, off line, without believing the registry."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.types import ExistingFile

from registry import published_keys
from registry.command_line import DONE, SOMETHING_WRONG, AsJson, told
from registry.published_keys import WitnessKeys
from registry.transparency import receipt
from registry.transparency.note import KeyKind
from registry.transparency.refusals import LogRefused
from registry.verify_screen import show_record, show_refusal

Receipt = Annotated[ExistingFile, Parameter(help=told("The access record or receipt.", "情報提供等の記録の写し。"))]
LogKeys = Annotated[
    list[str],
    Parameter(
        name="--log-key",
        negative="",
        help=told(
            "The published key (vkey) of the log; again for one that it had before.",
            "ログの公開鍵(vkey)。以前の鍵があれば繰り返す。",
        ),
    ),
]


def verify_receipt(file: Receipt, /, *, log_key: LogKeys, witness_key: WitnessKeys = None, json: AsJson = False) -> int:
    """Check an access record."""
    log_keys = published_keys.read(log_key, KeyKind.LOG)
    witness_keys = published_keys.read(witness_key or (), KeyKind.WITNESS)
    try:
        record = receipt.verify(file.read_bytes(), log_keys, witness_keys)
    except LogRefused as refused:
        show_refusal(refused, json=json)
        return SOMETHING_WRONG
    show_record(record, json=json)
    return DONE
