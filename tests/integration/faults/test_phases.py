"""Whatever goes wrong at a phase of a sync: no row is lost or doubled, and the next is exact."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from arus_dagster.errors import CancelledError, ConnectionFailedError
from tests.integration.engine.conftest import Lanes, Running
from tests.integration.faults.conftest import Phase, Scene
from tests.proxy import Proxy
from tests.servers import Database

raw_alone = pytest.mark.parametrize("load_mode", ["raw"], scope="module")


@pytest.mark.parametrize("phase", get_args(Phase))
def test_a_sync_whose_process_is_killed(scene: Scene, phase: Phase) -> None:
    before = scene.kept()
    scene.hold(phase)
    engine = scene.process()
    if phase == "committed":
        engine.wait_until_done()
        committed = scene.kept()
        assert committed != before
        engine.kill()
        assert scene.kept() == committed
    else:
        scene.wait_until_held(phase)
        engine.kill()
        # The servers notice by themselves, while what held them up still does.
        scene.wait_until_quiet()
        assert scene.kept() == before
    scene.release()
    scene.assert_next_sync_is_exact()


@raw_alone
@pytest.mark.parametrize("phase", ["before the read", "in the read"])
@pytest.mark.parametrize("harm", ["the connection is cut", "the server is killed"])
def test_a_source_that_is_gone(scene: Scene, phase: Phase, harm: str) -> None:
    before = scene.kept()
    scene.hold(phase)
    sync = Running(scene.lane)
    scene.wait_until_held(phase)
    if harm == "the connection is cut":
        scene.to_source.cut()
    else:
        scene.source_server.kill()
    assert isinstance(sync.outcome(), ConnectionFailedError)
    if harm == "the server is killed":
        scene.source_server.start()
    scene.release()
    assert scene.kept() == before
    scene.assert_next_sync_is_exact()


@raw_alone
@pytest.mark.parametrize("phase", ["before the read", "in the read", "in the load"])
@pytest.mark.parametrize("harm", ["the connection is cut", "the server is killed"])
def test_a_warehouse_that_is_gone(scene: Scene, phase: Phase, harm: str) -> None:
    before = scene.kept()
    scene.hold(phase)
    sync = Running(scene.lane)
    scene.wait_until_held(phase)
    if harm == "the connection is cut":
        scene.to_warehouse.cut()
    else:
        scene.warehouse_server.kill()
        scene.warehouse_server.start()
    scene.release()
    assert isinstance(sync.outcome(), ConnectionFailedError)
    assert scene.kept() == before
    scene.assert_next_sync_is_exact()


@pytest.mark.parametrize("harm", ["the connection is cut", "the server is killed"])
def test_a_warehouse_that_is_gone_in_the_commit(scene: Scene, harm: str) -> None:
    """Whether it committed nobody can say; rows and watermark tell the same, either way."""
    rows, (watermark, _), _, _ = scene.kept()
    scene.hold("in the commit")
    sync = Running(scene.lane)
    scene.wait_until_held("in the commit")
    if harm == "the connection is cut":
        scene.to_warehouse.cut()
    else:
        scene.warehouse_server.kill()
        scene.warehouse_server.start()
    scene.release()
    assert isinstance(sync.outcome(), ConnectionFailedError)
    scene.wait_until_quiet()
    after, (now, _), _, _ = scene.kept()
    assert (after == rows) == (now == watermark)
    scene.assert_next_sync_is_exact()


@raw_alone
@pytest.mark.parametrize("phase", ["in the read", "in the load"])
def test_a_warehouse_that_falls_silent_holds_up_no_cancel(scene: Scene, phase: Phase) -> None:
    before = scene.kept()
    scene.hold(phase)
    sync = Running(scene.lane)
    scene.wait_until_held(phase)
    scene.to_warehouse.fall_silent()
    sync.cancel.cancel()
    assert isinstance(sync.outcome(), CancelledError)
    scene.to_warehouse.mend()
    scene.release()
    scene.wait_until_quiet()
    assert scene.kept() == before
    scene.assert_next_sync_is_exact()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("harm", ["cut", "silence"])
def test_a_network_that_fails_in_the_middle_of_a_read(
    kind: str,
    harm: str,
    request: pytest.FixtureRequest,
) -> None:
    """Wherever it happens: some rows have come, and none is kept."""
    source: Database = request.getfixturevalue(
        "pg_source_db" if kind == "postgresql" else "mariadb_db"
    )
    warehouse: Database = request.getfixturevalue("warehouse_db")
    rows = (
        "SELECT n, repeat('0', 4000) FROM generate_series(0, 998) n"
        if kind == "postgresql"
        else "SELECT seq, repeat('0', 4000) FROM seq_0_to_998"
    )
    source.execute("CREATE TABLE t (id int PRIMARY KEY, v text)", f"INSERT INTO t {rows}")
    schema = "public" if kind == "postgresql" else source.name
    with Proxy(source.spec.port) as network:
        spec = replace(source.spec, port=network.port, read_timeout_seconds=2)
        lane = Lanes(replace(source, spec=spec), warehouse)("t", schema=schema)
        lane.sync()
        source.execute("UPDATE t SET v = concat('new', v)")
        before = lane.rows()
        if harm == "cut":
            network.cut_after(2_000_000)
        else:
            network.fall_silent_after(2_000_000)
        with pytest.raises(ConnectionFailedError):
            lane.sync()
        network.mend()
        assert lane.rows() == before
        lane.sync()
        assert lane.rows("id, v") == source.rows("SELECT id, v FROM t ORDER BY 1")
