"""What a check of the database is given: one read-only transaction, and the time in which the registry lives."""

from datetime import date, datetime, timedelta

import msgspec

from registry.doctor.patient import Patient
from registry.services.resources import japan_date
from registry.store.unit_of_work import UnitOfWork


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One look into the database. ``now`` is this machine's time, ``ahead`` how far the sandbox's clock is moved."""

    patient: Patient
    work: UnitOfWork
    now: datetime
    ahead: timedelta

    @property
    def moment(self) -> datetime:
        """The registry's own time."""
        return self.now + self.ahead

    @property
    def today(self) -> date:
        """The registry's own date in Japan."""
        return japan_date(self.moment)
