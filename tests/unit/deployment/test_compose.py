"""The compose file and the image keep what the operators' guide promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from arus_dagster.cli.home import Home
from arus_dagster.cli.home import new_secrets as fresh_secrets

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker-compose.yml"
OURS = ("migrate", "code-server", "webserver", "daemon", "api")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return loaded


def test_every_service_that_stays_has_a_health_check(services: dict[str, Any]) -> None:
    without = {name for name, service in services.items() if "healthcheck" not in service}
    assert without == {"migrate"}


def test_services_start_after_what_they_need_is_healthy(services: dict[str, Any]) -> None:
    for name in OURS:
        needs = services[name]["depends_on"]
        assert needs.keys() <= services.keys()
        for other, how in needs.items():
            expected = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert how["condition"] == expected, f"{name} on {other}"


def test_one_image_with_one_environment_serves_them_all(services: dict[str, Any]) -> None:
    assert len({services[name]["image"] for name in OURS}) == 1
    first = services["api"]["environment"]
    assert all(services[name]["environment"] == first for name in OURS)
    # Whatever the embedded default tells its processes, these are told too.
    assert first.keys() >= {*fresh_secrets(), "ARUS_CODE_SERVER_HOST", "ARUS_DAGSTER_URL"}


def test_the_environment_names_what_processes_of_the_embedded_default_get(
    tmp_path: Path, services: dict[str, Any]
) -> None:
    home = Home(tmp_path)
    embedded_only = {"ARUS_EMBEDDED", "ARUS_API_HOST", "ARUS_API_PORT"}
    assert services["api"]["environment"].keys() >= home.variables.keys() - embedded_only


def test_no_secret_has_a_value_in_the_file(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service["environment"].items():
            if re.search("PASSWORD|SECRET|KEY", name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), name


def test_ports_are_published_on_loopback_unless_told_otherwise(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(re.match(r"\$\{\w+:-127\.0\.0\.1\}:", port) for port in published)


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1:] == ["arus"]


def test_the_file_is_what_the_compose_specification_allows() -> None:
    # Its schema comes with the checker.
    checker = Path(sysconfig.get_path("scripts")) / "check-jsonschema"
    command = [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_variable_that_has_no_default_is_among_the_secrets() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    assert needed == {*fresh_secrets(), "ARUS_ADMIN_PASSWORD"}


def test_compose_accepts_the_file(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("docker compose is not on this machine")
    env_file = tmp_path / "env"
    values = {**fresh_secrets(), "ARUS_ADMIN_PASSWORD": "a long enough password"}
    env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    command = ["compose", "--file", str(COMPOSE), "--env-file", str(env_file), "config", "--quiet"]
    subprocess.run([docker, *command], check=True)
