"""SoftHSM2: a token in software, made anew for each test that wants one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from registry.vault.pkcs11_provider import _module
from registry.vault.token_uri import TokenUri

PIN = "7319-user"
LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
TOOL = shutil.which("softhsm2-util")
LIBRARY = next((Path(path) for path in LIBRARIES if Path(path).is_file()), None)

needs_softhsm = pytest.mark.skipif(
    TOOL is None or LIBRARY is None,
    reason="SoftHSM2 is not installed, so no token is tried: apt-get install softhsm2",
)


class SoftTokens:
    """A folder of tokens and the PIN files that open them; the library of this process sees these and no others."""

    def __init__(self, folder):
        self.folder = folder / "tokens"
        self.folder.mkdir()
        self.away = folder / "away"
        configuration = folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.folder}\nobjectstore.backend = file\n")
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        self.restart()

    @property
    def module(self):
        return _module(LIBRARY)

    def make(self, label="registry", pin=PIN):
        """Make an empty token, and return the URI by which the registry knows it."""
        made = (TOOL, "--init-token", "--free", "--label", label, "--so-pin", "7319-officer", "--pin", PIN)
        subprocess.run(made, check=True, capture_output=True)  # noqa: S603 - the tool that comes with the token
        self.restart()
        source = self.folder.parent / f"{label}.pin"
        source.write_text(f"{pin}\n")
        source.chmod(0o600)
        return TokenUri(token=label, module_path=LIBRARY, pin_source=source)

    def session(self, uri):
        return self.module.log_in(uri, rw=True)

    def restart(self):
        """Restart the library under whoever uses it, between two calls and never within one."""
        with self.module.gate:
            self.module.restart()

    def unplug(self):
        """Take all tokens away, as a device that loses its power; whoever was logged in is out."""
        self.folder.rename(self.away)
        self.folder.mkdir()
        self.restart()

    def plug_in(self):
        self.folder.rmdir()
        self.away.rename(self.folder)
