"""What the engine is told: one table of one run, as plain frozen data.

Owns the request. Everything arrives resolved (secrets decrypted, settings applied), so the
engine reads neither the catalog nor the environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from arus_dagster.dialects.base import ConnectionSpec, TableRef

SyncMode = Literal["incremental", "full_refresh"]
LoadMode = Literal["direct", "raw"]
SoftDelete = Literal["remove", "keep"]
DeleteDetection = Literal["none", "keys"]
RunKind = Literal["sync", "full_refresh", "backfill"]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One configured pipeline table.

    Args:
        id: the pipeline table's id; the key of its state in the warehouse.
        raw: where source rows are kept as JSONB, in ``raw`` load mode.
        primary_key: overrides the source's own key (needed for views); empty means the source's.
        tinyint1_as_bool: read MySQL ``tinyint(1)`` as boolean.
    """

    id: str
    source: TableRef
    target: TableRef
    sync_mode: SyncMode
    load_mode: LoadMode = "direct"
    raw: TableRef | None = None
    primary_key: tuple[str, ...] = ()
    watermark_column: str | None = None
    lookback_seconds: int = 0
    soft_delete_column: str | None = None
    soft_delete: SoftDelete = "remove"
    delete_detection: DeleteDetection = "none"
    row_filter: str | None = None
    tinyint1_as_bool: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A transform script; ``table`` limits it to one source table's name."""

    name: str
    content: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Installation settings that bear on a load (see the settings' documentation)."""

    auto_alter_schema: bool = True
    schema_drift_detection: bool = True
    drift_backfill: bool = False
    dead_letter_limit: int = 1000
    dead_letter_share: float = 0.05
    quality_check_threshold: int = 0
    raw_retention_runs: int = 20
    raw_retention_days: int = 0
    lock_timeout_seconds: int = 60


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Which run this is and what it does.

    Args:
        id: the Dagster run id.
        from_date, to_date: ISO dates, for a backfill.
    """

    id: str
    kind: RunKind = "sync"
    from_date: str | None = None
    to_date: str | None = None


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """All that ``engine.sync.sync_table`` needs."""

    pipeline_id: str
    pipeline_name: str
    source: ConnectionSpec
    destination: ConnectionSpec
    raw_schema: str
    table: TableSpec
    run: RunSpec
    policy: Policy = field(default_factory=Policy)
    scripts: tuple[Script, ...] = ()
