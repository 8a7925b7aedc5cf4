"""``registry serve``, ``migrate`` and ``openapi``: the service itself, its schema and its interface."""

import sys

import msgspec

from registry import serving
from registry.command_line import FAILED
from registry.running import run, say, settings, stop
from registry.settings import SettingsRefused
from registry.store.migrate import migrate as bring_to_newest
from registry.vault.keys import KeysRefused
from registry.web.openapi import document


def serve() -> None:
    """Serve until Ctrl-C."""
    try:
        serving.serve(settings())
    except (KeysRefused, SettingsRefused) as refused:
        stop(str(refused), FAILED)


def migrate() -> None:
    """Bring the schema to the newest revision."""
    run(bring_to_newest(settings().dsn))
    say.print("The schema is at its newest revision. Next: registry serve")


def openapi() -> None:
    """Print the interface in OpenAPI 3.1."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n")
