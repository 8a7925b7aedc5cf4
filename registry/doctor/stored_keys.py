"""The keys and the database together: does this master key open what is stored, and does the index key find it."""

from collections.abc import AsyncIterator
from typing import Final

from registry.doctor.finding import Code, Finding, near, wrong
from registry.doctor.visit import Visit
from registry.domain.search_terms import terms
from registry.services.records import identities_of
from registry.store import health, records, search_generations
from registry.store.keyring import Keyring, Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.vault.keys import KeyProvider, KeysRefused
from registry.vault.providers import key_provider
from registry.vault.sealing import SealBroken
from registry.vault.search_keys import SearchKeys


async def keys_of_months(visit: Visit) -> AsyncIterator[Finding]:
    """Find that the key of this month is not there yet, and keys of months that the master key does not open."""
    provider = _provider(visit)
    month_keys = await health.month_keys(visit.work)
    month = f"{visit.moment:%Y-%m}"
    if month not in {key.month for key in month_keys}:
        yield near(
            Code.MONTH_KEY_MISSING,
            (f"the key of the month {month} is not made yet", f"{month} の月鍵がまだありません"),
            ("make it, or the first transaction of the month makes all others wait", "前もって作ってください"),
            "registry keys prepare",
        )
    for key in month_keys:
        if provider is not None and not key.opens_with(provider):
            yield wrong(
                Code.MONTH_KEY_UNREADABLE,
                (
                    f"the master key does not open the key of {key.month}",
                    f"マスター鍵で {key.month} の月鍵を開けません",
                ),
                (
                    "REGISTRY_KEYS and REGISTRY_DSN do not belong together: set the right one; never make new keys",
                    "REGISTRY_KEYS と REGISTRY_DSN の組合せが違います。正しい方を設定し、新しい鍵は作らないでください",
                ),
            )


async def index_key(visit: Visit) -> AsyncIterator[Finding]:
    """Find that one record, opened in memory, cannot be found by the search keys that this key makes of it."""
    provider = _provider(visit)
    generation = (await search_generations.now(visit.work)).searched
    sample = await health.sample(visit.work, generation)
    if provider is None or sample is None:
        return
    try:
        made = await _keys_of(visit.work, SearchKeys(provider, generation), Keyring(provider), sample.person_id)
    except (SealBroken, Shredded):
        return  # the other check says so, or the record is shredded
    if not made & sample.keys:
        yield wrong(
            Code.INDEX_KEY_UNFIT,
            (
                "the index key is not the one by which people are registered: nobody is found, everybody comes twice",
                "検索鍵が登録時のものと違います。誰も見つからず、二重に登録されます",
            ),
            (
                "stop the registry and put back the key file of this database",
                "システムを止め、正しい鍵ファイルを戻してください",
            ),
        )


CHECKS: Final = (keys_of_months, index_key)


def _provider(visit: Visit) -> KeyProvider | None:
    """Return the keys, to look and never to write; None where the checks of key files have said why not."""
    if not visit.patient.has("REGISTRY_KEYS"):
        return None
    try:
        return key_provider(visit.patient.settings.keys, production=False)
    except (KeysRefused, OSError):
        return None


async def _keys_of(work: UnitOfWork, search_keys: SearchKeys, keyring: Keyring, person_id: str) -> frozenset[bytes]:
    movements = await records.movements_of(work, keyring, person_id)
    return frozenset(search_keys.of(one.kind, *one.parts).key for one in terms(identities_of(movements)))
