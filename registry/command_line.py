"""What the command lines of all three programs share: catalogues of commands, and help in the reader's language.

A catalogue says of each command what it does, gives an example and tells its exit codes. The command itself lies
elsewhere and is imported only when it is chosen: ``--help`` waits for no framework and no database driver.
"""

import os
import re
import sys
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

import msgspec
from cyclopts import App, Group, Parameter

DONE: Final = 0
FAILED: Final = 1
NOT_UNDERSTOOD: Final = 2
SOMETHING_WRONG: Final = 3
SOMETHING_NEAR: Final = 4
"""The last two are what `registry doctor` says."""

ExitCodes = Mapping[int, str]
"""What each exit code of a command means, in the reader's language."""


def told(english: str, japanese: str) -> str:
    """Return the text in the reader's language: Japanese where LC_ALL, LC_MESSAGES or LANG begins with ``ja``.

    The first of the three that is set decides (POSIX.1-2017, 8.2).
    """
    set_here = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return japanese if next(filter(None, set_here), "").startswith("ja") else english


EXAMPLE: Final = told("Example:", "例:")
EXIT_CODES: Final = told("Exit codes:", "終了コード:")

AsJson = Annotated[
    bool,
    Parameter(
        name="--json",
        negative="",
        help=told("Print one JSON object for machines.", "プログラム用に JSON で出力する。"),
    ),
]


def print_json(value: object) -> None:
    """Print one line of JSON on the standard output: what a command says under ``--json``."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")


class Catalogue:
    """The commands of a program, or of one group of them; ``exits`` holds for every command that tells no others."""

    def __init__(self, app: App, exits: ExitCodes) -> None:
        self.app = app
        self._exits = exits

    @classmethod
    def of_program(cls, name: str, about: str, exits: ExitCodes) -> Self:
        """Begin the catalogue of a program; ``completion`` stands in it already."""
        app = App(
            name=name,
            help=_flowing(about),
            help_format="plaintext",
            help_epilogue=_epilogue((), exits),
            version_flags=[],
            group_commands=Group(told("Commands", "コマンド")),
            group_arguments=Group(told("Arguments", "引数")),
            group_parameters=Group(told("Options", "オプション")),
        )
        app["--help"].help = told("Show this help.", "この説明を表示する。")
        catalogue = cls(app, exits)
        catalogue._add_completion(name)
        return catalogue

    def group(self, name: str, about: str) -> Self:
        """Add a group of commands and return its catalogue."""
        app = App(name=name, help=_flowing(about))
        self.app.command(app)
        return type(self)(app, self._exits)

    def add(self, name: str, where: str, about: str, *, examples: str, exits: ExitCodes | None = None) -> None:
        """Add the command that lies at ``where`` (``module:function``); ``examples`` has one on each line."""
        epilogue = _epilogue(examples.splitlines(), self._exits if exits is None else exits)
        self.app.command(where, name=name, help=_flowing(about), help_epilogue=epilogue)

    def _add_completion(self, name: str) -> None:
        shells = told("The shell that is to complete.", "補完を行うシェル。")

        def completion(shell: Annotated[Literal["bash", "zsh"], Parameter(help=shells)], /) -> int:
            sys.stdout.write(self.app.generate_completion(shell=shell))
            return 0

        self.app.command(
            completion,
            name="completion",
            help=told(
                "Print the script with which a shell completes commands.", "シェルの補完用スクリプトを出力する。"
            ),
            help_epilogue=_epilogue([f'eval "$({name} completion bash)"'], self._exits),
        )


def _epilogue(examples: list[str] | tuple[str, ...], exits: ExitCodes) -> str:
    blocks = [[EXAMPLE, *(f"  {one}" for one in examples)]] if examples else []
    blocks.append([EXIT_CODES, *(f"  {code}  {meaning}" for code, meaning in exits.items())])
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _flowing(text: str) -> str:
    """Join the lines of each paragraph, so that the terminal wraps it; between Japanese lines stands no space."""
    return re.sub(r"(?<!\n)\n(?!\n)", "", re.sub(r"(?<=[!-~])\n(?=[!-~])", " ", text))
