"""How a command speaks to people, on standard error, and how it ends when it cannot go on."""

from typing import Final, Never

from rich.console import Console
from rich.markup import escape

say: Final = Console(stderr=True, highlight=False)


def stop(message: str, code: int) -> Never:
    """End the command with a message and an exit code."""
    say.print(f"[bold red]registry:[/] {escape(message)}", soft_wrap=True)
    raise SystemExit(code)
