"""What the console keeps, in the file of the spool: who is signed in, what they are typing, who typed what was sent.

Everything that says something about anybody is sealed as payloads are. A session is known by the hash of its token, a
clerk by a keyed digest: neither opens or names anything. What is typed stays until it is sent or left for three days,
also when its session ends meanwhile: a paper is worth more than fifteen minutes of patience.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from embassy_gateway.spool import Spool
from registry.contract.evidence import evidence_hash
from registry.domain.sign_in import OF_STAFF, SIGN_IN_WITHIN, SignedIn

DRAFT_KEPT_FOR: Final = timedelta(days=3)
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS console_session (
    token_hash BLOB PRIMARY KEY,
    content BLOB NOT NULL,            -- sealed: who signed in, and what the provider gave for it
    seen_at REAL NOT NULL,
    ends_at REAL NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS console_draft (
    account TEXT PRIMARY KEY,
    content BLOB NOT NULL,            -- sealed: what was typed so far
    saved_at REAL NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS console_used_sign_in (
    state TEXT PRIMARY KEY,
    until REAL NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS clerk_token (
    hash TEXT PRIMARY KEY,            -- as the evidence of reports names it
    token BLOB NOT NULL               -- sealed: the ID token by which the clerk signed in; kept as long as the evidence
) STRICT""",
)

Typed = dict[str, str]
"""What stands in the fields of a form, by their names."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A session with what the provider gave for it; ``access_token`` is exchanged for tokens towards the registry."""

    session: SignedIn
    id_token: str
    access_token: str

    def __repr__(self) -> str:
        return f"Kept({self.session.session_id})"


class Keeping:
    """The tables of the console."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        with spool.writing() as db:
            for table in _TABLES:
                db.execute(table)

    # ------------------------------------------------------------------------------------------- sign-in

    def use_up(self, state: str, now: datetime) -> bool:
        """Take a sign-in once and for all; return whether it was not used before."""
        with self._spool.writing() as db:
            db.execute("DELETE FROM console_used_sign_in WHERE until <= ?", (now.timestamp(),))
            until = (now + 2 * SIGN_IN_WITHIN).timestamp()
            return db.execute("INSERT OR IGNORE INTO console_used_sign_in VALUES (?, ?)", (state, until)).rowcount > 0

    def open(self, token: bytes, kept: Kept, replacing: bytes | None) -> None:
        """Add a session, in the place of that of the token ``replacing``; forget those that are long over."""
        name, session = _hash(token), kept.session
        content = self._spool.key.seal(msgspec.msgpack.encode(kept), "console_session", name.hex(), "content")
        with self._spool.writing() as db:
            db.execute(
                "DELETE FROM console_session WHERE ends_at <= ? OR token_hash = ?",
                ((session.opened_at - OF_STAFF.whole).timestamp(), b"" if replacing is None else _hash(replacing)),
            )
            row = (name, content, session.seen_at.timestamp(), session.ends_at.timestamp())
            db.execute("INSERT INTO console_session VALUES (?, ?, ?, ?)", row)

    def session(self, token: bytes, now: datetime) -> Kept | None:
        """Return the session of a token, be it over or not, and note that it was heard of unless it is over."""
        name = _hash(token)
        with self._spool.writing() as db:
            row = db.execute("SELECT content, seen_at FROM console_session WHERE token_hash = ?", (name,)).fetchone()
            if row is None:
                return None
            content = self._spool.key.open(row["content"], "console_session", name.hex(), "content")
            kept = msgspec.msgpack.decode(content, type=Kept)
            seen_at = datetime.fromtimestamp(row["seen_at"], now.tzinfo)
            kept = msgspec.structs.replace(kept, session=msgspec.structs.replace(kept.session, seen_at=seen_at))
            if not kept.session.is_over(now):
                db.execute("UPDATE console_session SET seen_at = ? WHERE token_hash = ?", (now.timestamp(), name))
        return kept

    def end(self, token: bytes) -> None:
        """End the session of a token."""
        with self._spool.writing() as db:
            db.execute("DELETE FROM console_session WHERE token_hash = ?", (_hash(token),))

    # ------------------------------------------------------------------------------------------- what is typed

    def draft(self, account: str) -> Typed | None:
        """Return what somebody was typing; None where they were not."""
        with self._spool.reading() as db:
            row = db.execute("SELECT content FROM console_draft WHERE account = ?", (account,)).fetchone()
        if row is None:
            return None
        content = self._spool.key.open(row["content"], "console_draft", account, "content")
        return msgspec.json.decode(content, type=Typed)

    def keep_draft(self, account: str, typed: Typed, now: datetime) -> None:
        """Keep what somebody is typing, in the place of what was kept before; forget drafts that were left."""
        content = self._spool.key.seal(msgspec.json.encode(typed), "console_draft", account, "content")
        with self._spool.writing() as db:
            db.execute("DELETE FROM console_draft WHERE saved_at <= ?", ((now - DRAFT_KEPT_FOR).timestamp(),))
            db.execute("INSERT OR REPLACE INTO console_draft VALUES (?, ?, ?)", (account, content, now.timestamp()))

    def drop_draft(self, account: str) -> None:
        """Forget what somebody was typing: it was sent, or is not wanted any more."""
        with self._spool.writing() as db:
            db.execute("DELETE FROM console_draft WHERE account = ?", (account,))

    # ------------------------------------------------------------------------------------------- who typed it

    def keep_token(self, id_token: str) -> str:
        """Keep the token by which a clerk signed in, for as long as evidence names it; return how it is named."""
        name = evidence_hash(id_token)
        sealed = self._spool.key.seal(id_token.encode(), "clerk_token", name, "token")
        with self._spool.writing() as db:
            db.execute("INSERT OR IGNORE INTO clerk_token VALUES (?, ?)", (name, sealed))
        return name

    def token(self, name: str) -> str | None:
        """Return the token that evidence names."""
        with self._spool.reading() as db:
            row = db.execute("SELECT token FROM clerk_token WHERE hash = ?", (name,)).fetchone()
        return None if row is None else self._spool.key.open(row["token"], "clerk_token", name, "token").decode()


def _hash(token: bytes) -> bytes:
    return sha256(token).digest()
