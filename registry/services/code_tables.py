"""The tables of codes as every use case has them: from the database, replaced when others come into force."""

from collections.abc import Mapping
from datetime import date

from registry.code_tables.files import Country, countries_of, missions_of, municipalities_of
from registry.code_tables.shapes import TableName
from registry.domain.mission import MissionTable
from registry.domain.municipality import MunicipalityTable
from registry.store import code_tables
from registry.store.unit_of_work import UnitOfWork


class CodeTables:
    """Holds the tables in force. Everybody who works with one registry shares one of these.

    A request that asks twice may meet two versions; rows carry their periods, so both say the same of any day that
    neither of them is about.
    """

    def __init__(self) -> None:
        self._versions: Mapping[TableName, int] = {}
        self._texts: Mapping[TableName, str] = {}

    async def refresh(self, work: UnitOfWork, today: date) -> bool:
        """Take over the versions in force today; return whether any of them is another one than before."""
        versions = await code_tables.in_force(work, today)
        if versions == self._versions:
            return False
        self._texts = await code_tables.texts(work, versions)
        self._versions = versions
        return True

    def read(self) -> None:
        """Make values of the texts now, which takes a fifth of a second, and not when somebody first asks."""
        for table in (self.municipalities, self.missions, self.countries):
            iter(table)

    @property
    def municipalities(self) -> MunicipalityTable:
        """Every municipality known, present and past."""
        return municipalities_of(self._text(TableName.MUNICIPALITIES))

    @property
    def missions(self) -> MissionTable:
        """Every mission known, with its names and consular areas."""
        return missions_of(*map(self._text, (TableName.MISSIONS, TableName.MISSION_NAMES, TableName.AREAS)))

    @property
    def countries(self) -> Mapping[str, Country]:
        """The countries and territories by their alpha-2 code."""
        return countries_of(self._text(TableName.COUNTRIES))

    def _text(self, table: TableName) -> str:
        if table not in self._texts:
            raise RuntimeError("the tables of codes were not loaded: run `registry migrate`")
        return self._texts[table]
