"""Secrets at rest: what must be read again is encrypted, what is only compared is hashed.

Owns the Fernet keys of ``ARUS_ENCRYPTION_KEY`` (several, by comma: the first encrypts, all
decrypt, so that a key can be rotated) and the hashing of passwords. Refuses to say anything
about a value in an error: messages name the setting to look at, never a key or a plaintext.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from arus_dagster.errors import ConfigurationError

if TYPE_CHECKING:
    from pwdlib import PasswordHash


class Cipher:
    """Encrypts JSON objects.

    Args:
        keys: Fernet keys separated by commas; the first one encrypts.

    Raises:
        ConfigurationError: no key, or one that is not a Fernet key.
    """

    def __init__(self, keys: str) -> None:
        parts = [part.strip() for part in keys.split(",") if part.strip()]
        if not parts:
            raise ConfigurationError("ARUS_ENCRYPTION_KEY holds no key")
        try:
            self._fernet = MultiFernet([Fernet(part) for part in parts])
        except ValueError:
            # The cause would carry nothing a reader needs and may carry a piece of a key.
            raise ConfigurationError(
                "ARUS_ENCRYPTION_KEY must hold Fernet keys (32 bytes, url-safe base64), "
                "separated by commas"
            ) from None

    def encrypt_json(self, value: Mapping[str, Any]) -> bytes:
        """Encrypt a JSON object with the first key."""
        return self._fernet.encrypt(json.dumps(dict(value), separators=(",", ":")).encode())

    def decrypt_json(self, token: bytes) -> dict[str, Any]:
        """The object that ``encrypt_json`` was given.

        Raises:
            ConfigurationError: none of the keys fits.
        """
        try:
            plain = self._fernet.decrypt(bytes(token))
        except InvalidToken:
            raise _wrong_key() from None
        value: dict[str, Any] = json.loads(plain)
        return value

    def rotate(self, token: bytes) -> bytes:
        """The same value under the first key.

        Raises:
            ConfigurationError: none of the keys fits.
        """
        try:
            return self._fernet.rotate(bytes(token))
        except InvalidToken:
            raise _wrong_key() from None


def _wrong_key() -> ConfigurationError:
    return ConfigurationError(
        "A stored secret can't be decrypted: ARUS_ENCRYPTION_KEY differs from the key it was "
        "stored with. Add the former key after a comma, or enter the secret again."
    )


def generate_key() -> str:
    """A fresh Fernet key for ``ARUS_ENCRYPTION_KEY``."""
    return Fernet.generate_key().decode()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    # Imported here: a run's process decrypts, and never meets a password to compare.
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """An argon2id hash with its own random salt."""
    return _hasher().hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one.

    Args:
        password_hash: None for a user that does not exist: the answer is then False after as
            much work as a real comparison, so that its time tells nothing about who exists.
    """
    if password_hash is None:
        _hasher().verify(password, _nobody())
        return False
    return _hasher().verify(password, password_hash)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher().hash("no user has this hash")
