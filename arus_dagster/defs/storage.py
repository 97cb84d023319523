"""Dagster's storage in PostgreSQL, with connections that are kept for a while.

By default Dagster connects for every statement: some forty times a table in a run, and twenty times
a second in a daemon that has nothing to do, which costs a server more than the statements do. Owns
for which processes connections are kept, and how long. Refuses them to the code server, which opens
the storage anew for every tick and would gather them. The webserver keeps its own.
"""

# Loaded by every process of Dagster's that reads dagster.yaml: nothing of the engine here.

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from weakref import WeakSet

import dagster as dg
from dagster_postgres import DagsterPostgresStorage

DAEMON = "dagster-daemon"

_STATEMENT_MS = 600_000
# Seconds only, so that a connection which the server has dropped meanwhile is rarely taken up.
_KEPT_SECONDS = 30
# Beside the one connection that is kept: for a run's threads, and for the daemon's.
_OVERFLOW_OF_RUN = 5
_OVERFLOW_OF_DAEMON = 20
_keeping: WeakSet[dg.DagsterInstance] = WeakSet()


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Let the storage of a run's process, or a step's, keep its connections between events."""
    if instance not in _keeping:
        _keeping.add(instance)
        _keep(instance, _OVERFLOW_OF_RUN)


class Storage(DagsterPostgresStorage):
    """``storage.custom`` of ``dagster.yaml``; its configuration is that of ``storage.postgres``."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Any:
        """Open it; called by Dagster alone."""
        opened = super().from_config_value(inst_data, config_value)
        if Path(sys.argv[0]).name == DAEMON:
            for part in (opened.run_storage, opened.event_log_storage, opened.schedule_storage):
                _keep(part, _OVERFLOW_OF_DAEMON)
        return opened


def _keep(storage: Any, overflow: int) -> None:
    """An instance hands this on to each part of its storage."""
    storage.optimize_for_webserver(
        statement_timeout=_STATEMENT_MS, pool_recycle=_KEPT_SECONDS, max_overflow=overflow
    )
