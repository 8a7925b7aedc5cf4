"""The office of the sandbox that issues certificates and revokes them: a folder with its CAs and its book.

There are two generations of a CA for each purpose, both with one name, as at J-LIS. ``authorities.toml`` is what a
verifier pins. Nothing here is a secret worth keeping.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509 import ocsp

from registry.jpki.profile import Purpose
from registry.sandbox.jpki.certificates import HolderTexts, Issuer, make_ca, make_leaf, make_responder, new_key

GENERATIONS: Final = (1, 2)
PINNED: Final = "authorities.toml"
BOOK: Final = "book.json"
GOOD_FOR: Final = timedelta(days=1)
"""How long a list and an answer are good."""

A_LITTLE_EARLIER: Final = timedelta(minutes=5)
"""How far back whatever is issued begins, for clocks that are behind."""

PRIVATE: Final = 0o600


class OfficeRefused(Exception):  # noqa: N818 - a refusal
    """The folder is no office of the sandbox, or not one in which this can be done; the message says why."""


class Issued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A certificate that was issued; ``who`` is a name of the cast, ``authority`` the key of the CA."""

    who: str
    purpose: Purpose
    authority: str
    serial: str
    revoked_since: datetime | None = None


class Office:
    """An office in a folder. ``address`` is where its lists and answers are served."""

    def __init__(self, folder: Path) -> None:
        """Open the office; raises :class:`OfficeRefused` where there is none."""
        self.folder = folder
        try:
            self.address = (folder / "address").read_text(encoding="utf-8").strip()
            self._issuers = [self._issuer(purpose, generation) for purpose in Purpose for generation in GENERATIONS]
        except (OSError, ValueError):
            raise OfficeRefused(f"{folder} is no office: `registry sandbox card issue` makes one") from None

    @classmethod
    def open_or_make(cls, folder: Path, address: str, now: datetime) -> "Office":
        """Open the office in a folder; make it where the folder is not there."""
        if not folder.exists():
            _make(folder, address.rstrip("/"), now)
        return cls(folder)

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """Every generation of every CA."""
        return tuple(self._issuers)

    def issuer(self, purpose: Purpose, generation: int) -> Issuer:
        """Return one generation of one CA."""
        return self._issuers[list(Purpose).index(purpose) * len(GENERATIONS) + GENERATIONS.index(generation)]

    def _issuer(self, purpose: Purpose, generation: int) -> Issuer:
        name = f"{purpose}-{generation}"
        return Issuer(
            purpose=purpose,
            certificate=x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes()),
            key=_read_key(self.folder / f"{name}.key"),
            crl=f"{self.address}/crl/{name}",
            ocsp=f"{self.address}/ocsp/{name}",
        )

    # ------------------------------------------------------------------------------------------- the book

    def book(self) -> list[Issued]:
        """Return every certificate that was issued."""
        return msgspec.json.decode((self.folder / BOOK).read_bytes(), type=list[Issued])

    def issue(self, who: str, holder: HolderTexts, key: RSAPrivateKey, issuer: Issuer, now: datetime) -> bytes:
        """Issue a certificate for a key, write it into the book, and return it as PEM."""
        certificate = make_leaf(issuer, key.public_key(), holder, now - A_LITTLE_EARLIER)
        row = Issued(
            who=who, purpose=issuer.purpose, authority=_key_id(issuer), serial=f"{certificate.serial_number:x}"
        )
        self._write_book([*self.book(), row])
        return certificate.public_bytes(Encoding.PEM)

    def revoke(self, who: str, since: datetime) -> int:
        """Revoke what this person's cards hold; return how many certificates that were."""
        book = self.book()
        living = [one for one in book if one.who == who and one.revoked_since is None]
        self._write_book([msgspec.structs.replace(one, revoked_since=since) if one in living else one for one in book])
        return len(living)

    def _write_book(self, book: list[Issued]) -> None:
        beside = self.folder / f"{BOOK}.new"
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(book), indent=2))
        beside.replace(self.folder / BOOK)

    # ------------------------------------------------------------------------------------ what was revoked

    def crl(self, issuer: Issuer, now: datetime) -> bytes:
        """Return the CA's list as of now; a later one has a higher number."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + GOOD_FOR)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1_000_000)), critical=False)
        )
        for one in self.book():
            if one.authority == _key_id(issuer) and one.revoked_since is not None:
                entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16))
                builder = builder.add_revoked_certificate(entry.revocation_date(one.revoked_since).build())
        return builder.sign(issuer.key, SHA256()).public_bytes(Encoding.DER)

    def ocsp(self, issuer: Issuer, request: bytes, now: datetime) -> bytes:
        """Answer a request in the CA's place; raises ValueError where it is none."""
        asked = ocsp.load_der_ocsp_request(request)
        name = f"{issuer.purpose}-{1 + self._issuers.index(issuer) % len(GENERATIONS)}"
        responder = x509.load_pem_x509_certificate((self.folder / f"{name}.ocsp.pem").read_bytes())
        serial = f"{asked.serial_number:x}"
        row = next((one for one in self.book() if (one.authority, one.serial) == (_key_id(issuer), serial)), None)
        since = row.revoked_since if row else None
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                asked.serial_number,
                asked.hash_algorithm,
                _status(row),
                now,
                now + GOOD_FOR,
                since,
                x509.ReasonFlags.unspecified if since else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
            .certificates([responder])
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(_read_key(self.folder / f"{name}.ocsp.key"), SHA256()).public_bytes(Encoding.DER)


def _status(row: Issued | None) -> ocsp.OCSPCertStatus:
    if row is None:
        return ocsp.OCSPCertStatus.UNKNOWN
    return ocsp.OCSPCertStatus.GOOD if row.revoked_since is None else ocsp.OCSPCertStatus.REVOKED


def _key_id(issuer: Issuer) -> str:
    return issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()


def _make(folder: Path, address: str, now: datetime) -> None:
    begins = now - A_LITTLE_EARLIER
    folder.mkdir(mode=0o700, parents=True)
    pinned, responder = [], new_key()
    for purpose in Purpose:
        for generation in GENERATIONS:
            name, key = f"{purpose}-{generation}", new_key()
            lines = f"{address}/crl/{name}", f"{address}/ocsp/{name}"
            issuer = Issuer(
                purpose=purpose, certificate=make_ca(purpose, key, begins), key=key, crl=lines[0], ocsp=lines[1]
            )
            answering = make_responder(issuer, responder.public_key(), begins)
            for stem, certificate, private in ((name, issuer.certificate, key), (f"{name}.ocsp", answering, responder)):
                (folder / f"{stem}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
                _write_key(folder / f"{stem}.key", private)
            entry = {"purpose": purpose, "certificate": f"{name}.pem", "crl": lines[0], "ocsp": lines[1]}
            pinned.append("\n".join(["[[authority]]", *(f'{field} = "{value}"' for field, value in entry.items()), ""]))
    (folder / PINNED).write_text("\n".join(pinned), encoding="utf-8")
    (folder / BOOK).write_bytes(b"[]")
    (folder / "address").write_text(f"{address}\n", encoding="utf-8")


def _write_key(path: Path, key: RSAPrivateKey) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _read_key(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path.name} is no RSA key")  # noqa: TRY004 - what lies there is wrong, not a type of ours
    return key
