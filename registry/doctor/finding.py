"""所見 — what a check found: what is wrong, and how to mend it. Never personal data, never a secret."""

from enum import StrEnum

import msgspec


class Code(StrEnum):
    """Stable codes of what can be wrong with a registry; a code is never renamed. docs/command-line.md lists them."""

    INSTALLATION_BROKEN = "installation-broken"
    CHECK_BROKEN = "check-broken"
    # settings
    SETTING_MISSING = "setting-missing"
    SETTING_SENSELESS = "setting-senseless"
    SETTING_UNKNOWN = "setting-unknown"
    # key files
    KEY_FILE_MISSING = "key-file-missing"
    KEY_FILE_OPEN = "key-file-open"
    KEY_FILE_UNREADABLE = "key-file-unreadable"
    KEYS_NOT_FOR_PRODUCTION = "keys-not-for-production"
    WITNESSES_UNUSABLE = "witnesses-unusable"
    TOKEN_UNUSABLE = "token-unusable"  # noqa: S105 - a code, not a secret
    # this machine
    DISK_NEARLY_FULL = "disk-nearly-full"
    PORT_TAKEN = "port-taken"
    NOT_READY = "not-ready"
    # the database
    DATABASE_UNREACHABLE = "database-unreachable"
    DATABASE_NOT_DURABLE = "database-not-durable"
    LOCK_TABLE_SMALL = "lock-table-small"
    CLOCK_RUNS_AWAY = "clock-runs-away"
    SCHEMA_BEHIND = "schema-behind"
    SCHEMA_AHEAD = "schema-ahead"
    ROLE_MISSING = "role-missing"
    ROLE_TOO_MUCH = "role-too-much"
    ROLE_TOO_LITTLE = "role-too-little"
    GUARD_MISSING = "guard-missing"
    SIGHT_UNGUARDED = "sight-unguarded"
    # what lies in it
    MONTH_KEY_MISSING = "month-key-missing"
    MONTH_KEY_UNREADABLE = "month-key-unreadable"
    INDEX_KEY_UNFIT = "index-key-unfit"
    CODES_MISSING = "codes-missing"
    CODES_UNREADABLE = "codes-unreadable"
    MISSIONS_MISSING = "missions-missing"
    CALLERS_MISSING = "callers-missing"
    CALLER_WITHOUT_KEY = "caller-without-key"
    CALLER_KEY_ENDS = "caller-key-ends"
    CALLER_KEY_UNREADABLE = "caller-key-unreadable"
    CALLER_NARROWED = "caller-narrowed"
    GRANTS_MISSING = "grants-missing"
    SEQUENCER_STANDS = "sequencer-stands"
    LOG_STANDS = "log-stands"
    LOG_KEY_UNFIT = "log-key-unfit"
    LOG_NOT_WATCHED = "log-not-watched"
    CASES_WAIT = "cases-wait"
    QUESTIONS_OVERDUE = "questions-overdue"
    SANDBOX_CLOCK_SET = "sandbox-clock-set"


class Gravity(StrEnum):
    """Whether something is wrong now, or soon will be."""

    WRONG = "wrong"
    NEAR = "near"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing found: ``what`` is wrong, how to ``mend`` it, and the ``command`` for that where there is one."""

    code: Code
    gravity: Gravity
    what: str
    what_ja: str
    mend: str
    mend_ja: str
    command: str = ""


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one area; ``checks`` of them were made: none where the database cannot be reached."""

    name: str
    checks: int
    findings: tuple[Finding, ...] = ()


def wrong(code: Code, what: tuple[str, str], mend: tuple[str, str], command: str = "") -> Finding:
    """Return a finding of something that is wrong now; texts are pairs, English and Japanese."""
    return _finding(code, Gravity.WRONG, what, mend, command)


def near(code: Code, what: tuple[str, str], mend: tuple[str, str], command: str = "") -> Finding:
    """Return a finding of something that soon will be wrong; texts are pairs, English and Japanese."""
    return _finding(code, Gravity.NEAR, what, mend, command)


def broken(check: str, error: BaseException) -> Finding:
    """Return the finding that a check could not be made; of the error only its kind, for its text may hold anything."""
    kind = type(error).__name__
    return wrong(
        Code.CHECK_BROKEN,
        (f"the check `{check}` broke off ({kind})", f"点検 `{check}` が途中で終わりました({kind})"),
        ("mend the other findings first, then run the doctor again", "他の所見を直してから再び点検してください"),
    )


def _finding(code: Code, gravity: Gravity, what: tuple[str, str], mend: tuple[str, str], command: str) -> Finding:
    return Finding(
        code=code, gravity=gravity, what=what[0], what_ja=what[1], mend=mend[0], mend_ja=mend[1], command=command
    )
