"""How long a run whose process is gone may be taken for one that lives: the intervals, added up.

That such runs do end is shown with real processes, where a busy machine may take its time.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from arus_dagster.cli import code_server
from arus_dagster.defs import lost_runs

MINUTE = 60
# Dagster's sensor daemon goes round every 5 s, so that a look may come one round late.
ROUND_SECONDS = 5
FOUND_SECONDS = lost_runs.LOOKS * (lost_runs.INTERVAL_SECONDS + ROUND_SECONDS)


def test_the_sensor_looks_as_often_as_it_is_reckoned_to() -> None:
    sensor = lost_runs.lost_runs_sensor()
    assert sensor.minimum_interval_seconds == lost_runs.INTERVAL_SECONDS


def test_a_run_whose_process_is_killed_is_failed_within_a_minute() -> None:
    assert MINUTE >= FOUND_SECONDS


def test_a_run_whose_machine_vanishes_is_failed_within_a_minute() -> None:
    """No word of its end comes: the server has to ask before it frees the run's lock."""
    asked = lost_runs.KEEPALIVE_INTERVAL_SECONDS * lost_runs.KEEPALIVE_COUNT
    assert lost_runs.KEEPALIVE_IDLE_SECONDS + asked + FOUND_SECONDS <= MINUTE


def test_a_code_server_without_what_is_behind_it_ends_soon_enough() -> None:
    """The first look of the sensor needs the code server back, and so comes after its start."""
    noticed = code_server.LOOKS * (code_server.LOOK_SECONDS + code_server.POLL_SECONDS)
    back = lost_runs.LOOKS * lost_runs.INTERVAL_SECONDS
    assert noticed + back <= MINUTE / 2


def test_what_a_killed_run_held_of_the_pools_is_free_within_a_minute_of_its_end() -> None:
    instance = yaml.safe_load((Path(__file__).parents[3] / "dagster.yaml").read_text())
    monitoring = instance["run_monitoring"]
    held = monitoring["free_slots_after_run_end_seconds"] + monitoring["poll_interval_seconds"]
    assert held <= MINUTE
