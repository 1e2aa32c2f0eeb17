"""How passwords are stored in account.settings and checked.

``Password`` holds one of

* ``$argon2id$...``: a hash, the default; m = 19 MiB, t = 2, p = 1: about 30 ms of one core;
* the password itself, with ``{PLAIN}`` in front where it would look like something else: for accounts that use a
  method which needs it (APOP), chosen by the setting PasswordEncryption = clear. The file is for its owner alone.

Anything else is a form we cannot check: such an account cannot log in until a password is set. Every check costs one
hash, whatever is stored and whether the account exists, so that time tells nothing. What is here blocks; it is for
the threads of pools.hash.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict

import argon2
from argon2.low_level import Type, hash_secret, verify_secret

from cgpymail.errors import BadSettings
from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits

CLEAR = "clear"
MAX_PASSWORD = 1024  # octets
SALT = 16  # octets
_MEMORY = 19 * 1024  # KiB
_TIME = 2
_LANES = 1
_LENGTH = 32  # octets of the hash
_MAX_MEMORY = 1024 * 1024  # KiB; a stored hash that asks for more is not computed
_PLAIN = "{PLAIN}"
_ARGON2 = "$argon2"
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$Y2dweW1haWwtbm9ib2R5$cT0+DEASk2tsSDBKxDw1x0kt5OG4nyiW40u0csF3idA"


def store(password: str, encryption: str, salt: bytes) -> str:
    """The form to keep: ``encryption`` is ``clear``, anything else means argon2id. Raises BadSettings."""
    if not password or len(password.encode()) > MAX_PASSWORD:
        raise BadSettings(f"A password has 1 to {MAX_PASSWORD} octets")
    if any(ord(char) < 32 for char in password):
        raise BadSettings("A password cannot have control characters")
    if encryption.lower() == CLEAR:
        return _PLAIN + password if not _is_clear(password) else password
    hashed = hash_secret(_prepared(password.encode()), salt, _TIME, _MEMORY, _LANES, _LENGTH, Type.ID)
    return hashed.decode("ascii")


def recover(stored: object) -> bytes | None:
    """The password itself where it is kept in clear, else None."""
    if not isinstance(stored, str) or not stored:
        return None
    if stored.startswith(_PLAIN):
        return stored.removeprefix(_PLAIN).encode("utf-8", "surrogateescape") or None
    return stored.encode("utf-8", "surrogateescape") if _is_clear(stored) else None


def verify(stored: object, password: bytes) -> bool:
    """Whether the password is right; ``stored`` None for an account that is not there. Costs one hash always."""
    prepared = _prepared(password)
    if isinstance(stored, str) and stored.startswith(_ARGON2) and len(password) <= MAX_PASSWORD:
        return _verify_hash(stored, prepared)
    _verify_hash(_NOBODY, prepared[:MAX_PASSWORD])
    clear = recover(stored)
    return clear is not None and hmac.compare_digest(_prepared(clear), prepared)


def verify_apop(stored: object, stamp: bytes, digest: str) -> bool:
    """APOP (RFC 1939 section 7): MD5 of time stamp and password. False when the password is not kept in clear."""
    clear = recover(stored)
    expected = hashlib.md5(stamp + (clear or b""), usedforsecurity=False).hexdigest()
    same = hmac.compare_digest(expected.encode(), digest.lower().encode("utf-8", "replace"))
    return same and clear is not None


def verify_cram(stored: object, challenge: bytes, digest: str) -> bool:
    """CRAM-MD5 (RFC 2195): HMAC-MD5 of the challenge. False when the password is not kept in clear."""
    clear = recover(stored)
    expected = hmac.new(clear or b"", challenge, "md5").hexdigest()
    same = hmac.compare_digest(expected.encode(), digest.lower().encode("utf-8", "replace"))
    return same and clear is not None


def _prepared(password: bytes) -> bytes:
    """The form in which passwords are compared (RFC 4013, RFC 4616 section 2): one that has none is taken as it is."""
    if password.isascii() or len(password) > MAX_PASSWORD:
        return password
    try:
        return saslprep(password.decode("utf-8")).encode("utf-8")
    except (UnicodeDecodeError, Prohibited):
        return password


def _is_clear(text: str) -> bool:
    """Whether stored text is a password and not a hash or an encrypted form: those begin with a sign."""
    return text[0] not in "${" and text[0] >= " "


def _verify_hash(stored: str, password: bytes) -> bool:
    try:
        asked = argon2.extract_parameters(stored)
        if asked.memory_cost > _MAX_MEMORY:
            return False
        return bool(verify_secret(stored.encode("ascii"), password, asked.type))
    except (argon2.exceptions.Argon2Error, argon2.exceptions.InvalidHash, ValueError):
        return False


class VerifiedLogins:
    """Passwords verified a moment ago need no second hash: an HMAC of account, stored form and password under a key
    of this process. A changed password makes the entry worthless by itself; ``forget`` drops it at once."""

    def __init__(self, key: bytes, limits: Limits) -> None:
        self._key = key
        self._limits = limits
        self._marks: OrderedDict[AccountName, tuple[bytes, float]] = OrderedDict()

    def remember(self, name: AccountName, stored: object, password: bytes, now: float) -> None:
        """This was right."""
        self._marks[name] = (self._mark(name, stored, password), now + self._limits.login_cache)
        self._marks.move_to_end(name)
        if len(self._marks) > self._limits.login_states:
            self._marks.popitem(last=False)

    def knows(self, name: AccountName, stored: object, password: bytes, now: float) -> bool:
        """Whether just this was right a moment ago."""
        mark, until = self._marks.get(name, (b"", 0.0))
        return now < until and hmac.compare_digest(mark, self._mark(name, stored, password))

    def forget(self, name: AccountName) -> None:
        """The password changed, or the account went."""
        self._marks.pop(name, None)

    def _mark(self, name: AccountName, stored: object, password: bytes) -> bytes:
        parts = (str(name).encode(), str(stored).encode("utf-8", "replace"), password)
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, "sha256")
