"""Logging in and staying logged in.

Owns the check of a password. Refuses to tell, by words or by time, whether an e-mail is known.
"""

from __future__ import annotations

import threading

from sqlalchemy.orm import Session

from arus_api.audit.trail import Attempt
from arus_api.auth import tokens
from arus_api.auth.schemas import Me, Tokens
from arus_api.auth.throttle import LoginThrottle
from arus_api.deps import user_of
from arus_api.errors import AuthenticationError
from arus_dagster.catalog import User
from arus_dagster.catalog.repositories import users
from arus_dagster.crypto import verify_password

# One comparison takes 64 MiB for its time; a flood of logins must not take the memory.
_HASHING = threading.BoundedSemaphore(4)


def login(
    session: Session,
    throttle: LoginThrottle,
    secret: str,
    attempt: Attempt,
    *,
    email: str,
    password: str,
) -> Tokens:
    """New tokens for a user who knows their password.

    Args:
        secret: what signs tokens.
        attempt: the login as the audit log hears of it.

    Raises:
        AuthenticationError: unknown, inactive, or another password; always the same message.
        TooManyRequestsError: too many failures before.
    """
    account = email.strip().lower()
    throttle.attempt(secret, account, attempt.address)
    user = users.find_by_email(session, account)
    if user is not None:
        # What was typed is not told where there is no such user: it may be a password.
        attempt.by(user)
    with _HASHING:
        correct = verify_password(password, user.password_hash if user is not None else None)
    if user is None or not correct or not user.is_active:
        raise AuthenticationError("Invalid email or password")
    throttle.succeeded(secret, account, attempt.address)
    return _tokens(user, secret)


def refresh(session: Session, secret: str, token: str) -> Tokens:
    """New tokens for a refresh token.

    Raises:
        AuthenticationError: not a valid refresh token of an active user.
    """
    return _tokens(user_of(session, token, "refresh", secret), secret)


def _tokens(user: User, secret: str) -> Tokens:
    access, expires_at = tokens.issue(user, "access", secret)
    refresh_token, _ = tokens.issue(user, "refresh", secret)
    return Tokens(
        access_token=access,
        refresh_token=refresh_token,
        expires_in=tokens.ACCESS_SECONDS,
        refresh_expires_in=tokens.REFRESH_SECONDS,
        user=Me.model_validate(user),
        expires_at=expires_at,
    )
