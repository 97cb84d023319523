"""What the parts of one load have in common.

Owns nothing itself: it is handed from the load's opener to whoever moves, tries again and accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from arus_dagster.dialects.base import SourceSnapshot
from arus_dagster.dialects.postgresql.bookkeeping import TableState
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.dead_letters import DeadLetterSpool
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.dead_letters import Rejections
from arus_dagster.engine.load.direct import DirectLoad
from arus_dagster.engine.load.staged import StagedLoad
from arus_dagster.engine.preparation import Prepared
from arus_dagster.engine.progress import OnMessage, Progress
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.engine.transform.process import TransformProcess

OpenTransform = Callable[[], AbstractContextManager[TransformProcess | None]]


@dataclass(frozen=True, slots=True)
class Transit:
    """One table on its way.

    Args:
        connection: in the load's open transaction of the warehouse, alone with the table.
        state: what the last sync left, or None.
        spool: where rejected rows wait for the commit.
        progress: since the load was opened.
        tell: what the sync has to say.
    """

    request: SyncRequest
    connection: Connection
    snapshot: SourceSnapshot
    state: TableState | None
    prepared: Prepared
    load: DirectLoad | StagedLoad
    spool: DeadLetterSpool
    rejections: Rejections
    progress: Progress
    tell: OnMessage
    cancel: CancelToken
