"""Connections that break, locks, silence and cancellation: nothing of a failed load is kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.sync import sync_table
from arus_dagster.errors import (
    ArusError,
    CancelledError,
    ConnectionFailedError,
    RetriableError,
)
from tests.gate import Gate, eventually
from tests.integration.engine.conftest import Lane, Lanes, Running
from tests.servers import Database


@pytest.fixture
def gate(source: Database) -> Iterator[Gate]:
    gate = Gate(source)
    yield gate
    gate.open()


@pytest.fixture
def lane(lanes: Lanes, gate: Gate, load_mode: str) -> Lane:
    """A view synced once; its read can be held up by the gate."""
    lane = lanes("t", watermark="wm", primary_key=("id",), load_mode=load_mode)
    lane.sync()
    return lane


def _assert_untouched_then_exact(lane: Lane, source: Database, gate: Gate) -> None:
    assert lane.state() == ("20000", None)
    assert lane.warehouse.value(f"SELECT count(*) FROM {lane.target} WHERE v LIKE 'x%'") == 20000
    assert lane.letters() == []
    gate.open()
    lane.sync(kind="full_refresh")
    assert lane.rows("id, wm, v") == source.rows("SELECT id, wm, v FROM base ORDER BY 1")


def test_a_source_that_dies_midway_leaves_everything_as_it_was(
    lane: Lane, gate: Gate, source: Database
) -> None:
    source.execute("UPDATE base SET v = 'new'")
    gate.shut()
    sync = Running(lane, kind="full_refresh")
    source.execute(f"SELECT pg_terminate_backend({gate.waiting_pid()})", admin=True)
    assert isinstance(sync.outcome(), ConnectionFailedError)
    _assert_untouched_then_exact(lane, source, gate)


def test_a_warehouse_that_dies_midway_leaves_everything_as_it_was(
    lane: Lane, gate: Gate, source: Database
) -> None:
    source.execute("UPDATE base SET v = 'new'")
    gate.shut()
    sync = Running(lane, kind="full_refresh")
    gate.waiting_pid()
    lane.warehouse.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'arus load' AND datname = current_database()",
        admin=True,
    )
    gate.open()
    assert isinstance(sync.outcome(), ConnectionFailedError)
    _assert_untouched_then_exact(lane, source, gate)


def test_cancelling_stops_a_read_and_keeps_nothing(
    lane: Lane, gate: Gate, source: Database
) -> None:
    source.execute("UPDATE base SET v = 'new'")
    gate.shut()
    sync = Running(lane, kind="full_refresh")
    gate.waiting_pid()
    sync.cancel.cancel()
    assert isinstance(sync.outcome(), CancelledError)  # while the gate is still shut
    _assert_untouched_then_exact(lane, source, gate)


def test_a_source_that_falls_silent_is_given_up(lane: Lane, gate: Gate, source: Database) -> None:
    gate.shut()
    lane.source = replace(lane.source, read_timeout_seconds=1)
    outcome = Running(lane, kind="full_refresh").outcome()
    assert isinstance(outcome, ConnectionFailedError)
    assert "did not answer in time" in outcome.message
    lane.source = replace(lane.source, read_timeout_seconds=300)
    _assert_untouched_then_exact(lane, source, gate)


def test_a_cancelled_source_process_that_hangs_is_cut_off(
    lane: Lane, gate: Gate, source: Database
) -> None:
    """A stopped server process answers neither data nor a cancel request."""
    gate.shut()
    sync = Running(lane, kind="full_refresh")
    pid = gate.waiting_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        sync.cancel.cancel()
        assert isinstance(sync.outcome(), CancelledError)
    finally:
        os.kill(pid, signal.SIGCONT)
    _assert_untouched_then_exact(lane, source, gate)


def test_a_cancelled_token_stops_a_sync_before_it_starts(lane: Lane) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        lane.sync(cancel)


@pytest.fixture
def simple(lanes: Lanes, source: Database) -> Lane:
    source.execute("CREATE TABLE s (id int PRIMARY KEY, wm int)", "INSERT INTO s VALUES (1, 1)")
    lane = lanes("s", watermark="wm")
    lane.sync()
    return lane


def _locked_target(lane: Lane) -> Any:
    connection = lane.warehouse.connect()
    connection.autocommit = False
    connection.cursor().execute(f"LOCK TABLE {lane.target} IN ACCESS EXCLUSIVE MODE")
    return connection


def test_a_lock_on_the_target_is_waited_for_so_long_and_no_longer(
    simple: Lane, source: Database
) -> None:
    source.execute("INSERT INTO s VALUES (2, 2)")
    holder = _locked_target(simple)
    simple.set_policy(lock_timeout_seconds=1)
    with pytest.raises(RetriableError, match="lock timeout"):
        simple.sync()
    holder.rollback()
    assert simple.state()[0] == "1"
    simple.sync()
    assert simple.rows("id") == [(1,), (2,)]


def test_cancelling_stops_a_wait_for_a_lock(simple: Lane) -> None:
    holder = _locked_target(simple)
    sync = Running(simple)
    eventually(
        lambda: simple.warehouse.rows(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'arus load'"
            " AND wait_event_type = 'Lock' AND datname = current_database()",
            admin=True,
        )
    )
    sync.cancel.cancel()
    assert isinstance(sync.outcome(), CancelledError)
    holder.rollback()


def test_two_loads_of_one_table_never_run_at_once(lane: Lane, gate: Gate, source: Database) -> None:
    gate.shut()
    first = Running(lane, kind="full_refresh")
    gate.waiting_pid()
    lane.set_policy(lock_timeout_seconds=1)
    second = Running(lane)
    outcome = second.outcome()
    assert isinstance(outcome, RetriableError)
    assert "still running" in outcome.message
    gate.open()
    assert not isinstance(first.outcome(), ArusError)


def test_an_unreachable_warehouse_is_a_connection_failure(simple: Lane) -> None:
    spec = replace(simple.warehouse.spec, port=1)
    request = replace(simple.request(), destination=spec)
    with pytest.raises(ConnectionFailedError, match="refused"):
        sync_table(request, on_message=lambda level, text: None, cancel=CancelToken())
