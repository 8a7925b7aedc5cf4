"""``registry keys rotate``, ``destroy-old`` and ``shred``: keys wrapped anew, keys destroyed, as the keeper."""

from typing import Annotated

from cyclopts import Parameter

from registry.command_line import FAILED, AsJson, print_json, told
from registry.domain.errors import Refusal
from registry.domain.shredding import Ground, Shredding
from registry.running import progress, run, say, settings, stop
from registry.services import clockwork, data_key_rotation, index_rotation, key_rotation, shredding
from registry.services.key_rotation import AlreadyRunning
from registry.settings import Settings
from registry.store import records
from registry.store.roles import KEEPER
from registry.vault.sealing import SealBroken
from registry.wiring import resources

Fresh = Annotated[
    bool,
    Parameter(
        negative="",
        help=told(
            "Make a further key of this month first: where the present one may be known to somebody.",
            "今月の鍵をもう一つ作ってから行う(現在の鍵が漏れた疑いのある場合)。",
        ),
    ),
]
PersonId = Annotated[str, Parameter(help=told("The id of the record.", "記録の ID。"))]
OnGround = Annotated[Ground, Parameter(help=told("On which ground of law.", "消去の事由。"))]
Reason = Annotated[
    str, Parameter(help=told("Why; kept sealed, and no place for names.", "理由(封印して保存する。氏名は書かない)。"))
]
DecidedBy = Annotated[str, Parameter(name="--by", help=told("The account that decided.", "決定した職員のアカウント。"))]
ApprovedBy = Annotated[
    str,
    Parameter(name="--approved-by", help=told("Another account, which approved.", "承認した別の職員のアカウント。")),
]
Yes = Annotated[bool, Parameter(name="--yes", negative="", help=told("Do not ask.", "確認しない。"))]


def rotate_kek(*, fresh: Fresh = False, json: AsJson = False) -> None:
    """Wrap every key anew with the newest key of this month."""
    done = run(_rotated(settings(), fresh=fresh, quiet=json), AlreadyRunning, SealBroken)
    if json:
        print_json(done)
        return
    say.print(f"{done['keys']:,} keys are wrapped anew by {done['target']}.")
    for key, moment in done["destroyable"].items():
        say.print(f"{key} wraps nothing any more; `registry keys destroy-old` destroys it from {moment:%Y-%m-%d} on.")


def rotate_data(*, json: AsJson = False) -> None:
    """Give every record and every submission a new data key, which seals what the old one sealed."""
    done = run(_replaced(settings(), quiet=json), AlreadyRunning, data_key_rotation.Incomplete)
    if json:
        print_json(done)
        return
    say.print(f"rotation {done['rotation']}: {done['keys']:,} data keys are new, and the old ones are gone.")
    say.print("Make a new backup and a new export of the keys now: older backups open only with the older export.")


def rotate_index(*, json: AsJson = False) -> None:
    """Let everybody be found by search keys of a new generation."""
    refusals = (index_rotation.AlreadyRunning, index_rotation.NotComplete, SealBroken)
    done = run(_reindexed(settings(), quiet=json), *refusals)
    if json:
        print_json(done)
        return
    say.print(f"everybody is found by generation {done['generation']} of the search keys, and by no other.")


def destroy_old(*, json: AsJson = False) -> None:
    """Destroy the keys of months that wrapped nothing for 35 days."""
    destroyed = run(_destroyed(settings()))
    if json:
        print_json({"destroyed": destroyed})
    elif destroyed:
        say.print(f"destroyed: {', '.join(map(str, destroyed))}. Replace every export of the keys by a new one now.")
    else:
        say.print("no key has wrapped nothing for 35 days; nothing was destroyed.")


def shred(
    person_id: PersonId,
    *,
    ground: OnGround,
    reason: Reason,
    by: DecidedBy,
    approved_by: ApprovedBy,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Make one record unreadable for good."""
    decision = Shredding(ground=ground, reason=reason, decided_by=by, approved_by=approved_by)
    if not yes and (json or not _agreed()):
        stop("nothing was shredded.", FAILED)
    try:
        keys = run(_shredded(settings(), person_id, decision), SealBroken)
    except Refusal as refused:
        stop("; ".join(f"{fault.pointer}: {fault.expected}" for fault in refused.faults), FAILED)
    if json:
        print_json({"keys": keys})
    else:
        say.print(f"shredded: {keys} keys are destroyed. Backups forget them with `registry keys rotate kek` and time.")


async def _rotated(given: Settings, *, fresh: bool, quiet: bool) -> dict[str, object]:
    async with resources(given, role=KEEPER, pool_size=1 + key_rotation.AT_ONCE) as owner, key_rotation.alone(owner):
        rotation = await key_rotation.begin(owner, fresh=fresh)
        moved = 0
        with progress(quiet=quiet) as bar:
            task = bar.add_task("鍵の再ラップ keys", total=rotation.waiting)
            async for step in key_rotation.run(owner, rotation):
                moved += step
                bar.advance(task, step)
        destroyable = await key_rotation.next_destructions(owner)
    return {"target": rotation.target, "keys": moved, "destroyable": destroyable}


async def _replaced(given: Settings, *, quiet: bool) -> dict[str, int]:
    async with resources(given, role=KEEPER, pool_size=1 + key_rotation.AT_ONCE) as owner, key_rotation.alone(owner):
        rotation = await data_key_rotation.begin(owner)
        replaced = 0
        with progress(quiet=quiet) as bar:
            task = bar.add_task("データ鍵の更新 data keys", total=rotation.waiting)
            async for step in data_key_rotation.run(owner, rotation):
                replaced += step
                bar.advance(task, step)
    return {"rotation": rotation.number, "keys": replaced}


async def _reindexed(given: Settings, *, quiet: bool) -> dict[str, int]:
    async with resources(given, role=KEEPER, pool_size=2) as owner, index_rotation.alone(owner):
        async with owner.work() as work:
            people = await records.count_people(work)
        with progress(quiet=quiet) as bar:
            task = bar.add_task("検索鍵の更新 people, written and cleared", total=2 * people)
            async for step in index_rotation.run(owner):
                bar.advance(task, step)
        generations = await clockwork.search_generations(owner)
    return {"generation": generations.searched, "people": people}


async def _destroyed(given: Settings) -> tuple[int, ...]:
    async with resources(given, role=KEEPER, pool_size=1) as owner:
        return await key_rotation.destroy_old(owner)


async def _shredded(given: Settings, person_id: str, decision: Shredding) -> int:
    async with resources(given, role=KEEPER, pool_size=1) as owner:
        return await shredding.shred(owner, person_id, decision)


def _agreed() -> bool:
    try:
        return say.input("Nothing brings the record back. Shred it? [y/N] ").strip().lower() in {"y", "yes", "はい"}
    except EOFError:
        return False
