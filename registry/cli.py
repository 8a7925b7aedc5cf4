"""``registry``: the commands of the virtual municipality. Each says what it did and what to do next."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import App, CycloptsError, Parameter

from registry import serving
from registry.codes_cli import codes
from registry.contract.keys import VerifyingKey
from registry.domain.disclosure import BodyKind
from registry.jlis_cli import jlis
from registry.running import NOT_UNDERSTOOD, run, say, settings
from registry.sandbox import clock as sandbox_clock
from registry.sandbox import demo as sandbox_demo
from registry.sandbox.clock import NotInProduction
from registry.sandbox.jlis import jlis as sandbox_jlis
from registry.sandbox.population.commands import populate
from registry.settings import Settings
from registry.store import callers
from registry.store.callers import RegisteredKey
from registry.store.migrate import migrate as bring_to_newest
from registry.web.openapi import document
from registry.wiring import resources

HELP: Final = """The registry of Japan's residents abroad: one virtual municipality.

Settings come from the environment: REGISTRY_DSN, REGISTRY_KEYS, REGISTRY_SIGNING_KEY and, where needed, REGISTRY_ENV,
REGISTRY_HOST, REGISTRY_PORT, REGISTRY_PUBLIC_URL. `registry demo` needs none of them.

Exit codes: 0 done; 1 not done, the message says why; 2 the command line or the settings make no sense.
"""

app: Final = App(name="registry", help=HELP)
sandbox: Final = App(name="sandbox", help="What only a sandbox may do; refuses when REGISTRY_ENV=production.")
clock: Final = App(name="clock", help="Move the sandbox's clock. Every process of the sandbox follows within a second.")
callers_app: Final = App(name="callers", help="Register the public keys of those who may call.")
sandbox.command(clock)
sandbox.command(populate)
app.command(sandbox)
app.command(callers_app)
app.command(codes)
app.command(jlis)
sandbox.command(sandbox_jlis)


@app.command
def serve() -> None:
    """Serve the signed interface until Ctrl-C. The sequencer of known time runs along.

    Example: REGISTRY_DSN=postgresql://… REGISTRY_KEYS=keys.json REGISTRY_SIGNING_KEY=registry.pem registry serve
    """
    serving.serve(settings())


@app.command
def migrate() -> None:
    """Bring the schema to the newest revision; what is there stays. Run it as the owner of the schema.

    The first time it also puts in the tables of codes that come with this program; `registry codes import` renews them.
    """
    run(bring_to_newest(settings().dsn))
    say.print("The schema is at its newest revision. Next: registry serve")


@app.command
def openapi() -> None:
    """Print the interface in OpenAPI 3.1, as GET /schema answers it."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n")


@app.command
def demo(
    *,
    once: Annotated[bool, Parameter(help="End after the summary instead of serving until Ctrl-C.")] = False,
    folder: Annotated[Path, Parameter(help="Where the demo keeps everything; emptied at every start.")] = Path(
        "var/demo"
    ),
) -> None:
    """Play the story of first light with real processes, and serve it until Ctrl-C.

    Example: registry demo --once
    """
    raise SystemExit(sandbox_demo.play(folder, once=once))


@callers_app.command
def register(
    key_id: str,
    public_key: Path,
    *,
    body: Annotated[str, Parameter(help="The code of the mission, municipality or agency.")],
    kind: Annotated[BodyKind, Parameter(help="What kind of body it is.")],
) -> None:
    """Register a public key (PEM) for a body; the same key id again replaces the key.

    Example: registry callers register ny-2026 ny-2026.pub.pem --body JP-CG-NEW-YORK --kind mission
    """
    run(_register(settings(), key_id, public_key.read_bytes(), body, kind))
    say.print(f"{key_id} now speaks for {body}.")


async def _register(given_settings: Settings, key_id: str, pem: bytes, body: str, kind: BodyKind) -> None:
    VerifyingKey.from_pem(key_id, pem)
    row = RegisteredKey(key_id=key_id, body=body, body_kind=kind, public_key=pem, valid_from=datetime.now(UTC))
    async with resources(given_settings, pool_size=1) as given, given.work() as work:
        await callers.register_key(work, msgspec.structs.replace(row, valid_from=given.clock()))
        await work.commit()


@clock.command(name="set")
def set_clock(moment: datetime) -> None:
    """Set the sandbox's clock to a moment (UTC where no offset is given).

    Example: registry sandbox clock set 2025-04-01T09:00:00+09:00
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    now = run(sandbox_clock.set_to(settings(), aware), NotInProduction)
    say.print(f"It is now {now.isoformat(timespec='seconds')} in the sandbox.")


@clock.command
def advance(*, days: int = 0, hours: int = 0, minutes: int = 0) -> None:
    """Put the sandbox's clock forward.

    Example: registry sandbox clock advance --days 90
    """
    by = timedelta(days=days, hours=hours, minutes=minutes)
    now = run(sandbox_clock.advance(settings(), by), NotInProduction)
    say.print(f"It is now {now.isoformat(timespec='seconds')} in the sandbox.")


def main() -> None:
    """Run one command and exit with its code."""
    try:
        app(exit_on_error=False, result_action="return_value")
    except CycloptsError:
        sys.exit(NOT_UNDERSTOOD)
