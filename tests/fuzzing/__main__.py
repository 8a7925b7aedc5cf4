"""An hour of fuzzing, guided by coverage: every reader in turn, each in a process of its own.

    python3.11 -m venv var/fuzzing/venv && var/fuzzing/venv/bin/pip install atheris==3.0.0
    make fuzz                                  # ten minutes each
    make fuzz ONLY=values SECONDS=60           # one of them, a minute

atheris is no requirement of the project: it is taken from the folder ``var/fuzzing/venv`` or the one that ``--atheris``
names. What was found so far lies in ``var/fuzzing/TARGET`` and is the beginning of the next run; an input that broke
something is ``var/fuzzing/TARGET-crash-…``, tried again by ``python -m tests.fuzzing --process TARGET --again FILE``.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

FOLDER = Path("var/fuzzing")
NAMES = ("extract", "batch", "messages", "values", "signatures", "evidence", "maps")
LONGEST_INPUT = 1 << 16
MOST_CPU_SECONDS = 2.0
MOST_GROWTH = 256 << 10
"""KiB by which one input may make the process larger."""

_STATE = re.compile(r"#(\d+)\s.*?cov: (\d+) ft: (\d+) corp: (\d+)")


def main():
    """Run every target, or be the process of one."""
    arguments = _arguments()
    if arguments.process:
        _fuzz(arguments.process, arguments)
        return
    _say(f"{'target':<12}{'executions':>12}{'edges':>8}{'features':>10}{'inputs':>8}{'cpu s':>8}  result")
    for name in arguments.only or NAMES:
        _say(_row(name, arguments))


def _say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing")
    parser.add_argument("--only", action="append", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--atheris", type=Path, default=FOLDER / "venv", help="a virtual environment that has it")
    parser.add_argument("--again", type=Path, help="an input to try again, with --process")
    parser.add_argument("--process", choices=NAMES, help="be the process of one target")
    arguments = parser.parse_args()
    packages = sysconfig.get_path("purelib", "venv", {"base": str(arguments.atheris)})
    if not Path(packages, "atheris").is_dir():
        parser.error(f"no atheris in {arguments.atheris}: see how to get it at the top of tests/fuzzing/__main__.py")
    sys.path.append(packages)
    return arguments


def _row(name, arguments):
    """Fuzz one target in its own process; return what came of it as a line of the table."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "tests.fuzzing", "--process", name, "--seconds", str(arguments.seconds)]
    log = FOLDER / f"{name}.log"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        ended = subprocess.run(  # noqa: S603 - this program itself
            [*command, "--atheris", str(arguments.atheris)], check=False, stdout=out, stderr=out
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    states = _STATE.findall(log.read_text(errors="replace"))
    executions, edges, features, inputs = states[-1] if states else ("0", "0", "0", "0")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = "nothing found" if ended.returncode == 0 else f"FOUND, see {log}"
    return f"{name:<12}{executions:>12}{edges:>8}{features:>10}{inputs:>8}{cpu:>8.0f}  {result}"


def _fuzz(name, arguments):
    """Hand the target to libFuzzer."""
    import atheris  # noqa: PLC0415 - not there in a test run

    with atheris.instrument_imports(include=["registry", "embassy_gateway", "municipality_sync", "tomllib"]):
        from tests.fuzzing import seeds, targets  # noqa: PLC0415 - instrumented while imported

    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.seeds()[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = FOLDER / f"{name}.dict"
    words.write_text(seeds.dictionary(name))
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-max_len={LONGEST_INPUT}",
        f"-dict={words}",
        f"-artifact_prefix={FOLDER / name}-",
        "-timeout=120",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    inputs = [str(arguments.again)] if arguments.again else [*options, str(corpus)]
    os.nice(19 - os.nice(0))
    atheris.Setup([sys.argv[0], *inputs], within_limits(targets.TARGETS[name]))
    atheris.Fuzz()


def within_limits(target):
    """Hold a target against the clock and the scale as well."""

    def held(data):
        started, size = time.process_time(), _largest()
        target(data)
        seconds, growth = time.process_time() - started, _largest() - size
        if seconds > MOST_CPU_SECONDS or growth > MOST_GROWTH:
            raise TimeoutError(f"{seconds:.1f} s and {growth >> 10} MiB for {len(data)} bytes")

    return held


def _largest():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
