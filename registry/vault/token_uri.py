"""Where the keys of production lie: a token behind a PKCS#11 library, named by a URI (RFC 7512).

    pkcs11:token=registry?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/registry/pin

The PIN stands in a file of its own. ``pin-value`` is refused: environments show themselves to whoever may list
processes, and commands to everybody.
"""

from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

import msgspec

SCHEME: Final = "pkcs11:"
_OF_TOKENS: Final = frozenset({"token", "serial", "manufacturer", "model"})
_OF_ACCESS: Final = frozenset({"module-path", "pin-source"})


class TokenUri(msgspec.Struct, frozen=True, kw_only=True):
    """A token by what it says of itself (empty: anything), the library that reaches it, and the file of its PIN."""

    token: str = ""
    serial: str = ""
    manufacturer: str = ""
    model: str = ""
    module_path: Path
    pin_source: Path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URI (RFC 7512 § 2.3); raises ValueError saying what a usable one has, and never what came."""
        path, _, query = text.removeprefix(SCHEME).partition("?")
        tokens, access = _attributes(path, ";"), _attributes(query, "&")
        if "pin-value" in access:
            raise ValueError("no pin-value: put the PIN into a file of mode 0600 and name it by pin-source=file:/…")
        if not tokens.keys() <= _OF_TOKENS or access.keys() != _OF_ACCESS or not tokens.keys() & {"token", "serial"}:
            raise ValueError(
                "expected pkcs11:token=…?module-path=/…&pin-source=file:/… (also serial, manufacturer, model)"
            )
        module, pin = Path(access["module-path"]), Path(access["pin-source"].removeprefix("file:"))
        if not module.is_absolute() or not pin.is_absolute():
            raise ValueError("module-path and pin-source of a pkcs11: URI are absolute paths of files")
        return cls(**tokens, module_path=module, pin_source=pin)

    @property
    def name(self) -> str:
        """What people call the token."""
        return self.token or self.serial


def _attributes(text: str, separator: str) -> dict[str, str]:
    """Return the attributes of one half of a URI; each stands there once (§ 2.3) and says something."""
    pairs = [one.partition("=") for one in text.split(separator) if one]
    attributes = {name: unquote(value, errors="strict") for name, _, value in pairs}
    if len(attributes) < len(pairs) or not all(attributes.values()) or "\0" in "".join(attributes.values()):
        raise ValueError("a pkcs11: URI names each attribute once, with a value")
    return attributes
