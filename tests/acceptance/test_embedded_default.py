"""``arus up`` from start to stop: nothing lost, nothing left behind."""

from __future__ import annotations

import re
import socket
import stat
import time
from pathlib import Path

import httpx

from arus_dagster.cli.home import Home
from tests.acceptance.platform import Platform

ADMIN = {"email": "admin@arus.io", "password": "admin123"}


def login(platform: Platform, body: dict[str, str]) -> httpx.Response:
    return httpx.post(f"http://127.0.0.1:{platform.ports['api']}/api/auth/login", json=body)


def test_it_says_where_everything_is_and_warns_of_the_known_password(platform: Platform) -> None:
    output = platform.output()
    for name in ("api", "dagster", "postgres"):
        assert f"127.0.0.1:{platform.ports[name]}" in output
    assert "well-known password" in output
    assert login(platform, ADMIN).status_code == httpx.codes.OK


def test_secrets_are_for_the_owner_alone_and_on_no_command_line(platform: Platform) -> None:
    env_file = platform.home / "arus.env"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    secrets = [
        line.split("=", 1)[1]
        for line in env_file.read_text().splitlines()
        if re.match(r"ARUS_\w*(PASSWORD|SECRET|KEY)=", line)
    ]
    assert len(secrets) == 4
    seen = platform.output() + "".join(platform.processes().values())
    seen += "".join(path.read_text(errors="replace") for path in platform.home.glob("logs/*"))
    assert not [secret for secret in secrets if secret in seen]


def test_a_second_one_on_the_same_directory_is_refused(platform: Platform) -> None:
    result = platform.arus("up", *platform.port_options())
    assert result.returncode == 1
    assert "in use by another arus" in result.stderr


def test_a_taken_port_is_named_with_its_option_and_nothing_stays(platform: Platform) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        result = platform.arus("up", "--home", "other", f"--postgres-port={number}")
    assert result.returncode == 1
    message = " ".join(result.stderr.split())
    assert f"Port {number}" in message and "--postgres-port" in message
    others = platform.directory / "other"
    assert not [command for command in platform.processes().values() if str(others) in command]


def test_users_are_managed_while_it_runs(platform: Platform) -> None:
    home = ("--home", ".arus")
    made = platform.arus(
        "user", "create", "bo@example.com", "--name", "Bo", *home, stdin="first password\n"
    )
    assert made.returncode == 0, made.stderr
    assert login(platform, {"email": "bo@example.com", "password": "first password"}).is_success
    reset = platform.arus("user", "password", "bo@example.com", *home, stdin="second password\n")
    assert reset.returncode == 0, reset.stderr
    assert login(platform, {"email": "bo@example.com", "password": "second password"}).is_success
    short = platform.arus("user", "password", "bo@example.com", *home, stdin="short\n")
    assert short.returncode == 1
    assert "at least" in short.stderr


def test_the_doctor_finds_a_running_platform_well_and_says_what_is_wrong_with_one_that_is_down(
    platform: Platform, tmp_path: Path
) -> None:
    well = platform.arus("doctor").stdout
    for part in ("Catalog", "Migrations", "Clock", "Dagster's webserver", "Dagster's daemons"):
        assert f"✓ {part}: " in well
    assert f"✓ REST API: answers at http://127.0.0.1:{platform.ports['api']}" in well
    assert "! First administrator: " in well  # the well-known password

    made = platform.arus("export", "--home", str(tmp_path / "other"))
    assert made.returncode == 1 and "no state directory" in made.stderr
    Home(tmp_path / "down")
    down = platform.arus("doctor", "--home", str(tmp_path / "down"))
    assert down.returncode == 1
    assert "✗ Platform: is not running\n    → arus up" in down.stdout


def test_ctrl_c_stops_everything_and_a_new_start_finds_the_state(platform: Platform) -> None:
    token = login(platform, ADMIN).json()["data"]["access_token"]
    api = f"http://127.0.0.1:{platform.ports['api']}/api"
    headers = {"Authorization": f"Bearer {token}"}
    env = dict(
        line.split("=", 1) for line in (platform.home / "arus.env").read_text().splitlines()[1:]
    )
    source = {
        "name": "Kept over a restart",
        "type": "postgresql",
        "host": "127.0.0.1",
        "port": platform.ports["postgres"],
        "database": "shop",
        "username": "shop_reader",
        "password": env["ARUS_SAMPLE_PASSWORD"],
    }
    made = httpx.post(f"{api}/sources", json=source, headers=headers)
    assert made.status_code == httpx.codes.CREATED, made.text
    source_id = made.json()["data"]["id"]

    running = platform.arus("rotate-key", "--home", ".arus")
    assert running.returncode == 1  # its processes know the former key alone
    assert "in use" in running.stderr

    assert platform.stop() == 0
    assert not platform.processes()

    rotated = platform.arus("rotate-key", "--home", ".arus")
    assert rotated.returncode == 0, rotated.stderr
    assert not platform.processes()
    assert env["ARUS_ENCRYPTION_KEY"] not in (platform.home / "arus.env").read_text()

    platform.start()
    # The token still holds, and the password is readable with the new key.
    tested = httpx.post(f"{api}/sources/{source_id}/test", headers=headers, timeout=30)
    assert tested.json()["data"]["connected"] is True, tested.text


def test_a_killed_one_leaves_nothing_and_its_state_is_whole(platform: Platform) -> None:
    platform.kill()
    while platform.processes():  # the sentinel ends them; the suite's time limit is the bound
        time.sleep(0.1)
    # The directory is free again, and its database recovers.
    reset = platform.arus(
        "user", "password", ADMIN["email"], "--home", ".arus", stdin=ADMIN["password"] + "\n"
    )
    assert reset.returncode == 0, reset.stderr
