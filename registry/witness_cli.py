"""``registry witness``: the process that cosigns the heads of logs, at somebody else's than the log's."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated, Final

import uvicorn
from cyclopts import Parameter
from cyclopts.types import ExistingDirectory

from registry import published_keys
from registry.command_line import FAILED, NOT_UNDERSTOOD, told
from registry.contract.keys import SigningKey
from registry.telling import say, stop
from registry.transparency.note import KeyKind, NoteKey, of_signing_key
from registry.transparency.refusals import LogRefused
from registry.watching.memories import Memories, MemoryRefused
from registry.watching.witness import Cosigner, make_app

KEY_ID: Final = "witness"
PRIVATE_KEY: Final = "witness.pem"
PUBLIC_KEY: Final = "witness.vkey"
MEMORIES: Final = "remembered.json"
PRIVATE: Final = 0o600

NewFolder = Annotated[
    Path,
    Parameter(
        help=told(
            "The folder to make: the witness's key and what it remembers.", "作成するフォルダー(鍵と記憶を置く)。"
        )
    ),
]
Folder = Annotated[
    ExistingDirectory,
    Parameter(
        help=told("The folder that `registry witness init` made.", "`registry witness init` で作ったフォルダー。")
    ),
]
Name = Annotated[
    str,
    Parameter(
        help=told(
            "The name of the witness, as witness.example/w1: no space, no plus.",
            "立会者の名前(例 witness.example/w1)。空白と + は使えない。",
        )
    ),
]
LogKeys = Annotated[
    list[str],
    Parameter(help=told("The published keys (vkey) of the logs to cosign.", "連署の対象とするログの公開鍵(vkey)。")),
]
Host = Annotated[str, Parameter(help=told("Where to listen.", "待ち受けるアドレス。"))]
Port = Annotated[int, Parameter(help=told("The port to listen at.", "待ち受けるポート。"))]


def init(folder: NewFolder, /, *, name: Name) -> None:
    """Make a witness, and say what the log has to know of it."""
    published = make(folder, name)
    say.print(
        f"made. The log knows it by this key, which stands in REGISTRY_WITNESSES before its address:\n{published.text}",
        soft_wrap=True,
    )


def make(folder: Path, name: str) -> NoteKey:
    """Make the folder of a witness, its key and a memory in which nothing stands; return its published key."""
    key = SigningKey.generate(KEY_ID)
    try:
        published = of_signing_key(key, name, KeyKind.WITNESS)
        folder.mkdir(mode=0o700, parents=True)
        with os.fdopen(os.open(folder / PRIVATE_KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(key.to_pem())
        (folder / PUBLIC_KEY).write_text(f"{published.text}\n", encoding="utf-8")
        Memories.create(folder / MEMORIES)
    except LogRefused:
        stop("--name: no space and no plus in it", NOT_UNDERSTOOD)
    except FileExistsError:
        stop(f"{folder} is there already; a witness is made once and keeps what it remembers", FAILED)
    return published


def serve(folder: Folder, log_keys: LogKeys, /, *, host: Host = "127.0.0.1", port: Port = 8420) -> None:
    """Cosign until Ctrl-C."""
    logs = published_keys.read(log_keys, KeyKind.LOG)
    try:
        key = SigningKey.from_pem(KEY_ID, (folder / PRIVATE_KEY).read_bytes())
        published = NoteKey.from_text((folder / PUBLIC_KEY).read_text(encoding="utf-8").strip())
        if of_signing_key(key, published.name, KeyKind.WITNESS) != published:
            stop(f"{PRIVATE_KEY} and {PUBLIC_KEY} are not of one pair", FAILED)
    except (OSError, ValueError) as refused:
        stop(str(refused), FAILED)
    except LogRefused:
        stop(f"{PUBLIC_KEY} is no published key", FAILED)
    try:
        with Memories(folder / MEMORIES) as memories:
            cosigner = Cosigner(published, key.sign, logs, memories, lambda: int(time.time()))
            say.print(f"{published.name} cosigns {len(logs)} log(s) at http://{host}:{port} until Ctrl-C.")
            config = uvicorn.Config(make_app(cosigner), host=host, port=port, log_config=None, access_log=False)
            asyncio.run(uvicorn.Server(config).serve())
    except MemoryRefused as refused:
        stop(str(refused), FAILED)
