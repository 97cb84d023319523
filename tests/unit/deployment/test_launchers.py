"""What docs/deployment says of other launchers and of Kubernetes holds together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from arus_dagster.cli import code_server
from arus_dagster.cli.code_server import PING_SECONDS
from arus_dagster.cli.process import free_port
from tests.unit.deployment.test_compose import COMPOSE, fresh_secrets

ROOT = Path(__file__).parents[3]
DEPLOYMENT = ROOT / "docs" / "deployment"
# What a run reads of its environment, beside what has a default.
NEEDED = {*fresh_secrets(), "ARUS_DB_HOST", "ARUS_DB_PORT", "ARUS_DB_NAME", "ARUS_DB_USER"}


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOYMENT / name).read_text()))


def test_a_launcher_is_put_behind_what_dagster_yaml_says() -> None:
    base = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    for name in ("docker-launcher.yaml", "celery-launcher.yaml"):
        (document,) = documents(name)
        assert document.keys() == {"run_launcher"}
        assert not document.keys() & base.keys()


def test_a_container_of_a_run_gets_all_that_a_run_needs() -> None:
    (document,) = documents("docker-launcher.yaml")
    config = document["run_launcher"]["config"]
    assert set(config["env_vars"]) == NEEDED
    compose = yaml.safe_load(COMPOSE.read_text())
    assert config["networks"] == [f"{compose['name']}_default"]


def test_the_helm_values_keep_what_dagster_yaml_says() -> None:
    (values,) = documents("kubernetes-values.yaml")
    base = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    queue = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert queue["tagConcurrencyLimits"] == base["concurrency"]["runs"]["tag_concurrency_limits"]
    storage = base["storage"]["custom"]["config"]["postgres_db"]
    assert values["postgresql"]["postgresqlScheme"] == storage["scheme"]
    assert values["postgresql"]["postgresqlParams"] == storage["params"]
    (code,) = values["dagster-user-deployments"]["deployments"]
    location = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"][0]["grpc_server"]
    assert code["name"] == location["location_name"]
    assert "codeServerArgs" in code  # "dagster api grpc" would never load a change
    assert code["envSecrets"] == [{"name": "arus"}]
    assert values["concurrency"]["enabled"] is True  # the chart leaves it out otherwise
    pools = values["concurrency"]["pools"]
    assert pools["defaultLimit"] == base["concurrency"]["pools"]["default_limit"]
    assert pools["granularity"] == base["concurrency"]["pools"]["granularity"]
    assert queue["dequeueUseThreads"] == base["run_queue"]["dequeue_use_threads"]
    for kind in ("schedules", "sensors"):
        there = values["dagsterDaemon"][kind]
        here = base[kind]
        assert (there["useThreads"], there["numWorkers"]) == (
            here["use_threads"],
            here["num_workers"],
        )
    own, monitoring = base["run_monitoring"], values["dagsterDaemon"]["runMonitoring"]
    for here, there in (
        ("poll_interval_seconds", "pollIntervalSeconds"),
        ("cancel_timeout_seconds", "cancelTimeoutSeconds"),
        ("free_slots_after_run_end_seconds", "freeSlotsAfterRunEndSeconds"),
    ):
        assert monitoring[there] == own[here], here
    assert values["runLauncher"]["type"] == "K8sRunLauncher"


def test_the_manifests_run_as_nobody_and_are_probed() -> None:
    job, deployment, service = documents("kubernetes-api.yaml")
    (values,) = documents("kubernetes-values.yaml")
    for workload in (job, deployment):
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["envFrom"] == [{"secretRef": {"name": "arus"}}]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        image = values["dagster-user-deployments"]["deployments"][0]["image"]
        assert container["image"] == f"{image['repository']}:{image['tag']}"
    (api,) = deployment["spec"]["template"]["spec"]["containers"]
    assert api["readinessProbe"]["httpGet"]["path"] == "/api/health/ready"
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_the_kubelet_looks_at_what_is_behind_the_code_server() -> None:
    """As the watch of the other ways does, which the chart has no place for."""
    (values,) = documents("kubernetes-values.yaml")
    (code,) = values["dagster-user-deployments"]["deployments"]
    for probe in ("startupProbe", "livenessProbe"):
        python, *command = code[probe]["exec"]["command"]
        assert python == "python"
        assert command[:2] == ["-m", code_server.__name__]
        assert command[2:] == ["--look", f"--port={code['port']}"]
        assert code[probe]["timeoutSeconds"] > PING_SECONDS


def test_a_look_at_nothing_fails() -> None:
    command = [sys.executable, "-m", code_server.__name__, "--look", f"--port={free_port()}"]
    assert subprocess.run(command, check=False).returncode == 1
