"""``kill -9`` of each process of the platform while a run is in the middle of its read."""

from __future__ import annotations

from tests.acceptance.faults.conftest import WAIT_SECONDS, Scene


def test_a_killed_run_is_failed_and_the_next_one_is_exact(scene: Scene) -> None:
    before = scene.state()
    run_id = scene.start_held()

    scene.kill("run")

    run = scene.end_of(run_id, WAIT_SECONDS)
    assert run["status"] == "failed"
    assert scene.state() == before
    scene.assert_exact_after_a_sync()


def test_the_code_server_comes_back_and_its_runs_end(scene: Scene) -> None:
    before = scene.state()
    run_id = scene.start_held()

    scene.kill("code server")

    run = scene.end_of(run_id, WAIT_SECONDS)
    assert run["status"] == "failed"
    assert "process ended unexpectedly" in run["error_message"]
    assert scene.state() == before
    scene.assert_exact_after_a_sync()


def test_the_process_behind_the_code_server_comes_back_and_its_runs_end(scene: Scene) -> None:
    """It holds the definitions and starts the runs; the code server does not notice its end."""
    before = scene.state()
    run_id = scene.start_held()

    scene.kill("definitions")

    run = scene.end_of(run_id, WAIT_SECONDS)
    assert run["status"] == "failed"
    assert scene.state() == before
    scene.assert_exact_after_a_sync()


def test_webserver_daemon_and_api_come_back_and_the_run_goes_on(scene: Scene) -> None:
    run_id = scene.start_held()

    scene.kill("webserver", "daemon", "api")
    scene.gate.open()

    assert scene.end_of(run_id, WAIT_SECONDS)["status"] == "success"
    scene.assert_exact_after_a_sync()


def test_the_catalog_comes_back_and_the_run_ends(scene: Scene) -> None:
    run_id = scene.start_held()

    scene.kill("postgres")
    scene.gate.open()

    run = scene.end_of(run_id, WAIT_SECONDS)
    assert run["status"] in ("success", "failed")
    scene.assert_exact_after_a_sync()


def test_after_the_whole_platform_was_killed_the_run_is_failed(scene: Scene) -> None:
    before = scene.state()
    run_id = scene.start_held()

    scene.platform.kill()
    scene.platform.start("--sample")

    run = scene.end_of(run_id, WAIT_SECONDS)
    assert run["status"] == "failed"
    assert scene.state() == before
    scene.assert_exact_after_a_sync()
