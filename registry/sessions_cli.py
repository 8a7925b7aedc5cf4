"""``registry sessions end``: somebody has left, or was robbed; or everybody has to sign in anew."""

from typing import Annotated

from cyclopts import Parameter

from registry.command_line import NOT_UNDERSTOOD, AsJson, print_json, told
from registry.running import run, say, settings, stop
from registry.services import sessions
from registry.settings import Settings
from registry.wiring import resources

AccountId = Annotated[
    str,
    Parameter(
        help=told(
            "The account, as its owner's page and the log of the program show it.",
            "利用者番号(本人の画面とプログラムのログに表示されるもの)。",
        )
    ),
]
Everybody = Annotated[
    bool,
    Parameter(negative="", help=told("End the sessions of all accounts.", "全利用者のサインインを終える。")),
]


def end(account: AccountId = "", /, *, everybody: Everybody = False, json: AsJson = False) -> None:
    """End every session of one account, or of all."""
    if bool(account) is everybody:
        stop("name one account, or say --everybody", NOT_UNDERSTOOD)
    ended: int = run(_end(settings(), account or None))
    if json:
        print_json({"ended": ended})
    else:
        say.print(f"{ended} sessions ended. Who signs in again needs the identity provider's word.")


async def _end(given_settings: Settings, account: str | None) -> int:
    async with resources(given_settings, pool_size=1) as given:
        return await sessions.end_all(given, account)
