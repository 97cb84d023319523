"""The catalog: configuration, secrets and measured results, in PostgreSQL.

Importing the package registers every model, which is what migrations compare against.
"""

from arus_dagster.catalog.audit_entry import AuditEntry
from arus_dagster.catalog.base import Base
from arus_dagster.catalog.definitions_version import DefinitionsVersion
from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.idempotency_key import IdempotencyKey
from arus_dagster.catalog.login_failure import LoginFailure
from arus_dagster.catalog.notification import (
    NotificationDelivery,
    NotificationLink,
    NotificationTarget,
)
from arus_dagster.catalog.pipeline import Pipeline, PipelineTable
from arus_dagster.catalog.retired_slug import RetiredSlug
from arus_dagster.catalog.script import TransformScript
from arus_dagster.catalog.setting import Setting
from arus_dagster.catalog.source import Source, SourceTable
from arus_dagster.catalog.table_result import TableDrift, TableResult
from arus_dagster.catalog.user import User

__all__ = [
    "AuditEntry",
    "Base",
    "DefinitionsVersion",
    "Destination",
    "IdempotencyKey",
    "LoginFailure",
    "NotificationDelivery",
    "NotificationLink",
    "NotificationTarget",
    "Pipeline",
    "PipelineTable",
    "RetiredSlug",
    "Setting",
    "Source",
    "SourceTable",
    "TableDrift",
    "TableResult",
    "TransformScript",
    "User",
]
