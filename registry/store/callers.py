"""Who may sign, which signatures were used, and what was answered under which key."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import ARRAY, BigInteger, cast, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.domain.disclosure import BodyKind, Condition, Grant, Item, Mode, SearchKey
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import Place, SealingKey, open_sealed, seal


class RegisteredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key and the body that it speaks for. ``public_key`` is PEM; ``valid_to`` is exclusive."""

    key_id: str
    body: str
    body_kind: BodyKind
    public_key: bytes
    valid_from: datetime
    valid_to: datetime | None = None


async def register_key(work: UnitOfWork, key: RegisteredKey) -> None:
    """Register a public key, or put another in the place of one with the same id."""
    values = msgspec.structs.asdict(key)
    statement = upsert(t.client_key).values(values)
    await work.run(statement.on_conflict_do_update(index_elements=["key_id"], set_=values))


async def registered_keys(work: UnitOfWork) -> tuple[RegisteredKey, ...]:
    """Return every registered key, those no longer valid included."""
    return tuple(
        RegisteredKey(**(dict(row) | {"body_kind": BodyKind(row["body_kind"])}))
        for row in await work.rows(select(t.client_key))
    )


async def use_nonce(work: UnitOfWork, key_id: str, nonce: str, expires: datetime) -> bool:
    """Take a nonce for this request; False when it was used before: a replay."""
    return (await work.run(_TAKE_NONCE, {"key_id": key_id, "nonce": nonce, "expires": expires})).rowcount == 1


_TAKE_NONCE: Final = upsert(t.nonce).on_conflict_do_nothing()


async def forget_nonces(work: UnitOfWork, before: datetime) -> None:
    """Forget nonces whose signatures have run out and are refused for that alone."""
    await work.run(delete(t.nonce).where(t.nonce.c.expires < before))


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer given under a key: status, headers that belong to it, body, and whether it was a refusal."""

    refused: bool = False
    status: int
    headers: dict[str, str]
    body: bytes


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a sender's key: the hash of the first request, and the answer once it was given."""

    request_hash: bytes
    owner: str | None
    status: int | None
    sealed: bytes | None

    def answer(self, key: SealingKey, body: str, idempotency_key: str) -> StoredAnswer:
        """Open the stored answer with the data key of ``owner``."""
        sealed = self.sealed or b""
        return msgspec.msgpack.decode(open_sealed(key, _place(body, idempotency_key), sealed), type=StoredAnswer)


async def lock_idempotency(work: UnitOfWork, body: str, keys: Iterable[str]) -> None:
    """Let nobody else act under these keys of a sender until the transaction ends, in one order for everybody.

    It comes before any other lock: a report that is sent alone and in a batch at once waits, and never in a circle.
    """
    hashes = (sha256(f"{body} {key}".encode()).digest() for key in keys)
    numbers = sorted({int.from_bytes(one[:8], signed=True) for one in hashes})
    taken = func.unnest(cast(numbers, ARRAY(BigInteger))).column_valued("number")
    await work.run(select(func.pg_advisory_xact_lock(taken)))


async def claim_key(
    work: UnitOfWork, body: str, idempotency_key: str, request_hash: bytes, at: datetime
) -> Claim | None:
    """Claim a sender's key for this request; None when it is free, else what stands under it.

    A request that comes while the first one is still under way waits here for its end.
    """
    row = {"body": body, "key": idempotency_key, "request_hash": request_hash, "received_at": at}
    taken = await work.run(upsert(t.idempotency).values(row).on_conflict_do_nothing())
    if taken.rowcount == 1:
        return None
    query = select(t.idempotency).where(t.idempotency.c.body == body, t.idempotency.c.key == idempotency_key)
    found = await work.one(query)
    if found is None:
        raise RuntimeError("an idempotency key vanished within one transaction")
    return Claim(**{field: found[field] for field in Claim.__struct_fields__})


async def keep_answer(
    work: UnitOfWork, key: SealingKey, owner: str, body: str, idempotency_key: str, answer: StoredAnswer
) -> None:
    """Keep an answer under the key claimed for it, sealed with the data key of ``owner``."""
    sealed = seal(key, _place(body, idempotency_key), msgspec.msgpack.encode(answer))
    await work.run(
        update(t.idempotency)
        .where(t.idempotency.c.body == body, t.idempotency.c.key == idempotency_key)
        .values(status=answer.status, owner=owner, sealed=sealed)
    )


def _place(body: str, idempotency_key: str) -> Place:
    return Place(table="idempotency", row_id=f"{body} {idempotency_key}", column="sealed", version=0)


# ------------------------------------------------------------------------------------- grants and the log


async def grants(work: UnitOfWork) -> tuple[Grant, ...]:
    """Return the whole table of grants."""
    return tuple(
        Grant(
            body_kind=BodyKind(row["body_kind"]),
            affair=row["affair"],
            label=row["label"],
            bases=tuple(row["bases"]),
            items=frozenset(map(Item, row["items"])),
            searches=frozenset(map(SearchKey, row["searches"])),
            condition=Condition(row["condition"]),
            mode=Mode(row["mode"]),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
        )
        for row in await work.rows(select(t.grant_row).order_by(t.grant_row.c.grant_id))
    )


class DisclosureEntry(msgspec.Struct, frozen=True, kw_only=True):
    """情報提供等の記録 (番号法23条): who asked, for what, on which basis, what came out. No name, no number."""

    asked_at: datetime
    body: str
    key_id: str
    operation: str
    outcome: str
    correlation_id: str
    handled_by: str = ""
    affair: str = ""
    basis: str = ""
    search: str = ""
    items: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    number_accessed: bool = False
    person_id: str | None = None


async def record_disclosure(work: UnitOfWork, entry: DisclosureEntry) -> None:
    """Write one entry; it is committed with the request that it speaks of."""
    values = msgspec.structs.asdict(entry) | {"items": list(entry.items), "codes": list(entry.codes)}
    await work.run(_RECORD, values)


# Inline: asking for the new id would need the right to read the log, which the application has not.
_RECORD: Final = insert(t.disclosure_entry).inline()
