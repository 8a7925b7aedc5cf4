"""A file of secrets: read only where nobody but its owner may read it."""

import os
import stat
from pathlib import Path


class OpenToOthers(ValueError):  # noqa: N818 - says what was found
    """A file of secrets is not this user's alone; what is in it counts as known."""


def read_private(path: Path) -> bytes:
    """Return what is in a file of secrets; raises OpenToOthers, and OSError where it cannot be read."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise OpenToOthers(f"{path} must be a file of this user's, open to no one else: chown it, chmod 600")
        return file.read()
