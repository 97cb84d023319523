"""``arus sync``, ``export``, ``import`` and ``discover`` on an installation that the environment
names, with the real Dagster."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import Any

import pytest

from arus_dagster import names
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from tests.api.platform import Platform

ARUS = Path(sysconfig.get_path("scripts")) / "arus"


def start(platform: Platform, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    stack = platform.stack
    return subprocess.Popen(
        [ARUS, *arguments],
        env={**stack.home.environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(platform: Platform, *arguments: str, **variables: str) -> tuple[int, str]:
    process = start(platform, *arguments, **variables)
    output, _ = process.communicate()
    return process.returncode, output


@pytest.fixture
def pipeline(platform: Platform) -> dict[str, Any]:
    return platform.make(
        {"name": "orders", "schema": "public", "load_mode": "raw"}, "customers", "notes"
    )


def test_a_sync_is_a_run_of_dagsters_and_shows_each_table(
    platform: Platform, pipeline: dict[str, Any]
) -> None:
    code, output = run(platform, "sync", pipeline["name"].upper())

    assert code == 0, output
    assert "✓ public.orders: 10 rows" in output
    assert "✓ public.notes: 1 row, 1 in the dead letters" in output
    assert "✓ 3 tables, 13 rows" in output
    last = platform.get(pipeline)["last_run"]
    assert (last["status"], last["trigger_type"]) == ("success", "manual")
    assert last["id"] in output


def test_a_table_alone_is_synced_and_a_failure_is_the_exit_code(
    platform: Platform, pipeline: dict[str, Any]
) -> None:
    code, output = run(platform, "sync", pipeline["slug"], "--table", "public.orders")
    assert code == 0, output
    assert "✓ 1 table, 10 rows" in output

    code, output = run(platform, "sync", pipeline["slug"], "-t", "nope")
    assert code == 1
    assert "no enabled table 'nope'" in output and "public.customers" in output

    path = f"/api/pipelines/{pipeline['id']}"

    platform.shop.execute("CREATE TABLE doomed (id int PRIMARY KEY)")
    platform.ok("PUT", path, json={"tables": [{"name": "doomed"}]})
    platform.shop.execute("DROP TABLE doomed")
    code, output = run(platform, "sync", pipeline["id"])
    assert code == 1
    assert "public.doomed: " in output


def test_ctrl_c_stops_the_run_and_a_second_sync_is_refused_meanwhile(platform: Platform) -> None:
    pipeline = platform.make("slow")
    process = start(platform, "sync", pipeline["name"])
    started = RunFilter(tags={names.PIPELINE_ID: pipeline["id"]}, statuses=(RunStatus.STARTED,))
    while not platform.dagster.runs(started, limit=1):
        assert process.poll() is None
        time.sleep(0.2)

    code, output = run(platform, "sync", pipeline["name"])
    assert code == 1
    assert "A run of the pipeline is active" in output

    waiting = start(platform, "sync", pipeline["name"], "--wait")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 128 + signal.SIGINT, output
    assert platform.get(pipeline)["last_run"]["status"] == "cancelled"

    while not platform.dagster.runs(started, limit=1):
        assert waiting.poll() is None
        time.sleep(0.2)
    waiting.terminate()
    output, _ = waiting.communicate()
    assert waiting.returncode == 128 + signal.SIGINT, output


def test_configuration_goes_out_and_in_by_file_and_dagster_loads_it(
    platform: Platform, pipeline: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "arus.yaml"
    code, output = run(platform, "export", str(file))
    assert code == 0, output
    original = f"name: {pipeline['name']}\n"
    assert original in file.read_text()
    renamed = f"{pipeline['name']} imported"
    file.write_text(
        file.read_text()
        .replace(original, f"name: {renamed}\n")
        .replace(f"case_{pipeline['name'].split()[1]}\n", "imported\n")
    )

    code, output = run(platform, "import", str(file), "--dry-run")
    assert code == 0, output
    assert f"+ pipeline {renamed}" in output and "dry run" in output
    code, output = run(platform, "import", str(file))
    assert code == 0, output
    assert "1 created, 0 changed" in output
    code, output = run(platform, "sync", renamed, "-t", "customers")
    assert code == 0, output


def test_discover_lists_every_table(platform: Platform) -> None:
    code, output = run(platform, "discover", platform.source["name"])
    assert code == 0, output
    assert "public.orders" in output and "other.orders" in output
    code, output = run(platform, "discover", "nope")
    assert code == 1
    assert platform.source["name"] in output


def test_an_installation_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("ARUS_")}
    result = subprocess.run(
        [ARUS, "export"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "ARUS_JWT_SECRET" in result.stderr
