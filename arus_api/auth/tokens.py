"""Access and refresh tokens.

Owns what a token says and how it is checked: HS256 alone, issuer, audience, expiry, subject and
type all required. A token also carries a digest of the user's password hash, so that a changed
password ends every session. Refuses one type in the other's place.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import jwt

from arus_api.errors import AuthenticationError
from arus_dagster.catalog import User

ACCESS_SECONDS = 900
REFRESH_SECONDS = 604_800
ISSUER = "arus"
AUDIENCE = "arus-api"
ALGORITHM = "HS256"

TokenType = Literal["access", "refresh"]
LIFETIMES: dict[TokenType, int] = {"access": ACCESS_SECONDS, "refresh": REFRESH_SECONDS}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    user_id: uuid.UUID
    password_digest: str


def password_digest(user: User, secret: str) -> str:
    """A keyed digest of the stored hash: it changes with the password and tells nothing of it."""
    return hmac.new(secret.encode(), user.password_hash.encode(), hashlib.sha256).hexdigest()[:32]


def issue(user: User, kind: TokenType, secret: str) -> tuple[str, datetime]:
    """A new token and when it runs out (UTC, whole seconds)."""
    now = datetime.now(UTC).replace(microsecond=0)
    expires = now + timedelta(seconds=LIFETIMES[kind])
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user.id),
        "typ": kind,
        "pwd": password_digest(user, secret),
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": expires,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM), expires


def read(token: str, kind: TokenType, secret: str) -> Claims:
    """The claims of a valid token of this type.

    Raises:
        AuthenticationError: not a token of ours, of another type, or expired.
    """
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["iss", "aud", "sub", "typ", "pwd", "iat", "exp"]},
        )
        user_id = uuid.UUID(claims["sub"])
    except jwt.ExpiredSignatureError:
        raise AuthenticationError("The token has expired") from None
    except (jwt.InvalidTokenError, ValueError):
        raise AuthenticationError("The token is not valid") from None
    if claims["typ"] != kind or not isinstance(claims["pwd"], str):
        raise AuthenticationError("This is a token of another type")
    return Claims(user_id=user_id, password_digest=claims["pwd"])
