"""Who may sign, which signatures were used, and what was answered under which key."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import CursorResult, delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.domain.disclosure import BodyKind, Condition, Grant, Item, Mode, SearchKey
from registry.store import tables as t
from registry.store.at_hand import Claim
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Prepared
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


def use_nonce(work: UnitOfWork, key_id: str, nonce: str, expires: datetime) -> None:
    """Take a nonce for this request; where it was used before, writing raises ``Taken`` with :data:`NONCE`."""
    work.later(_NONCE, {"key_id": key_id, "nonce": nonce, "expires": expires})


_NONCE: Final = Insertion(t.nonce)
NONCE: Final = "pk_nonce"
"""What says in the database that a nonce is used once."""


async def forget_nonces(work: UnitOfWork, before: datetime) -> None:
    """Forget nonces whose signatures have run out and are refused for that alone."""
    await work.run(delete(t.nonce).where(t.nonce.c.expires < before))


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer given under a key: status, headers that belong to it, body, and whether it was a refusal."""

    refused: bool = False
    status: int
    headers: dict[str, str]
    body: bytes


async def lock_idempotency(work: UnitOfWork, body: str, keys: Iterable[str]) -> None:
    """Let nobody else act under these keys of a sender until the transaction ends, in one order for everybody.

    It comes before any other lock: a report that is sent alone and in a batch at once waits, and never in a circle.
    What stands under the keys is then at hand, and the transaction acts for that body (:mod:`registry.store.sight`).
    """
    wanted = list(keys)
    hashes = (sha256(f"{body} {key}".encode()).digest() for key in wanted)
    numbers = sorted({int.from_bytes(one[:8], signed=True) for one in hashes})
    for row in await work.run_prepared(_ATTEND, {"body": body, "locks": numbers, "keys": wanted}):
        claim = Claim(**{field: row[field] for field in Claim.__struct_fields__})
        work.at_hand.claims.setdefault((body, row["key"]), claim)


_ATTEND: Final = Prepared(
    text(
        """
        SELECT key, CAST(owner AS text) AS owner, request_hash, status, sealed
        FROM attend_to(CAST(:body AS text), CAST(:locks AS bigint[]), CAST(:keys AS text[]))
        """
    )
)


def claim_key(work: UnitOfWork, body: str, idempotency_key: str, request_hash: bytes) -> Claim | None:
    """Claim a sender's key, which is locked, for this request; None when it is free, else what stands under it."""
    taken = work.at_hand.claims.get((body, idempotency_key))
    if taken is None:
        work.at_hand.claims[body, idempotency_key] = Claim(request_hash=request_hash)
    return taken


def keep_answer(
    work: UnitOfWork,
    key: SealingKey,
    owner: str,
    body: str,
    idempotency_key: str,
    answer: StoredAnswer,
    at: datetime,
) -> None:
    """Keep an answer under the key claimed for it, sealed with the data key of ``owner``."""
    claim = work.at_hand.claims[body, idempotency_key]
    sealed = seal(key, _place(body, idempotency_key), msgspec.msgpack.encode(answer))
    kept = msgspec.structs.replace(claim, owner=owner, status=answer.status, sealed=sealed)
    work.at_hand.claims[body, idempotency_key] = kept
    row = msgspec.structs.asdict(kept) | {"body": body, "key": idempotency_key, "received_at": at}
    work.later(_IDEMPOTENCY, row)


_IDEMPOTENCY: Final = Insertion(t.idempotency)


def answer_of(claim: Claim, key: SealingKey, body: str, idempotency_key: str) -> StoredAnswer:
    """Return the answer kept under a sender's key, opened with the data key of the claim's owner."""
    opened = open_sealed(key, _place(body, idempotency_key), claim.sealed or b"")
    return msgspec.msgpack.decode(opened, type=StoredAnswer)


async def forget_answers(work: UnitOfWork, before: datetime, *, at_most: int) -> int:
    """Delete answers given before a moment, ``at_most`` so many, and return how many; the database keeps the young."""
    some = select(t.idempotency.c.body, t.idempotency.c.key).where(t.idempotency.c.received_at < before).limit(at_most)
    which = tuple_(t.idempotency.c.body, t.idempotency.c.key).in_(some)
    gone: CursorResult[Any] = await work.run(delete(t.idempotency).where(which))
    return gone.rowcount


def _place(body: str, idempotency_key: str) -> Place:
    return Place(table="idempotency", row_id=f"{body} {idempotency_key}", column="sealed", version=0)


# ------------------------------------------------------------------------------------------------ grants


async def grants(work: UnitOfWork) -> tuple[Grant, ...]:
    """Return the statutory rows of the table of grants."""
    return tuple(
        Grant(
            grant_id=row["grant_id"],
            body_kind=BodyKind(row["body_kind"]),
            affair=row["affair"],
            label=row["label"],
            label_en=row["label_en"],
            bases=tuple(row["bases"]),
            items=frozenset(map(Item, row["items"])),
            searches=frozenset(map(SearchKey, row["searches"])),
            condition=Condition(row["condition"]),
            mode=Mode(row["mode"]),
            may_withhold=row["may_withhold"],
            delivers_protected=row["delivers_protected"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
        )
        for row in await work.rows(select(t.grant_row).order_by(t.grant_row.c.grant_id))
    )
