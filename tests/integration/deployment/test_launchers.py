"""A run needs nothing but its environment and the catalog, wherever a launcher starts it."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path

import yaml

from arus_dagster import names
from arus_dagster.cli.home import deployment_file
from arus_dagster.orchestration.run_filter import RunFilter
from tests.api.platform import Platform
from tests.integration.deployment.engine import engine

ROOT = Path(__file__).parents[3]
DAGSTER = Path(sysconfig.get_path("scripts")) / "dagster"


def test_dagsters_docker_launcher_runs_a_sync_in_a_container_of_its_own(
    platform: Platform, tmp_path: Path
) -> None:
    pipeline = platform.make("orders", "customers")
    platform.ok("POST", f"/api/pipelines/{pipeline['id']}/pause")  # and so Dagster has loaded it
    instance = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    launcher = yaml.safe_load((ROOT / "docs/deployment/docker-launcher.yaml").read_text())
    # The daemon of the tests launches what is queued, and knows only its own launcher.
    del instance["run_queue"], instance["concurrency"]["runs"]
    coordinator = {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"}
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(
        yaml.safe_dump({**instance, **launcher, "run_coordinator": coordinator})
    )

    with engine(tmp_path) as docker:
        environment = platform.stack.home.environment()
        tags = {names.PIPELINE_ID: pipeline["id"], names.TRIGGER: "manual", names.MODE: "sync"}
        workspace = str(deployment_file("workspace.yaml"))
        launched = subprocess.run(
            [
                *(DAGSTER, "job", "launch", "--workspace", workspace),
                *("--location", names.LOCATION, "--repository", names.REPOSITORY),
                *("--job", pipeline["slug"], "--tags", json.dumps(tags)),
            ],
            env={
                **environment,
                "DAGSTER_HOME": str(home),
                "DOCKER_HOST": docker.url,
                "ARUS_RUN_IMAGE": "arus:1.0",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert launched.returncode == 0, launched.stderr
        mine = RunFilter(tags={names.PIPELINE_ID: pipeline["id"]})
        (run,) = platform.dagster.runs(mine, limit=2)
        platform.stack.wait_for_run(run.id)

    (container,) = docker.containers
    assert container.config["Image"] == "arus:1.0"
    given = set(container.environment)
    assert given == {*launcher["run_launcher"]["config"]["env_vars"], "DAGSTER_RUN_JOB_NAME"}
    last = platform.get(pipeline)["last_run"]
    assert (last["status"], last["rows_synced"]) == ("success", 12)
    target = f"{pipeline['target_schema']}.orders"
    assert platform.warehouse.value(f"SELECT count(*) FROM {target}") == 10
