"""`python -m benchmarks.profiled FILE`: `registry serve --without-sequencer` under cProfile, from SIGUSR1 to its end.

The profile is of the one thread that serves, and cProfile makes each call dearer than it is: shares tell, times do not.
"""

import os
import pstats
import signal
import sys
from collections import Counter
from cProfile import Profile
from pathlib import Path
from typing import Any, Final

import msgspec

from registry import serving
from registry.settings import Settings

OF_OURS: Final = ("registry/web", "registry/services", "registry/store", "registry/vault", "registry/contract")
LIBRARIES: Final = ("litestar", "uvicorn", "h11", "sqlalchemy", "asyncpg", "cryptography", "msgspec", "structlog")
RULES: Final = "registry/domain"
REST: Final = "Python and its library"
LOOP: Final = "event loop, sockets, waiting"
_WAITING: Final = ("run_until_complete", "epoll", "select", "send", "recv", "uvloop")


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a part of the program takes of the processor, of 1."""

    part: str
    share: float


def shares(path: Path) -> list[Share]:
    """Return what each part took of the profile in a file, the largest first; what built-ins take is their caller's."""
    seconds: Counter[str] = Counter()
    stats: dict[Any, Any] = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]  # typeshed leaves it out
    for (file, _, name), (_, _, own, _, callers) in stats.items():
        if file != "~":
            seconds[_part(file)] += own
        elif any(word in name for word in _WAITING):
            seconds[LOOP] += own
        else:
            for (caller, _, _), (_, _, own_there, _) in callers.items():
                seconds[_part(caller)] += own_there
    total = sum(seconds.values())
    return [Share(part=part, share=own / total) for part, own in seconds.most_common()]


def _part(file: str) -> str:
    place = file.replace(os.sep, "/")
    if RULES in place:
        return "the rules (registry/domain)"
    ours = next((layer for layer in OF_OURS if layer in place), None)
    return ours or next((f"{name} (library)" for name in LIBRARIES if f"/{name}/" in place), REST)


def main(output: str) -> None:
    """Serve with the settings of the environment; SIGUSR1 begins the profile, the end writes it."""
    profile = Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    signal.signal(signal.SIGTERM, lambda *_: None)  # the server raises it once more when it has ended
    serving.serve(Settings.read(os.environ), sequences=False)
    profile.disable()
    profile.dump_stats(output)


if __name__ == "__main__":
    main(sys.argv[1])
