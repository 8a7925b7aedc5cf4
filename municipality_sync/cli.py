"""``municipality-sync``: the commands of the agent at a municipality and of the nightly run beside the registry.

Each command is imported when it is called, so that neither side needs what only the other has installed.
"""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

CANNOT_BE_READ = 2
"""Exit code when the command line itself is wrong, as for every input that cannot be read."""

INIT = """Write a layout, the map of a municipality's extract, from a sample: propose, ask, try it, write it.

Nothing of what stands in the sample is shown but its shape. With --yes nobody is asked, and what the sample does not
make plain ends the command; --like takes the codes from a layout of the same system elsewhere. Example:

    municipality-sync init extract.csv --municipality 131016 --out layout.toml

Exit codes: 0 written, and every line of the sample is right; 1 written, and some lines are not; 2 nothing was written.
"""

CHECK = """Read an extract and say what is wrong, what would be sent and who stays. Sends nothing.

With --vendor-report FILE.csv the faults are also written for the vendor of the system, without personal data.

Exit codes: 0 every line is right; 1 some people are held back by faults, the others could be sent; 2 the file, its
layout or the command line cannot be read.
"""

PUSH = """Send of an extract what may be sent. The same file again sends nothing new; a broken-off push goes on.

Exit codes: 0 everything was delivered; 1 it was, but for people whom a fault holds back; 2 it was not, or not all: mend
what is said and run the same command again.
"""

RECONCILE = """Beside the registry: hold the two sources of every record against each other again.

Settings are those of the registry (REGISTRY_DSN, REGISTRY_KEYS, REGISTRY_SIGNING_KEY). It can be broken off and run
again. Exit codes: 0 done; 1 not done, the message says why; 2 the settings make no sense.
"""

REPORT = """Beside the registry: say how the records stood when they were last reconciled.

Exit codes as for reconcile.
"""

app = App(
    name="municipality-sync",
    help="Send the 除票 that may be sent to the registry of residents abroad, and reconcile them there.",
)
app.command("municipality_sync.agent.init:init", name="init", help=INIT)
app.command("municipality_sync.agent.commands:check", name="check", help=CHECK)
app.command("municipality_sync.agent.commands:push", name="push", help=PUSH)
app.command("municipality_sync.nightly.commands:reconcile", name="reconcile", help=RECONCILE)
app.command("municipality_sync.nightly.commands:report", name="report", help=REPORT)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; see ``municipality-sync COMMAND --help``."""
    try:
        sys.exit(app(arguments, exit_on_error=False, result_action="return_value"))
    except CycloptsError:
        sys.exit(CANNOT_BE_READ)
