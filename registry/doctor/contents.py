"""What lies in the database: keys that open it, tables of codes, callers, grants, and whatever waits too long."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from registry.code_tables.shapes import TableName
from registry.contract.keys import VerifyingKey
from registry.doctor.finding import Code, Finding, near, wrong
from registry.doctor.visit import Visit
from registry.services.code_tables import CodeTables
from registry.store import callers, code_tables, health, sequencer, trawling
from registry.store.callers import RegisteredKey

STALE_AFTER: Final = timedelta(minutes=1)
KEY_ENDS_WITHIN: Final = timedelta(days=30)
CASE_WAITS_AT_MOST: Final = timedelta(days=30)


async def tables_of_codes(visit: Visit) -> AsyncIterator[Finding]:
    """Find tables of codes that are not there today or that nobody can read, and a world without missions."""
    held = await code_tables.in_force(visit.work, visit.today)
    for table in TableName:
        if table not in held:
            yield wrong(
                Code.CODES_MISSING,
                (f"no version of the table {table} applies today", f"コード表 {table} に本日適用の版がありません"),
                ("put one in that applies by today", "本日までに適用される版を取り込んでください"),
                f"registry codes import FILE --table {table} --from {visit.today}",
            )
    if len(held) < len(TableName):
        return
    codes = CodeTables()
    await codes.refresh(visit.work, visit.today)
    try:
        is_empty = not list(codes.municipalities) or not list(codes.countries)
        missions = [mission for mission in codes.missions if mission.open_on(visit.today)]
    except (ValueError, LookupError):
        yield _unreadable()
        return
    if is_empty:
        yield _unreadable()
    if not missions:
        yield wrong(
            Code.MISSIONS_MISSING,
            (
                "no mission is open today: every report would be refused",
                "本日開いている在外公館がなく、届書は全て不受理となります",
            ),
            ("import the table of missions", "在外公館の表を取り込んでください"),
            f"registry codes import FILE --table missions --from {visit.today}",
        )


async def keys_of_callers(visit: Visit) -> AsyncIterator[Finding]:
    """Find bodies without a valid key, keys that end soon, and keys that are none."""
    by_body = defaultdict(list)
    for key in await callers.registered_keys(visit.work):
        by_body[key.body].append(key)
        if not _is_key(key):
            yield wrong(
                Code.CALLER_KEY_UNREADABLE,
                (
                    f"the registered key {key.key_id} of {key.body} is none",
                    f"{key.body} の鍵 {key.key_id} を読めません",
                ),
                ("have the body send its public key again", "機関から公開鍵を改めて受け取ってください"),
                _register(key),
            )
    if not by_body:
        yield near(
            Code.CALLERS_MISSING,
            ("nobody is registered who may call", "接続を許す相手が登録されていません"),
            (
                "register the public keys of missions, municipalities and agencies",
                "在外公館等の公開鍵を登録してください",
            ),
            "registry callers register --help",
        )
    for body, keys in sorted(by_body.items()):
        for finding in _validity(visit, body, keys):
            yield finding


def _validity(visit: Visit, body: str, keys: list[RegisteredKey]) -> list[Finding]:
    """Return what is wrong with the time in which a body has keys."""
    valid = [key for key in keys if _is_valid(visit, key)]
    if not valid:
        return [
            wrong(
                Code.CALLER_WITHOUT_KEY,
                (
                    f"{body} has no valid key: whatever it sends is refused",
                    f"{body} に有効な鍵がなく、すべて拒否されます",
                ),
                ("register a key of that body", "その機関の鍵を登録してください"),
                _register(keys[0]),
            )
        ]
    last = max(valid, key=lambda key: (key.valid_to is None, key.valid_to))
    if last.valid_to is None or last.valid_to > visit.moment + KEY_ENDS_WITHIN:
        return []
    day = f"{last.valid_to:%Y-%m-%d}"
    return [
        near(
            Code.CALLER_KEY_ENDS,
            (
                f"the last key of {body} ({last.key_id}) ends on {day}",
                f"{body} の最後の鍵({last.key_id})が {day} に切れます",
            ),
            ("register its next key before", "それまでに次の鍵を登録してください"),
            _register(last),
        )
    ]


async def narrowed_callers(visit: Visit) -> AsyncIterator[Finding]:
    """Find bodies whose inquiries looked like trawling, and that people have not freed again."""
    for one in await trawling.narrowings(visit.work):
        why = ", ".join(one.suspicions)
        yield wrong(
            Code.CALLER_NARROWED,
            (
                f"{one.body} may ask only narrowly since {one.narrowed_at:%Y-%m-%d %H:%M} UTC: {why}",
                f"{one.body} は探索的な照会の疑い({why})で {one.narrowed_at:%Y-%m-%d %H:%M} UTC から制限されています",
            ),
            (
                "find out with the body what asked like that, then lift it or withdraw its key",
                "機関とともに原因を確かめ、解除するか鍵を取り消してください",
            ),
            f"registry callers lift {one.body} --reason …",
        )


async def grants(visit: Visit) -> AsyncIterator[Finding]:
    """Find that nobody may be told anything."""
    if not await health.grants(visit.work, visit.today):
        yield wrong(
            Code.GRANTS_MISSING,
            ("no grant is valid today: every inquiry is refused", "本日有効な提供の根拠がなく、照会は全て拒否されます"),
            (
                "statutory grants come with the schema; restore the table from a backup",
                "法定の根拠は控えから戻してください",
            ),
        )


async def stamps(visit: Visit) -> AsyncIterator[Finding]:
    """Find that what was accepted is not stamped: nobody can ask for it."""
    waiting = await health.unstamped(visit.work)
    known = await sequencer.known_until(visit.work)
    if waiting.since is None or visit.moment - waiting.since <= STALE_AFTER:
        return
    if known is None or visit.moment - known.at > STALE_AFTER:
        seconds = f"{(visit.moment - waiting.since).total_seconds():,.0f}"
        yield wrong(
            Code.SEQUENCER_STANDS,
            (
                f"the sequencer stands still: {waiting.count:,} submissions wait, the first for {seconds} s",
                f"把握日時の付与が止まっています。{waiting.count:,} 件が待ち、最初のものは {seconds} 秒前です",
            ),
            (
                "start a `registry sequencer`, or a `registry serve` that is one too, and see its log",
                "`registry sequencer`(または編成を兼ねる `registry serve`)を起動し、その記録を見てください",
            ),
            "registry sequencer",
        )


async def cases(visit: Visit) -> AsyncIterator[Finding]:
    """Find cases that nobody decides."""
    waiting = await health.open_cases(visit.work)
    if waiting.since is not None and visit.moment - waiting.since > CASE_WAITS_AT_MOST:
        days = (visit.moment - waiting.since).days
        yield near(
            Code.CASES_WAIT,
            (
                f"{waiting.count:,} cases wait for people, the first for {days} days",
                f"要審査 {waiting.count:,} 件、最長 {days} 日",
            ),
            ("have staff decide them; see how the records stand", "職員が判断してください。記録の状況は次で見られます"),
            "municipality-sync report",
        )


async def questions(visit: Visit) -> AsyncIterator[Finding]:
    """Find questions whose answer is overdue."""
    waiting = await health.overdue_questions(visit.work, visit.moment)
    if waiting.count:
        yield near(
            Code.QUESTIONS_OVERDUE,
            (f"{waiting.count:,} questions are overdue", f"期限を過ぎた照会が {waiting.count:,} 件あります"),
            (
                "see who has them, and remind them; those about removed records are in `municipality-sync report`",
                "誰が持っているかを確かめ、催促してください。附票は次で、除票は municipality-sync report で見られます",
            ),
            "registry jlis status",
        )


async def sandbox_clock(visit: Visit) -> AsyncIterator[Finding]:
    """Find that somebody moved the clock of production."""
    if visit.patient.settings.production and visit.ahead:
        yield wrong(
            Code.SANDBOX_CLOCK_SET,
            ("the sandbox's clock is set in this database", "このデータベースで試験用の時計が動かされています"),
            (
                "this database has been a sandbox: do not serve production from it",
                "試験に使われたデータベースです。本番には使わないでください",
            ),
            'psql "$REGISTRY_DSN" -c "TRUNCATE sandbox_clock"',
        )


CHECKS: Final = (tables_of_codes, keys_of_callers, narrowed_callers, grants, stamps, cases, questions, sandbox_clock)


def _unreadable() -> Finding:
    return wrong(
        Code.CODES_UNREADABLE,
        ("a table of codes in force is empty or cannot be read", "適用中のコード表が空であるか、読めません"),
        ("see which it is, and import a right one", "どの表かを確かめ、正しいものを取り込んでください"),
        "registry codes list",
    )


def _is_key(key: RegisteredKey) -> bool:
    try:
        VerifyingKey.from_pem(key.key_id, key.public_key)
    except ValueError:
        return False
    return True


def _is_valid(visit: Visit, key: RegisteredKey) -> bool:
    return key.valid_from <= visit.moment and (key.valid_to is None or visit.moment < key.valid_to)


def _register(key: RegisteredKey) -> str:
    return f"registry callers register {key.key_id} FILE.pem --body {key.body} --kind {key.body_kind}"
