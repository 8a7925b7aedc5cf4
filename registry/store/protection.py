"""支援措置: which measures there are, whom they cover, and who is told all the same."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Select, Uuid, cast, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.domain.four_eyes import Hand
from registry.domain.protection import Ground, Lift, Measure
from registry.store.key_tables import data_key
from registry.store.keyring import KEY_COLUMNS, WITH_KEK, Keyring, Shredded
from registry.store.protection_tables import protected_person, protection, protection_lift
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared, Row
from registry.vault.sealing import Place, SealingKey, open_sealed, seal


class Withholding(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a record is withheld: until when it is protected, and who is told all the same."""

    until: date | None
    lifts: tuple[Lift, ...]


async def withholding(work: UnitOfWork, person_id: str, body: str, affair: str) -> Withholding:
    """Return how a record that the transaction sees is protected, with the lifts of one body for one affair."""
    rows = await work.run_prepared(_WITHHOLDING, {"person": person_id, "body": body, "affair": affair})
    lifts = (
        Lift(person_id=person_id, body=body, affair=affair, **_of_lift(row))
        for row in rows
        if row["lift_id"] is not None
    )
    return Withholding(until=rows[0]["until"], lifts=tuple(lifts))


def _of_lift(row: Row) -> dict[str, Any]:
    times = {one: row[one] for one in ("lift_id", "begins_at", "ends_at")}
    return times | {"ground": Ground(row["ground"])}


_WITHHOLDING: Final = Prepared(
    text(
        """
        SELECT protected_until(CAST(:person AS uuid)) AS until,
            CAST(lift.lift_id AS text) AS lift_id, lift.ground, lift.begins_at, lift.ends_at
        FROM (SELECT) AS once LEFT JOIN protection_lift lift
        ON lift.person_id = CAST(:person AS uuid) AND lift.body = :body AND lift.affair = :affair
        """
    )
)


# ------------------------------------------------------------------------------------------------- measures


async def add(work: UnitOfWork, key: SealingKey, measure: Measure, reason: str) -> None:
    """Write a new measure with everybody whom it covers; ``reason`` is sealed with the applicant's data key."""
    values = {one: getattr(measure, one) for one in _OF_MEASURE}
    sealed = seal(key, _place("protection", measure.measure_id), reason.encode())
    await work.run(insert(protection).values(values | {"person_id": measure.people[0], "sealed": sealed}))
    rows = [
        {"measure_id": measure.measure_id, "person_id": person_id, "place": place}
        for place, person_id in enumerate(measure.people)
    ]
    await work.run(insert(protected_person).values(rows))


_OF_MEASURE: Final = ("measure_id", "requested_on", "granted_on", "until", "ended_on")


async def save(work: UnitOfWork, measure: Measure) -> None:
    """Write how a measure stands now."""
    values = {one: getattr(measure, one) for one in ("granted_on", "until", "ended_on")}
    await work.run(update(protection).where(protection.c.measure_id == measure.measure_id).values(values))


async def lock(work: UnitOfWork, measure_id: str) -> Measure | None:
    """Return a measure, for this transaction alone; None where there is none."""
    await work.run(select(protection.c.measure_id).where(protection.c.measure_id == measure_id).with_for_update())
    return next(iter(_measures(await work.rows(_with_people().where(protection.c.measure_id == measure_id)))), None)


async def standing(work: UnitOfWork, today: date) -> tuple[Measure, ...]:
    """Return the measures that hold on a day, the oldest request first."""
    holds = protection.c.ended_on.is_(None) & (protection.c.until.is_(None) | (protection.c.until > today))
    return _measures(await work.rows(_with_people().where(holds)))


def _with_people() -> Select[tuple[object, ...]]:
    columns = [protection.c[one] for one in _OF_MEASURE]
    query = select(*columns, protected_person.c.person_id).join(protected_person)
    return query.order_by(protection.c.requested_on, protection.c.measure_id, protected_person.c.place)


def _measures(rows: Sequence[RowMapping]) -> tuple[Measure, ...]:
    made = []
    for _, grouped in groupby(rows, key=itemgetter("measure_id")):
        of_measure = tuple(grouped)
        people = tuple(row["person_id"] for row in of_measure)
        made.append(Measure(people=people, **{one: of_measure[0][one] for one in _OF_MEASURE}))
    return tuple(made)


# ---------------------------------------------------------------------------------------------------- lifts


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A lift as the desk sees it: who opened it and, after a broken glass, who reviewed it."""

    lift: Lift
    opened_by: Hand
    reviewed_by: Hand | None = None


async def lift(work: UnitOfWork, key: SealingKey, one: Lift, opened_by: Hand, reason: str) -> None:
    """Write a lift; ``reason`` is sealed with the data key of the record."""
    row = msgspec.structs.asdict(one) | {
        "ground": str(one.ground),
        "opened_by": opened_by.account,
        "opened_unit": opened_by.unit,
        "sealed": seal(key, _place("protection_lift", one.lift_id), reason.encode()),
    }
    await work.run(insert(protection_lift).values(row))


async def broken_glass(work: UnitOfWork) -> tuple[Opened, ...]:
    """Return what was opened in an emergency and nobody has reviewed yet, the oldest first."""
    mine = protection_lift.c
    query = select(protection_lift).where(mine.ground == str(Ground.BREAK_GLASS), mine.reviewed_at.is_(None))
    return tuple(_opened(row) for row in await work.rows(query.order_by(mine.begins_at)))


async def lock_lift(work: UnitOfWork, lift_id: str) -> Opened | None:
    """Return a lift, for this transaction alone; None where there is none."""
    row = await work.one(select(protection_lift).where(protection_lift.c.lift_id == lift_id).with_for_update())
    return None if row is None else _opened(row)


async def reason_of_lift(work: UnitOfWork, keyring: Keyring, lift_id: str) -> str:
    """Return why a lift was opened; raises Shredded where the record was, or where there is no lift."""
    with_key = WITH_KEK.join(protection_lift, protection_lift.c.person_id == data_key.c.owner)
    query = select(*KEY_COLUMNS, protection_lift.c.sealed).select_from(with_key)
    row = await work.one(query.where(protection_lift.c.lift_id == lift_id))
    if row is None:
        raise Shredded
    return open_sealed(keyring.key_in(row), _place("protection_lift", lift_id), row["sealed"]).decode()


async def reviewed(work: UnitOfWork, lift_id: str, by: Hand, at: datetime) -> None:
    """Write who reviewed a lift."""
    values = {"reviewed_by": by.account, "reviewed_unit": by.unit, "reviewed_at": at}
    await work.run(update(protection_lift).where(protection_lift.c.lift_id == lift_id).values(values))


def _opened(row: RowMapping) -> Opened:
    fields = {one: row[one] for one in Lift.__struct_fields__}
    by = row["reviewed_by"]
    return Opened(
        lift=Lift(**fields | {"ground": Ground(row["ground"])}),
        opened_by=Hand(account=row["opened_by"], unit=row["opened_unit"]),
        reviewed_by=None if by is None else Hand(account=by, unit=row["reviewed_unit"]),
    )


def _place(table: str, row_id: str) -> Place:
    return Place(table=table, row_id=row_id, column="sealed", version=0)


async def carry_over(work: UnitOfWork, falls_away: str, stays: str) -> None:
    """Let the measures that cover one record cover another too: both are one person's (二重登録の解消)."""
    covering = select(protected_person.c.measure_id, cast(literal(stays), Uuid(as_uuid=False)), literal(_LAST)).where(
        protected_person.c.person_id == falls_away
    )
    added = upsert(protected_person).from_select(["measure_id", "person_id", "place"], covering)
    await work.run(added.on_conflict_do_nothing())


_LAST: Final = 1_000
"""The place of a record that joined a measure later, behind everybody who was named at first."""
