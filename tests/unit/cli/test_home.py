"""The state directory: what is generated, kept and refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from arus_dagster.cli.home import Home, Ports, deployment_file
from arus_dagster.crypto import Cipher
from arus_dagster.errors import ConfigurationError


def test_secrets_are_made_once_and_kept_to_the_owner(tmp_path: Path) -> None:
    first = Home(tmp_path / "home").variables
    second = Home(tmp_path / "home")
    assert second.variables == first
    assert stat.S_IMODE(second.env_file.stat().st_mode) == 0o600
    assert Home(tmp_path / "other").variables["ARUS_DB_PASSWORD"] != first["ARUS_DB_PASSWORD"]
    Cipher(first["ARUS_ENCRYPTION_KEY"])
    assert len(first["ARUS_JWT_SECRET"]) >= 32


def test_processes_and_our_own_settings_read_the_same(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.set_ports(Ports(api=1001, dagster=1002, code_server=1003, postgres=1004))
    settings = home.settings()
    environment = home.environment()
    assert settings.embedded
    assert settings.db_port == 1004 == int(environment["ARUS_DB_PORT"])
    assert settings.dagster_url == "http://127.0.0.1:1002" == environment["ARUS_DAGSTER_URL"]
    assert settings.db_password.get_secret_value() == environment["ARUS_DB_PASSWORD"]
    assert environment["ARUS_CODE_SERVER_PORT"] == "1003"
    assert environment["DAGSTER_HOME"] == str(tmp_path / "dagster")


def test_our_environment_does_not_reach_over_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARUS_DB_HOST", "elsewhere.example.com")
    monkeypatch.setenv("ARUS_DB_PASSWORD", "of another installation")
    home = Home(tmp_path)
    home.set_ports(Ports())
    assert home.settings().db_host == "127.0.0.1" == home.environment()["ARUS_DB_HOST"]
    assert home.settings().db_password.get_secret_value() == home.variables["ARUS_DB_PASSWORD"]


def test_a_database_without_its_secrets_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.postgres_directory.mkdir()
    home.env_file.unlink()
    with pytest.raises(ConfigurationError, match=r"arus\.env"):
        Home(tmp_path)
    assert not home.env_file.exists()


def test_a_secret_under_a_name_is_made_once(tmp_path: Path) -> None:
    made = Home(tmp_path).secret("ARUS_SAMPLE_PASSWORD")
    assert Home(tmp_path).secret("ARUS_SAMPLE_PASSWORD") == made


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml"])
def test_deployment_files_are_found(name: str) -> None:
    assert deployment_file(name).read_text()


def test_a_missing_deployment_file_is_said_so() -> None:
    with pytest.raises(ConfigurationError, match=r"no-such\.yaml"):
        deployment_file("no-such.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lacks ARUS_DB_NAME"),
        (b"\x00" * 200, "line 1 is not of the form"),
        (b"\xff\xfe\x80", "can't be read"),
        (b"ARUS_EMBEDDED=true\nhunter2\n", "line 2 is not of the form"),
    ],
)
def test_a_damaged_file_of_secrets_is_said_so_without_showing_it(
    tmp_path: Path, content: bytes, message: str
) -> None:
    Home(tmp_path).env_file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as refused:
        Home(tmp_path)
    assert "put a copy of it back" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert (tmp_path / "arus.env").read_bytes() == content
