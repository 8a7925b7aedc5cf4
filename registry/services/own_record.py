"""自己の記録: what is held about the person who signed in, and who saw it (個人情報保護法76条、番号法31条).

Which record that is says the account alone (``holders``): nothing that a visitor sends names a record, so nobody's but
their own can be reached. A route that shows it declares level ① (``registry.domain.sign_in.Level.JPKI``).
"""

from datetime import datetime
from typing import Final

import msgspec

from registry.domain.basic_four import Confidential
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.sign_in import SignedIn
from registry.domain.timeline import Timeline, Version
from registry.services import access_record, disclosure_log, holders
from registry.services.access_record import BASIS, Request
from registry.services.jpki import Cards
from registry.services.resources import japan_date
from registry.store import submissions
from registry.store.holders import Holder
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure, read_content
from registry.transparency.receipt import AccessRecord

OPERATION: Final = "own-record"


class OwnRecord(Confidential, frozen=True, kw_only=True):
    """A person's own record. ``today`` are the versions that hold, or may hold, today; ``versions`` all, oldest first.

    個人番号 and 住民票コード are in none of them; ``has_number`` says whether a number is held.
    ``confirmed`` is False while a link of the record waits for confirmation. ``signed_at`` and ``submission_id`` say
    when and by which application the account was joined to the record.
    """

    today: tuple[Version, ...]
    versions: tuple[Version, ...]
    has_number: bool
    confirmed: bool
    signed_at: datetime
    submission_id: str


class OwnAccessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who saw a person's data: ``entries`` newest first, and the ``file`` by which each can be checked off line.

    ``body`` of an entry is the code of who asked; the person's own account where that was themselves. What they
    had handed out like this bears the registry's code, and their account as who handled it.
    """

    entries: tuple[Disclosure, ...]
    file: AccessRecord


async def own_record(cards: Cards, session: SignedIn) -> OwnRecord | None:
    """Return the record of who signed in; None where the account is joined to none: they sign an application first.

    The reading stands in the log before anything is returned. Raises :class:`registry.jpki.refusals.JpkiRefused` where
    it cannot be learnt now whether their card still stands.
    """
    resources, account = cards.resources, session.account.account_id
    holder = await holders.of_account(cards, account)
    if holder is None:
        return None
    async with resources.work() as work:
        timeline = await holders.opened(resources, work, holder)
        if timeline is not None:
            shown = await _shown(work, holder, timeline, cards)
            await _log(cards, work, session, holder)
            await work.commit()
            return shown
    await holders.part_from_record(resources, holder)
    return None


async def own_access_record(cards: Cards, session: SignedIn) -> OwnAccessRecord | None:
    """Return who saw the record of who signed in; None and raises as :func:`own_record`.

    Raises NotFound besides where no entry about them has its place in the log yet: a few seconds later one has.
    """
    resources = cards.resources
    holder = await holders.of_account(cards, session.account.account_id)
    if holder is None:
        return None
    async with resources.work() as work:
        is_own = await holders.opened(resources, work, holder) is not None
    if not is_own:
        await holders.part_from_record(resources, holder)
        return None
    request = Request(person_id=holder.person_id, handled_by=holder.account)
    file = await access_record.access_record(resources, request)
    entries = (read_content(one.content.encode()) for one in reversed(file.entries))
    return OwnAccessRecord(entries=tuple(entries), file=file)


async def _shown(work: UnitOfWork, holder: Holder, timeline: Timeline, cards: Cards) -> OwnRecord:
    today = japan_date(cards.resources.clock())
    return OwnRecord(
        today=tuple(_without_numbers(version) for version, _ in timeline.on(today)),
        versions=tuple(map(_without_numbers, timeline.versions)),
        has_number=any(one.state.individual_number is not None for one in timeline.versions[-1:]),
        confirmed=await submissions.is_confirmed(work, holder.person_id),
        signed_at=holder.signed_at,
        submission_id=holder.submission_id,
    )


def _without_numbers(version: Version) -> Version:
    """Return a version as it is shown: a number on a screen is a number that somebody else reads."""
    state = msgspec.structs.replace(
        version.state, individual_number=None, number_reason=None, resident_record_code=None
    )
    return msgspec.structs.replace(version, state=state)


async def _log(cards: Cards, work: UnitOfWork, session: SignedIn, holder: Holder) -> None:
    resources = cards.resources
    now = resources.clock()
    disclosure = Disclosure(
        asked_at=now,
        provided_at=now,
        body=holder.account,
        key_id=session.session_id,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        operation=OPERATION,
        outcome="found",
        correlation_id=resources.new_id(),
        basis=BASIS,
    )
    await disclosure_log.record(resources, work, disclosure, (holder.person_id,))
