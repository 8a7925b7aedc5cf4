"""Data keys as they lie in the database: wrapped by the key of a month, which the master key wraps.

The secrets of the log's years (table ``log_year``) are wrapped by keys of months as well: who rewraps one kind of row,
or destroys the key of a month, has to think of both.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.domain.mission import JAPAN
from registry.store import log_tables
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Row
from registry.vault.keys import DataKey, Kek, KeyProvider, WrappedDataKey, WrappedKek
from registry.vault.log_keys import LogYear

SERVICE: str = "00000000-0000-0000-0000-000000000000"
"""The owner of the data key for what belongs to no single person: stored answers without personal data."""

KEKS_A_MONTH: Final = 100

KEY_COLUMNS: Final = (
    t.data_key.c.owner.label("owner"),
    t.data_key.c.kek_id,
    t.data_key.c.wrapped.label("key_wrapped"),
    t.monthly_kek.c.wrapped.label("kek_wrapped"),
)
"""What a statement reads of a data key. One that reads what the key sealed reads both at once: a rotation between two
statements would leave the one with the old key and the other with what the new one sealed."""

WITH_KEK: Final = t.data_key.join(t.monthly_kek)

_DATA_KEY: Final = Insertion(t.data_key)


class Shredded(Exception):  # noqa: N818 - a fact about the past, not an accident
    """The data key of this owner was destroyed, and with it all that it sealed; or there never was one."""


class Keyring:
    """Makes and finds data keys. Unwrapped month keys are kept in memory; data keys only while they are used."""

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        # By the wrapped key and not by its id: what one transaction made and undid must never wrap for another.
        self._keks: dict[bytes, Kek] = {}
        self._of_month: dict[int, Kek] = {}
        self._service: DataKey | None = None
        self._log_year: LogYear | None = None

    async def make(self, work: UnitOfWork, owner: str, now: datetime) -> DataKey:
        """Make a data key for ``owner``, a person or submission that has none yet."""
        kek = await self._kek_of_month(work, now)
        key, wrapped = DataKey.generate(kek, person_id=owner)
        work.later(_DATA_KEY, {"owner": owner, "kek_id": kek.key_id, "wrapped": wrapped.wrapped, "rotation": 0})
        return key

    async def successor(self, work: UnitOfWork, owner: str, now: datetime) -> tuple[DataKey, WrappedDataKey]:
        """Return a new key for an owner that has one, ready and wrapped; it is not stored yet."""
        return DataKey.generate(await self._kek_of_month(work, now), person_id=owner)

    async def find(self, work: UnitOfWork, owner: str) -> DataKey:
        """Return the data key of ``owner``; raises :class:`Shredded` when there is none."""
        row = await work.one(select(*KEY_COLUMNS).select_from(WITH_KEK).where(t.data_key.c.owner == owner))
        if row is None:
            raise Shredded
        return self.key_in(row)

    def key_in(self, row: Row | RowMapping) -> DataKey:
        """Return the data key in a row that has :data:`KEY_COLUMNS`; raises :class:`Shredded` where they are empty."""
        return self.unwrapped(str(row["owner"]), row["kek_id"], row["key_wrapped"], row["kek_wrapped"])

    def unwrapped(self, owner: str, kek_id: int | None, wrapped: bytes | None, kek_wrapped: bytes | None) -> DataKey:
        """Return a data key from what the database holds of it; raises :class:`Shredded` where that is nothing."""
        if kek_id is None or wrapped is None or kek_wrapped is None:
            raise Shredded
        stored = WrappedDataKey(person_id=owner, key_id=1, kek_id=kek_id, wrapped=wrapped)
        return DataKey.unwrap(self._kek(kek_id, kek_wrapped), stored)

    async def of_service(self, work: UnitOfWork, now: datetime) -> DataKey:
        """Return the key of :data:`SERVICE`, made at its first use; two at once end with the same key.

        Nobody else's key is ever made on finding none: what was shredded stays shredded.
        """
        if self._service is not None:
            return self._service
        try:
            return await self.find(work, SERVICE)
        except Shredded:
            kek = await self._kek_of_month(work, now)
            _, wrapped = DataKey.generate(kek, person_id=SERVICE)
            row = {"owner": SERVICE, "kek_id": kek.key_id, "wrapped": wrapped.wrapped, "rotation": 0}
            await work.run(upsert(t.data_key).values(row).on_conflict_do_nothing())
            return await self.find(work, SERVICE)

    async def log_year(self, work: UnitOfWork, at: datetime) -> LogYear:
        """Return the year of the log for what happens at a moment, made by whoever first needs it."""
        year = at.astimezone(JAPAN).year
        if self._log_year is not None and self._log_year.year == year:
            return self._log_year
        try:
            return await self.find_log_year(work, year)
        except Shredded:
            kek = await self._kek_of_month(work, at)
            _, made = LogYear.generate(kek, year)
            row = {"year": year, "kek_id": kek.key_id, "wrapped": made.wrapped}
            await work.run(upsert(log_tables.log_year).values(row).on_conflict_do_nothing())
            return await self.find_log_year(work, year)

    async def find_log_year(self, work: UnitOfWork, year: int) -> LogYear:
        """Return a year of the log; raises :class:`Shredded` when it was destroyed, or there never was one."""
        if year not in work.at_hand.log_years:
            of_year = select(log_tables.log_year, t.monthly_kek.c.wrapped.label("kek")).join(t.monthly_kek)
            row = await work.one(of_year.where(log_tables.log_year.c.year == year))
            if row is None:
                raise Shredded
            kek = self._kek(row["kek_id"], row["kek"])
            work.at_hand.log_years[year] = LogYear.unwrap(kek, year, row["wrapped"])
        return work.at_hand.log_years[year]

    async def prepare(self, work: UnitOfWork, now: datetime) -> None:
        """Make the keys that every request needs, so that none makes them while all others wait for its end.

        The transaction does nothing else. What it finds others have committed, so from then on it needs no reading.
        What was destroyed meanwhile is forgotten here as well.
        """
        stored = frozenset((await work.run(select(t.monthly_kek.c.wrapped))).scalars())
        self._keks = {wrapped: kek for wrapped, kek in self._keks.items() if wrapped in stored}
        month = _month(now)
        found = await self._newest_kek(work, month)
        self._of_month = {} if found is None else {month: found}
        await self._kek_of_month(work, now)
        await self._prepare_log_year(work, now)
        self._service = None
        try:
            self._service = await self.find(work, SERVICE)
        except Shredded:
            await self.of_service(work, now)

    async def renew(self, work: UnitOfWork, now: datetime) -> int:
        """Make a further key of the month, which wraps from now on, and return its id.

        Processes at work follow when they :meth:`prepare` next; raises ValueError where the month has had its share.
        """
        last = await self._kek_of_month(work, now)
        if last.key_id % KEKS_A_MONTH == KEKS_A_MONTH - 1:
            raise ValueError("this month has had as many keys as a month can have")
        await self._make_kek(work, last.key_id + 1, now)
        return last.key_id + 1

    async def current(self, work: UnitOfWork, now: datetime) -> int:
        """Return the id of the key that wraps at the moment, made if the month has none yet."""
        return (await self._kek_of_month(work, now)).key_id

    async def all_keks(self, work: UnitOfWork) -> dict[int, Kek]:
        """Return every key that wraps others, by its id."""
        rows = await work.rows(select(t.monthly_kek.c.kek_id, t.monthly_kek.c.wrapped))
        return {row["kek_id"]: self._kek(row["kek_id"], row["wrapped"]) for row in rows}

    async def _prepare_log_year(self, work: UnitOfWork, now: datetime) -> None:
        self._log_year = None
        try:
            self._log_year = await self.find_log_year(work, now.astimezone(JAPAN).year)
        except Shredded:
            await self.log_year(work, now)

    async def _kek_of_month(self, work: UnitOfWork, now: datetime) -> Kek:
        """Return the newest key of the month; the first is made by whoever first needs it."""
        month = _month(now)
        found = self._of_month.get(month) or await self._newest_kek(work, month)
        if found is None:
            await self._make_kek(work, month * KEKS_A_MONTH + 1, now)
            found = await self._newest_kek(work, month)
        if found is None:
            raise Shredded
        return found

    async def _make_kek(self, work: UnitOfWork, kek_id: int, now: datetime) -> None:
        _, made = Kek.generate(self._provider, key_id=kek_id, month=f"{now:%Y-%m}")
        values = {"kek_id": kek_id, "month": now.date().replace(day=1), "wrapped": made.wrapped}
        await work.run(upsert(t.monthly_kek).values(values).on_conflict_do_nothing())

    async def _newest_kek(self, work: UnitOfWork, month: int) -> Kek | None:
        first = month * KEKS_A_MONTH
        of_month = t.monthly_kek.c.kek_id.between(first, first + KEKS_A_MONTH - 1)
        query = select(t.monthly_kek.c.kek_id, t.monthly_kek.c.wrapped).where(of_month)
        row = await work.one(query.order_by(t.monthly_kek.c.kek_id.desc()).limit(1))
        return None if row is None else self._kek(row["kek_id"], row["wrapped"])

    def _kek(self, kek_id: int, wrapped: bytes) -> Kek:
        kek = self._keks.get(wrapped)
        if kek is None:
            month = f"{kek_id // KEKS_A_MONTH // 100:04}-{kek_id // KEKS_A_MONTH % 100:02}"
            kek = Kek.unwrap(self._provider, WrappedKek(key_id=kek_id, month=month, wrapped=wrapped))
            self._keks[wrapped] = kek
        return kek


def _month(now: datetime) -> int:
    """Return the month as 202405; the keys of May 2024 have the ids 20240501, 20240502, …, the newest the highest."""
    return now.year * 100 + now.month
