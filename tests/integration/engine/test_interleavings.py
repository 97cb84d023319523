"""Whatever happens between and during syncs, the target ends equal to the source."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from arus_dagster.errors import ArusError
from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database

LOOKBACK_SECONDS = 3600
KEYS = st.integers(1, 6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), KEYS),
        st.tuples(st.just("write_without_time"), KEYS),
        st.tuples(st.just("write_late"), KEYS),
        st.tuples(st.just("soft_delete"), KEYS),
        st.tuples(st.just("sync"), st.none()),
        st.tuples(st.just("fail"), st.none()),
        st.tuples(st.just("backfill"), st.none()),
        st.tuples(st.just("full_refresh"), st.none()),
    ),
    max_size=12,
)


class World:
    """A source table whose clock only moves forward, and its lane."""

    def __init__(self, lanes: Lanes, source: Database, load_mode: str) -> None:
        self._name = f"t_{uuid.uuid4().hex[:8]}"
        source.execute(
            f"CREATE TABLE {self._name}"
            " (id int PRIMARY KEY, v serial, wm timestamp, deleted_at timestamp)"
        )
        self._clock = 0
        self._source = source.connect()
        self._late: list[Any] = []
        self._open = source.connect
        self.lane: Lane = lanes(
            self._name,
            watermark="wm",
            soft_delete_column="deleted_at",
            lookback_seconds=LOOKBACK_SECONDS,
            load_mode=load_mode,
        )

    def step(self, action: str, key: int | None) -> None:
        self._clock += 1
        if action in ("write", "write_without_time"):
            self._write(self._source, key, "NULL" if action == "write_without_time" else self._now)
        elif action == "write_late":
            # Begun now and committed after the next sync, within the lookback.
            late = self._open(options="-c lock_timeout=1")
            late.autocommit = False
            self._late.append(late)
            self._write(late, 100 + len(self._late), self._now)
        elif action == "soft_delete":
            self._run(
                f"UPDATE {self._name} SET deleted_at = {self._now}, wm = {self._now}"
                f" WHERE id = {key}"
            )
        elif action == "fail":
            self._fail()
        elif action == "sync":
            self._sync()
        elif action == "backfill":
            self._sync(kind="backfill", from_date="2000-01-01")
        else:
            self._sync(kind="full_refresh")

    def settle(self) -> None:
        """Commit what is open and sync once more."""
        self._sync()
        self._sync()

    def close(self) -> None:
        for late in self._late:
            late.close()
        self._source.close()

    def expected(self) -> list[tuple[Any, ...]]:
        with self._source.cursor() as cursor:
            cursor.execute(
                f"SELECT id, v, wm FROM {self._name} WHERE deleted_at IS NULL ORDER BY id"
            )
            return list(cursor.fetchall())

    @property
    def _now(self) -> str:
        return f"timestamp '2024-01-01' + {self._clock} * interval '1 minute'"

    def _write(self, connection: Any, key: int | None, when: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {self._name} VALUES ({key}, DEFAULT, {when})"
                " ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v, wm = EXCLUDED.wm,"
                " deleted_at = NULL"
            )

    def _run(self, statement: str) -> None:
        with self._source.cursor() as cursor:
            cursor.execute(statement)

    def _sync(self, **run: Any) -> None:
        result = self.lane.sync(**run)
        assert result.row_count == len(self.lane.rows())
        for late in self._late:
            if not late.closed:
                late.commit()
                late.close()

    def _fail(self) -> None:
        """A sync whose commit is refused: the warehouse can't take its account of it."""
        warehouse = self.lane.warehouse
        try:
            warehouse.execute(
                "ALTER TABLE staging._arus_state ADD CONSTRAINT refuse"
                " CHECK (synced_at < now() - interval '1 day') NOT VALID"
            )
        except Exception as error:  # noqa: BLE001 - there is no such table before the first sync
            assert "does not exist" in str(error)
            return
        try:
            self.lane.sync()
        except ArusError:
            pass
        else:
            raise AssertionError("the sync was to fail")
        finally:
            warehouse.execute("ALTER TABLE staging._arus_state DROP CONSTRAINT refuse")


def test_any_interleaving_ends_with_the_target_equal_to_the_source(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def check(steps: list[tuple[str, int | None]]) -> None:
        world = World(lanes, source, load_mode)
        try:
            for action, key in steps:
                world.step(action, key)
            world.settle()
            assert world.lane.rows("id, v, wm") == world.expected()
        finally:
            world.close()

    check()
