"""What ``arus doctor`` finds on a machine, and what it says to do."""

from __future__ import annotations

import importlib.metadata
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydantic import SecretStr

from arus_dagster.cli.doctor import machine
from arus_dagster.cli.doctor.finding import Finding
from arus_dagster.cli.home import Home


def the_bad(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state == "bad"]


def test_a_fresh_state_directory_has_nothing_to_mend(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    findings = [*machine.versions(), *machine.secrets(home.settings(), home)]
    findings += machine.disk([("State directory", home.directory)])
    assert the_bad(findings) == []
    assert {finding.subject for finding in findings} >= {
        "dagster",
        "dagster-webserver",
        "dagster-postgres",
        "Encryption key",
        "Secrets' file",
        "State directory",
    }


def test_a_dagster_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "0.11.14" if name == "dagster-postgres" else real(name),
    )
    (finding,) = the_bad(machine.versions())
    assert finding.subject == "dagster-postgres"
    assert "0.11.14" in finding.detail and "requirements.lock" in finding.remedy


def test_secrets_that_others_can_read_and_keys_that_are_none_are_found(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.env_file.chmod(0o644)
    settings = home.settings().model_copy(update={"encryption_key": SecretStr("canary")})
    found = the_bad(machine.secrets(settings, home))
    assert [finding.subject for finding in found] == ["Encryption key", "Secrets' file"]
    assert found[1].remedy == f"chmod 600 {home.env_file}"
    assert "canary" not in repr(found)


def test_a_taken_port_is_named_with_the_option_that_moves_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        (finding,) = the_bad(machine.free_ports([("the REST API", "--api-port", taken)]))
    assert str(taken) in finding.detail and "--api-port" in finding.remedy


def test_a_place_that_is_not_there_or_full_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone,) = machine.disk([("Dagster's home", tmp_path / "gone")])
    assert gone.state == "bad"
    usage = type("Usage", (), {"free": 900_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    (full,) = machine.disk([("Dagster's home", tmp_path)])
    assert full.state == "bad" and "0.9 GB free" in full.detail
