"""Managing users.

Owns the hashing of new passwords and the rule that nobody deletes themselves; that an active
admin always remains is the catalog's rule.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from arus_api.users.schemas import UserChanges, UserIn
from arus_dagster.catalog import User
from arus_dagster.catalog.repositories import users
from arus_dagster.crypto import hash_password
from arus_dagster.errors import ConflictError


def create(session: Session, new: UserIn) -> User:
    """Raises ConflictError if the e-mail is taken, ignoring case."""
    return users.create(
        session,
        email=new.email,
        name=new.name,
        password_hash=hash_password(new.password.get_secret_value()),
        role=new.role,
    )


def update(session: Session, user_id: uuid.UUID, changes: UserChanges) -> User:
    """Change the fields that were sent.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: the e-mail is taken, or no active admin would remain.
    """
    user = users.get(session, user_id)
    fields = changes.model_dump(exclude_unset=True, exclude={"password"})
    if changes.password is not None:
        fields["password_hash"] = hash_password(changes.password.get_secret_value())
    return users.update(session, user, fields)


def delete(session: Session, user_id: uuid.UUID, by: User) -> None:
    """Raises NotFoundError; ConflictError for oneself and for the last active admin."""
    if user_id == by.id:
        raise ConflictError("You can't delete yourself")
    users.delete(session, users.get(session, user_id))
