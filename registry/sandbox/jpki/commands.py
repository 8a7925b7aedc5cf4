"""``registry sandbox card``: cards of people who do not exist, and the CAs that answer for them."""

import asyncio
import getpass
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import httpx
from cyclopts import Parameter
from cyclopts.types import ExistingFile

from registry.code_tables.files import load_municipalities
from registry.command_line import FAILED, NOT_UNDERSTOOD, AsJson, print_json, told
from registry.jpki.authenticator import sign_application, sign_in
from registry.jpki.authorities import Authorities
from registry.jpki.crl import SeenInMemory
from registry.jpki.profile import Purpose
from registry.jpki.refusals import JpkiRefused
from registry.jpki.revocation_lines import CrlLine, OcspLine
from registry.jpki.verification import VerifiedApplication, Verifier
from registry.jpki.wording import WORDING
from registry.sandbox.jpki.card import FIRST_PINS, Card, CardRefused, issue
from registry.sandbox.jpki.cast import cast
from registry.sandbox.jpki.office import GENERATIONS, PINNED, Office, OfficeRefused
from registry.sandbox.jpki.serving import server_of
from registry.telling import say, stop

FOLDER: Final = Path("var/jpki")
T = TypeVar("T")

ADDRESS: Final = "http://127.0.0.1:8430"
PIN: Final = "SANDBOX_CARD_PIN"

Who = Annotated[
    str,
    Parameter(
        help=told("Whose card, as takasaki-hanako.", "カードの持ち主(例 takasaki-hanako)。"),
    ),
]
Whoever = Annotated[
    str | None,
    Parameter(help=told("To whom; nobody named: everybody.", "交付を受ける人。なければ全員。")),
]
Folder = Annotated[
    Path, Parameter(help=told("The folder of the CAs and the cards.", "認証局とカードを置くフォルダー。"))
]
Address = Annotated[
    str,
    Parameter(
        help=told(
            "Where the CAs are to answer; counts when the folder is made.",
            "認証局の応答先。フォルダーの作成時に決まる。",
        )
    ),
]
File = Annotated[
    ExistingFile, Parameter(help=told("What is signed, byte by byte.", "署名の対象(1バイトも変えずに扱う)。"))
]
Signature = Annotated[
    ExistingFile, Parameter(help=told("The signature, as `sign` printed it.", "`sign` が出力した署名。"))
]
Nonce = Annotated[
    str, Parameter(help=told("The nonce that the registry gave.", "登録システムが発行した一回限りの番号。"))
]
Origin = Annotated[
    str,
    Parameter(
        help=told("For where it is signed, as https://registry.example.", "署名の提出先(例 https://registry.example)。")
    ),
]
PinFile = Annotated[
    ExistingFile | None,
    Parameter(
        help=told(
            "The file that holds the PIN; without it SANDBOX_CARD_PIN, or it is asked for.",
            "暗証番号を書いたファイル。なければ SANDBOX_CARD_PIN、それもなければ尋ねる。",
        )
    ),
]
By = Annotated[
    Literal["crl", "ocsp"],
    Parameter(help=told("How revocation is looked up.", "失効の確認方法。")),
]


def issue_cards(
    who: Whoever = None, /, *, folder: Folder = FOLDER, address: Address = ADDRESS, json: AsJson = False
) -> None:
    """Issue cards to the cast, from both generations of the CAs by turns."""
    _refuse_production()
    if who is not None and who not in cast():
        stop(f"nobody of that name: {', '.join(cast())}", NOT_UNDERSTOOD)
    now = _now()
    office = _told(lambda: Office.open_or_make(folder, address, now))
    issued = {}
    for number, (name, holder) in enumerate(cast().items()):
        if who in {None, name}:
            path = _card(folder, name)
            issue(office, path, name, holder, GENERATIONS[number % len(GENERATIONS)], now)
            issued[name] = str(path)
    if json:
        print_json({"cards": issued, "pins": FIRST_PINS, "authorities": str(folder / PINNED)})
        return
    pins = ", ".join(f"{purpose}: {pin}" for purpose, pin in FIRST_PINS.items())
    say.print(f"{len(issued)} card(s) in {folder / 'cards'}; the PINs are {pins}. Pin {folder / PINNED}.")


def sign(
    file: File,
    /,
    *,
    card: Who,
    nonce: Nonce,
    origin: Origin,
    folder: Folder = FOLDER,
    pin_file: PinFile = None,
    json: AsJson = False,
) -> None:
    """Sign the exact bytes of a file with a card's signing key, and print the signature."""
    _refuse_production()
    opened = _told(lambda: Card(_card(folder, card), _pins(pin_file)))
    _print(
        "signature",
        _told(lambda: sign_application(opened, file.read_bytes(), origin=origin, nonce=nonce)),
        as_json=json,
    )


def login(
    *,
    card: Who,
    nonce: Nonce,
    origin: Origin,
    folder: Folder = FOLDER,
    pin_file: PinFile = None,
    json: AsJson = False,
) -> None:
    """Answer the challenge of an origin with a card's login key, and print the answer."""
    _refuse_production()
    opened = _told(lambda: Card(_card(folder, card), _pins(pin_file)))
    _print("sign_in", _told(lambda: sign_in(opened, origin=origin, nonce=nonce)), as_json=json)


def verify(
    file: File,
    signature: Signature,
    /,
    *,
    origin: Origin,
    folder: Folder = FOLDER,
    by: By = "ocsp",
    json: AsJson = False,
) -> None:
    """Verify a signature over a file as the registry does, but for its nonce."""
    _refuse_production()
    authorities = _told(lambda: Authorities.read(folder / PINNED))
    text = _told(lambda: signature.read_text(encoding="utf-8").strip())
    try:
        verified = asyncio.run(_verified(authorities, file.read_bytes(), text, origin, by))
    except JpkiRefused as refused:
        if json:
            print_json({"holds": False, "code": refused.code})
        stop(told(WORDING[refused.code].title, WORDING[refused.code].title_ja), FAILED)
    if json:
        print_json({"holds": True, "revocation": verified.standing, "address": verified.holder.address_form})
        return
    say.print(f"It holds. Not revoked as of {verified.standing.as_of.isoformat()}, by {verified.standing.source}.")


async def _verified(
    authorities: Authorities, content: bytes, signature: str, origin: str, by: str
) -> VerifiedApplication:
    async with httpx.AsyncClient(trust_env=False) as http:
        line = CrlLine(http, SeenInMemory()) if by == "crl" else OcspLine(http, secrets.token_bytes)
        verifier = Verifier(authorities, line, load_municipalities(), origin)
        now = datetime.now(UTC)
        return await verifier.verify_application(content, signature, signed_at=now, now=now)


def revoke(who: Who, /, *, folder: Folder = FOLDER, json: AsJson = False) -> None:
    """Revoke the certificates on a card from now on, as when it is lost."""
    _refuse_production()
    since = _now()
    count = _told(lambda: Office(folder).revoke(who, since))
    if not count:
        stop("no certificate of that person is in force", FAILED)
    if json:
        print_json({"revoked": count, "since": since})
        return
    say.print(f"{count} certificate(s) revoked since {since.isoformat()}.")


def serve(*, folder: Folder = FOLDER) -> None:
    """Serve lists and answers of the CAs until Ctrl-C."""
    _refuse_production()
    office = _told(lambda: Office(folder))
    say.print(f"The CAs of {folder} answer at {office.address} until Ctrl-C.")
    asyncio.run(server_of(office).serve())


def _refuse_production() -> None:
    if os.environ.get("REGISTRY_ENV") == "production":
        stop("cards of people who do not exist have no place in production", FAILED)


def _told(act: Callable[[], T]) -> T:
    try:
        return act()
    except (CardRefused, OfficeRefused, OSError, ValueError) as refused:
        stop(str(refused), FAILED)


def _pins(pin_file: Path | None) -> Callable[[Purpose], str]:
    def ask(purpose: Purpose) -> str:
        if pin_file is not None:
            return pin_file.read_text(encoding="utf-8").strip()
        try:
            return os.environ.get(PIN) or getpass.getpass(told(f"PIN ({purpose}): ", f"暗証番号({purpose}): "))
        except EOFError:
            stop(f"there is nobody to ask for the PIN: --pin-file or {PIN}", NOT_UNDERSTOOD)

    return ask


def _card(folder: Path, who: str) -> Path:
    if who not in cast():
        stop(f"nobody of that name: {', '.join(cast())}", NOT_UNDERSTOOD)
    return folder / "cards" / f"{who}.card"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _print(name: str, value: str, *, as_json: bool) -> None:
    if as_json:
        print_json({name: value})
        return
    print(value)  # noqa: T201 - what the command was asked for
