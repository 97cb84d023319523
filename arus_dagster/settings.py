"""The environment: what a process is told when it starts.

Owns the ``ARUS_*`` variables. Refuses to start on a missing or default secret; the embedded
default, whose secrets are generated, differs in the first admin's known password alone, and is
refused anywhere but on loopback. Runtime settings that users change live in the catalog, not here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL

from arus_dagster.logging import LogFormat

DEFAULT_ADMIN_EMAIL = "admin@arus.io"
DEFAULT_ADMIN_PASSWORD = "admin123"  # documented for the embedded default alone
_ORIGIN = re.compile(r"https?://[A-Za-z0-9._\-\[\]:]+")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PLACEHOLDERS = frozenset({"", "changeme", "change-me", "secret", "password", "arus", "arus_secret"})


class Settings(BaseSettings):
    """The ``ARUS_*`` environment variables.

    Raises:
        pydantic.ValidationError: a secret is missing, too short or a placeholder. The message
            names the variable, never its value.
    """

    model_config = SettingsConfigDict(env_prefix="ARUS_", extra="ignore", hide_input_in_errors=True)

    embedded: bool = False
    home: Path = Path(".arus")
    db_host: str = "localhost"
    db_port: int = 5432
    db_user: str = "arus"
    db_password: SecretStr = SecretStr("")
    db_name: str = "arus"
    jwt_secret: SecretStr = SecretStr("")
    encryption_key: SecretStr = SecretStr("")
    admin_email: str = DEFAULT_ADMIN_EMAIL
    admin_password: SecretStr = SecretStr("")
    log_level: str = "INFO"
    log_format: LogFormat = "auto"
    metrics_token: SecretStr = SecretStr("")
    dagster_url: str = "http://127.0.0.1:3000"
    dagster_public_url: str | None = None
    public_url: str | None = None
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8081, ge=1, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    "ARUS_CORS_ORIGINS must hold origins such as https://arus.example.com, "
                    "separated by commas"
                )
        return origins

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value and not _ORIGIN.fullmatch(value.rstrip("/")):
            raise ValueError("ARUS_PUBLIC_URL must be an origin such as https://arus.example.com")
        return value

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Settings:
        problems = []
        if len(self.jwt_secret.get_secret_value()) < 32:
            problems.append("ARUS_JWT_SECRET must hold at least 32 characters")
        if not self.encryption_key.get_secret_value():
            problems.append("ARUS_ENCRYPTION_KEY must hold a Fernet key (or several, by comma)")
        if len(set(self.jwt_secret.get_secret_value())) < 8:
            problems.append("ARUS_JWT_SECRET must be random; 'arus secrets' makes one")
        if self.embedded and self.api_host not in _LOOPBACK:
            problems.append("ARUS_EMBEDDED, with its known password, is for loopback alone")
        if self.db_password.get_secret_value().lower() in PLACEHOLDERS:
            problems.append("ARUS_DB_PASSWORD must be set to a password of your own")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def database_url(self) -> URL:
        """The catalog's address; the driver is named because SQLAlchemy 2.1 changed the default."""
        return URL.create(
            "postgresql+psycopg2",
            username=self.db_user,
            password=self.db_password.get_secret_value(),
            host=self.db_host,
            port=self.db_port,
            database=self.db_name,
        )

    @property
    def dagster_links(self) -> str:
        """The base of links that people follow into Dagster's UI, without a trailing slash."""
        return (self.dagster_public_url or self.dagster_url).rstrip("/")

    @property
    def console_links(self) -> str:
        """The base of links that people follow into the console, without a trailing slash."""
        host = f"[{self.api_host}]" if ":" in self.api_host else self.api_host
        return (self.public_url or f"http://{host}:{self.api_port}").rstrip("/")


@lru_cache
def get_settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
