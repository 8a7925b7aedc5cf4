"""The keys in a token (an HSM, or SoftHSM2 in tests) that never gives them out, used through PKCS#11 (OASIS, v2.40).

Two keys, made inside the token by ``registry keys init-token``, neither of which it lets anybody read or wrap:

- ``registry-master`` (AES-256) wraps the keys of the months inside the token, by CKM_AES_GCM with the place as
  additional data. The envelope is the one of :mod:`registry.vault.sealing`.
- ``registry-mac`` (256 bits) makes the key of each label's MAC: HMAC-SHA-256 of the label, computed inside the token,
  once for each label and process. The MACs themselves are made in memory (decision 0019: what it costs otherwise).

So a registry at work asks its token when it starts, when it meets a label for the first time, and for each month.
"""

import hmac
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Final, TypeVar, cast

import msgspec
import pkcs11
from cryptography.exceptions import InvalidTag
from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import (
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.mechanisms import GCMParams, KeyType, Mechanism
from pkcs11.types import DecryptMixin, EncryptMixin, Object, Session, SignMixin, Token

from registry.vault.keys import MASTER_KEY_ID, KeysRefused, read_private
from registry.vault.sealing import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Place, SealingKey, open_sealed, seal
from registry.vault.token_uri import TokenUri

MASTER: Final = "registry-master"
MAC: Final = "registry-mac"

_CLOSED: Final = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.MODIFIABLE: False,
}
_PROBE: Final = b"does it open what it seals?"
_WRONG_PIN: Final = (PinIncorrect, PinInvalid, PinLenRange, PinLocked)

Got = TypeVar("Got")


class Pkcs11KeyProvider:
    """The keys in a token. Safe to use from several threads; a token that was restarted is logged in to again.

    Raises :class:`KeysRefused`, at once and whenever it is used, where the token cannot be reached or does not let us
    in, or where its keys are missing or could be read.
    """

    def __init__(self, uri: TokenUri) -> None:
        self._keys = _TokenKeys(uri)
        self._master = SealingKey(MASTER_KEY_ID, self._keys)
        self._mac_keys: dict[str, bytes] = {}

    def wrap(self, place: Place, key: bytes) -> bytes:
        """Return ``key`` sealed with the master key, for keeping at ``place``."""
        return seal(self._master, place, key)

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """Return the key wrapped for ``place``; raises SealBroken if ``wrapped`` is not that."""
        return open_sealed(self._master, place, wrapped)

    def mac(self, label: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``message`` under the key called ``label`` (32 bytes)."""
        key = self._mac_keys.get(label)
        if key is None:
            key = self._mac_keys[label] = self._keys.sign(label.encode())
        return hmac.digest(key, message, "sha256")


def make_keys(uri: TokenUri) -> None:
    """Make the two keys inside the token; raises :class:`KeysRefused` where it has either, or does not let us."""
    module = _module(uri.module_path)
    with module.gate:
        session = module.log_in(uri, rw=True)
        try:
            for label in (MASTER, MAC):
                if list(session.get_objects({Attribute.LABEL: label})):
                    raise KeysRefused(f"the token {uri.name} has a key {label} already: keys are never replaced")
            _generate_both(session)
        except PKCS11Error as error:
            raise KeysRefused(f"the token {uri.name} does not make the keys ({type(error).__name__})") from None


def _generate_both(session: Session) -> None:
    """Generate both keys, or none: half a pair would be in the way of the next attempt."""
    both = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
    bits = KEY_BYTES * 8
    master = session.generate_key(KeyType.AES, bits, label=MASTER, store=True, capabilities=both, template=_CLOSED)
    try:
        session.generate_key(
            KeyType.GENERIC_SECRET,
            bits,
            label=MAC,
            store=True,
            capabilities=MechanismFlag.SIGN,
            mechanism=Mechanism.GENERIC_SECRET_KEY_GEN,
            template=_CLOSED,
        )
    except PKCS11Error:
        master.destroy()
        raise


class _Module:
    """A PKCS#11 library as this process has it: loaded once, shared by everybody, used by one thread at a time.

    The binding calls C_Initialize without asking for locks, so the library may count on a single thread (PKCS#11
    v2.40 § 5.4), and releases the interpreter's lock while it calls. ``starts`` counts how often the library was
    started: handles of an earlier start are dead, and their numbers are given out again.
    """

    def __init__(self, path: Path) -> None:
        self.gate = RLock()
        self.starts = 1
        self._refused: set[tuple[TokenUri, str]] = set()
        try:
            self._library = pkcs11.lib(str(path))
        except PKCS11Error:
            raise KeysRefused(f"{path} is no PKCS#11 library, or does not start") from None

    def restart(self) -> None:
        """Start the library anew: some find a token that went away and came back in no other way."""
        self.starts += 1
        with suppress(PKCS11Error):
            self._library.finalize()
        try:
            self._library.initialize()
        except PKCS11Error as error:
            raise KeysRefused(f"the PKCS#11 library does not start ({type(error).__name__})") from None

    def log_in(self, uri: TokenUri, *, rw: bool = False) -> Session:
        """Return a session of the token's user. A PIN that was wrong is never tried again: tokens lock themselves."""
        pin = _read_pin(uri)
        if (uri, pin) in self._refused:
            raise KeysRefused(f"the PIN in {uri.pin_source} is wrong; it is not tried again")
        try:
            return self._session(self._token(uri), pin, rw=rw)
        except _WRONG_PIN as error:
            self._refused.add((uri, pin))
            raise KeysRefused(f"the PIN in {uri.pin_source} does not open the token ({type(error).__name__})") from None
        except PKCS11Error as error:
            raise KeysRefused(f"the token {uri.name} lets nobody in ({type(error).__name__})") from None

    def _token(self, uri: TokenUri) -> Token:
        try:
            found = [token for token in self._library.get_tokens() if _is_meant(token, uri)]
        except PKCS11Error as error:
            raise KeysRefused(f"the PKCS#11 library shows no tokens ({type(error).__name__})") from None
        if len(found) != 1:
            many = "no token" if not found else "more than one token"
            raise KeysRefused(f"{many} behind {uri.module_path} is what REGISTRY_KEYS says: {uri.name}")
        return found[0]

    def _session(self, token: Token, pin: str, *, rw: bool) -> Session:
        try:
            return token.open(rw=rw, user_pin=pin)
        except UserAlreadyLoggedIn:  # a login holds for all sessions of a process (PKCS#11 v2.40 § 5.6)
            return token.open(rw=rw)


@cache
def _module(path: Path) -> _Module:
    return _Module(path)


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Both keys as one session knows them, and the start of the library to which that session belongs."""

    start: int
    seals: EncryptMixin
    opens: DecryptMixin
    signs: SignMixin

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        done = self.seals.encrypt(
            data, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, associated_data, TAG_BYTES * 8)
        )
        return cast("bytes", done)  # bytes in, bytes out; an iterator only for an iterator

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        done = self.opens.decrypt(
            data, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, associated_data, TAG_BYTES * 8)
        )
        return cast("bytes", done)

    def sign(self, message: bytes) -> bytes:
        return self.signs.sign(message, mechanism=Mechanism.SHA256_HMAC)


class _TokenKeys:
    """Uses the two keys inside the token, on a new session where the old one is dead."""

    def __init__(self, uri: TokenUri) -> None:
        self._uri = uri
        self._module = _module(uri.module_path)
        with self._module.gate:
            self._ready = self._open()

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Return the ciphertext of ``data`` under the master key with its tag."""
        try:
            return self._use(lambda ready: ready.encrypt(nonce, data, associated_data))
        except PKCS11Error as error:
            raise KeysRefused(f"the token {self._uri.name} does not seal ({type(error).__name__})") from None

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Return what was encrypted; raises InvalidTag if ``data`` is not that.

        Tokens tell a wrong tag by many names, some of which also mean that the token is broken. So what a session
        refuses that has just opened what it sealed is itself at fault.
        """
        try:
            return self._use(lambda ready: ready.decrypt(nonce, data, associated_data))
        except PKCS11Error:
            raise InvalidTag from None

    def sign(self, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``message`` under the key of the MACs."""
        try:
            return self._use(lambda ready: ready.sign(message))
        except PKCS11Error as error:
            raise KeysRefused(f"the token {self._uri.name} makes no MAC ({type(error).__name__})") from None

    def _use(self, act: Callable[[_Ready], bytes]) -> bytes:
        """Act, and once more on a session opened for it; PKCS11Error means that the second one refuses as well."""
        with self._module.gate:
            if self._ready.start == self._module.starts:
                with suppress(PKCS11Error):
                    return act(self._ready)
            self._ready = self._reopened()
            return act(self._ready)

    def _reopened(self) -> _Ready:
        if self._ready.start != self._module.starts:  # another provider of this process has restarted the library
            with suppress(KeysRefused):
                return self._open()
        self._module.restart()
        return self._open()

    def _open(self) -> _Ready:
        """Log in, find the keys, and have them prove that they open what they seal.

        A token that chooses nonces of its own, as some do in FIPS mode, fails here and not when a key is needed again.
        The session is never closed: closing one that logged in would log out every other session of the process.
        """
        session = self._module.log_in(self._uri)
        try:
            ready = _ready(session, self._module.starts)
            nonce = os.urandom(NONCE_BYTES)
            proven = ready.decrypt(nonce, ready.encrypt(nonce, _PROBE, _PROBE), _PROBE)
        except PKCS11Error as error:
            refusal = f"the keys in the token {self._uri.name} cannot be used ({type(error).__name__})"
            raise KeysRefused(refusal) from None
        if proven != _PROBE:
            raise KeysRefused(f"the token {self._uri.name} does not open what it seals")
        return ready


def _ready(session: Session, start: int) -> _Ready:
    master, mac = _closed_key(session, MASTER, KeyType.AES), _closed_key(session, MAC, KeyType.GENERIC_SECRET)
    if not isinstance(master, EncryptMixin) or not isinstance(master, DecryptMixin) or not isinstance(mac, SignMixin):
        raise KeysRefused(f"{MASTER} must be allowed to encrypt and decrypt, {MAC} to sign")
    return _Ready(start=start, seals=master, opens=master, signs=mac)


def _closed_key(session: Session, label: str, key_type: KeyType) -> Object:
    """Return the one key of that name; refuses one that could be read."""
    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: key_type, Attribute.LABEL: label}
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        raise KeysRefused(
            f"the token has {len(found)} keys {label}, not one; `registry keys init-token` makes new ones"
        )
    (key,) = found
    if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise KeysRefused(f"{label} could be read out of its token: such a key is none")
    if key[Attribute.VALUE_LEN] != KEY_BYTES:
        raise KeysRefused(f"{label} must have {KEY_BYTES * 8} bits")
    return key


def _read_pin(uri: TokenUri) -> str:
    try:
        pin = read_private(uri.pin_source).decode().rstrip("\r\n")
    except (OSError, ValueError):  # ValueError: no UTF-8
        raise KeysRefused(f"{uri.pin_source} is no file with a PIN that this account can read") from None
    if not pin:
        raise KeysRefused(f"there is no PIN in {uri.pin_source}")
    return pin


def _is_meant(token: Token, uri: TokenUri) -> bool:
    serial = token.serial.decode(errors="replace")
    said = {"token": token.label, "serial": serial, "manufacturer": token.manufacturer_id, "model": token.model}
    return all(getattr(uri, name) in {"", value} for name, value in said.items())
