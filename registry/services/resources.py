"""What every use case is given: the database, the keys, the clock, the tables of codes. Wiring makes it, once."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from registry.contract.keys import SigningKey
from registry.domain.mission import JAPAN, MissionTable
from registry.domain.municipality import MunicipalityTable
from registry.services.code_tables import CodeTables
from registry.store.keyring import Keyring
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.note import NoteKey, Sign
from registry.transparency.witness import Witness
from registry.vault.keys import KeyProvider
from registry.vault.pseudonyms import Pseudonyms
from registry.vault.search_keys import SearchKeys


class OwnLog(msgspec.Struct, frozen=True, kw_only=True):
    """The log of disclosures as it shows itself: its public key under its name, how it signs, and who watches it."""

    key: NoteKey
    sign: Sign
    witnesses: tuple[Witness, ...] = ()


def real_time() -> datetime:
    """Return the moment in the world outside, in UTC; no sandbox moves it."""
    return datetime.now(UTC)


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """Everything outside the rules. ``clock`` gives the moment in UTC, ``new_id`` a fresh UUID as text.

    ``wall_clock`` is the time by which witnesses live too: where the sandbox moves ``clock``, it stays.
    """

    engine: AsyncEngine
    provider: KeyProvider
    keyring: Keyring
    search_keys: SearchKeys
    pseudonyms: Pseudonyms
    signing_key: SigningKey
    log: OwnLog
    codes: CodeTables
    clock: Callable[[], datetime]
    wall_clock: Callable[[], datetime] = real_time
    new_id: Callable[[], str]

    @property
    def missions(self) -> MissionTable:
        """The missions and consular areas in force."""
        return self.codes.missions

    @property
    def municipalities(self) -> MunicipalityTable:
        """The municipalities in force."""
        return self.codes.municipalities

    def work(self, *, only_reads: bool = False) -> UnitOfWork:
        """Return a unit of work that is not open yet; see there for one that ``only_reads``."""
        return UnitOfWork(self.engine, only_reads=only_reads)


def japan_date(moment: datetime) -> date:
    """Return the legal date in Japan at a moment."""
    return moment.astimezone(JAPAN).date()
