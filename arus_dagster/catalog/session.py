"""Connections to the catalog: one engine a process, one transaction a session.

Owns the engine's options, the transaction's bounds and advisory locks. A session carries the
cipher of its catalog, so that whoever may read a row may also read its secrets and nobody has to
pass keys around. Refuses to keep SQL parameters in errors: they may hold what must not be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from arus_dagster.crypto import Cipher
from arus_dagster.settings import Settings, get_settings

_CIPHER = "arus.cipher"


class Catalog:
    """A catalog database and the means to open sessions on it.

    Args:
        settings: where it is and which keys decrypt its secrets.
        application_name: how its connections show in ``pg_stat_activity``.
        pool_size: connections kept open; as many more may be opened for a moment.

    Raises:
        ConfigurationError: the encryption key is unusable.
    """

    def __init__(
        self, settings: Settings, application_name: str = "arus", pool_size: int = 5
    ) -> None:
        self.settings = settings
        self.cipher = Cipher(settings.encryption_key.get_secret_value())
        self.engine: Engine = create_engine(
            settings.database_url,
            pool_pre_ping=True,
            pool_size=pool_size,
            max_overflow=pool_size,
            hide_parameters=True,
            connect_args={
                "application_name": application_name,
                "connect_timeout": 10,
                "options": "-c timezone=UTC",
            },
        )
        self._sessions = sessionmaker(
            self.engine, expire_on_commit=False, info={_CIPHER: self.cipher}
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised."""
        with self._sessions() as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


@lru_cache(maxsize=1)
def get_catalog() -> Catalog:
    """The process's catalog, from the environment's settings."""
    return Catalog(get_settings())


@contextmanager
def session_scope() -> Iterator[Session]:
    """One transaction on the process's catalog."""
    with get_catalog().session() as session:
        yield session


def cipher_of(session: Session) -> Cipher:
    """The cipher of the session's catalog."""
    cipher: Cipher = session.info[_CIPHER]
    return cipher


def advisory_lock(connection: Session | Connection, name: str) -> None:
    """Hold a named lock until the transaction ends; wait while another transaction holds it."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"arus:{name}"}
    )
