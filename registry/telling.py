"""How a command speaks to people, on standard error, and how it ends when it cannot go on."""

from typing import Final, Never

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

say: Final = Console(stderr=True, highlight=False)


def progress(*, quiet: bool) -> Progress:
    """Return a bar for what takes long; ``quiet``: one that nobody sees."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=say, disable=quiet)


def stop(message: str, code: int) -> Never:
    """End the command with a message and an exit code."""
    say.print(f"[bold red]registry:[/] {escape(message)}", soft_wrap=True)
    raise SystemExit(code)
