"""A source whose read can be held up in the middle, for as long as a test wants."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.servers import Database

GATE = 4711
ROWS = 20_000
WAIT_SECONDS = 60


def eventually(look: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """The first answer that counts as true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


class Gate:
    """Holds a read of the view ``t`` up at its 15,000th row, as long as it is shut.

    Some rows have reached the warehouse by then. The table behind the view is ``base``.
    """

    def __init__(self, source: Database) -> None:
        self._source = source
        source.execute(
            "CREATE TABLE base (id int PRIMARY KEY, wm int, v text)",
            f"INSERT INTO base SELECT g, g, repeat('x', 400) FROM generate_series(1, {ROWS}) g",
            "CREATE FUNCTION gate(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN"
            f" IF n = 15000 THEN PERFORM pg_advisory_xact_lock_shared({GATE}); END IF;"
            " RETURN n; END $$",
            "CREATE VIEW t AS SELECT gate(id) AS id, wm, v FROM base",
        )
        self._connection = source.connect()

    def shut(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_lock({GATE})")

    def open(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")

    def reopen(self) -> None:
        """Open it, also where its server was killed and came back."""
        self._connection.close()
        self._connection = self._source.connect()

    def close(self) -> None:
        """Open it for good."""
        self._connection.close()

    def waiting_pid(self, seconds: float = WAIT_SECONDS) -> int:
        """The server process of the read that waits at the gate."""
        found = eventually(
            lambda: self._source.rows(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
                f" AND objid = {GATE} AND NOT granted",
                admin=True,
            ),
            seconds,
        )
        return int(found[0][0])
