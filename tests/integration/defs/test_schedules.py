"""Ticks of schedules and sensors, as the code server answers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from arus_dagster import names
from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.repositories import pipelines
from arus_dagster.orchestration.models import DagsterRun, RunStatus
from tests.dagster_stack import wait_for
from tests.integration.defs.conftest import NEVER, Installation

LEAP_DAY = datetime(2028, 2, 29, tzinfo=UTC).timestamp()
# The daemon looks for new schedules once a minute, and ticks on the next one.
DAEMON_SECONDS = 200


@dataclass
class Made:
    """Pipelines made together, so that Dagster loads them once; a test changes its own alone."""

    ticking: Pipeline
    idle: Pipeline
    changed: Pipeline
    abroad: Pipeline
    deleted: Pipeline
    slow: Pipeline
    upstream: Pipeline
    dependent: Pipeline
    follower: Pipeline
    slow_follower: Pipeline


@pytest.fixture(scope="module")
def made(installation: Installation) -> Iterator[Made]:
    upstream = installation.define("hidden_later", max_retries=0)
    after = {"schedule": None, "depends_on": upstream.id}
    made = Made(
        ticking=installation.define("customers", schedule="* * * * *"),
        idle=installation.define("customers"),
        changed=installation.define("customers"),
        abroad=installation.define("customers", schedule="0 0 * * *", timezone="America/St_Johns"),
        deleted=installation.define("customers"),
        slow=installation.define("slow"),
        upstream=upstream,
        dependent=installation.define("customers", depends_on=upstream.id),
        follower=installation.define("orders", **after),
        slow_follower=installation.define("slow", **after),
    )
    installation.load()
    # Only asked by hand: the daemon must not start what a test is about to.
    sensors = installation.stack.client.sensors()
    for follower in (made.follower, made.slow_follower):
        installation.stack.client.stop_sensor(sensors[names.upstream_sensor_name(follower.slug)])
    yield made
    installation.change(made.ticking, schedule=NEVER)
    installation.load()


def test_a_tick_asks_for_a_run(installation: Installation, made: Made) -> None:
    result = installation.tick(made.idle, LEAP_DAY)

    (request,) = result["runRequests"]
    tags = {tag["key"]: tag["value"] for tag in request["tags"]}
    assert tags[names.TRIGGER] == "scheduled"
    assert tags[names.MODE] == "sync"


def test_a_tick_of_a_schedule_that_was_changed_since_starts_nothing(
    installation: Installation, made: Made
) -> None:
    installation.change(made.changed, schedule="30 4 * * *")

    result = installation.tick(made.changed, LEAP_DAY)

    assert result["runRequests"] in (None, [])
    assert result["skipReason"] == "The schedule was changed to 30 4 * * * (UTC)."


def test_a_tick_is_judged_in_the_pipelines_time_zone(
    installation: Installation, made: Made
) -> None:
    midnight = datetime(2028, 2, 29, 3, 30, tzinfo=UTC).timestamp()

    (request,) = installation.tick(made.abroad, midnight)["runRequests"]
    installation.change(made.abroad, timezone="UTC")

    assert request["tags"]
    reason = installation.tick(made.abroad, midnight)["skipReason"]
    assert "changed to 0 0 * * * (UTC)" in reason


def test_a_tick_of_a_deleted_pipeline_starts_nothing(
    installation: Installation, made: Made
) -> None:
    with installation.session() as session:
        pipelines.delete(session, pipelines.get(session, made.deleted.id))

    assert installation.tick(made.deleted, LEAP_DAY)["skipReason"] == "The pipeline was deleted."


def test_a_tick_while_a_run_is_active_names_it(installation: Installation, made: Made) -> None:
    run = installation.launch(made.slow)

    reason = installation.tick(made.slow, LEAP_DAY)["skipReason"]

    installation.stack.cancel(run.id)
    assert run.id in reason


def test_dependents_wait_for_a_success_of_their_upstream_and_follow_it_once(
    installation: Installation, made: Made
) -> None:
    assert "has not run yet" in installation.tick(made.dependent, LEAP_DAY)["skipReason"]
    assert "not succeeded yet" in installation.look(made.follower)["skipReason"]

    installation.shop.execute("ALTER TABLE hidden_later RENAME TO hidden_now")
    failed = installation.run(made.upstream)
    installation.shop.execute("ALTER TABLE hidden_now RENAME TO hidden_later")
    assert failed.id in installation.tick(made.dependent, LEAP_DAY)["skipReason"]
    assert "not succeeded yet" in installation.look(made.follower)["skipReason"]

    success = installation.run(made.upstream)
    assert installation.tick(made.dependent, LEAP_DAY)["runRequests"]
    found = installation.look(made.follower)
    (request,) = found["runRequests"]
    assert request["runKey"] == success.id
    assert {"key": names.TRIGGER, "value": "dependency"} in request["tags"]
    again = installation.look(made.follower, found["cursor"])
    assert "followed already" in again["skipReason"]

    # One that comes while the follower is at work is followed when it is done.
    work = installation.launch(made.slow_follower)
    busy = installation.look(made.slow_follower)
    installation.stack.cancel(work.id)
    idle = installation.look(made.slow_follower)
    assert work.id in busy["skipReason"]
    assert [request["runKey"] for request in idle["runRequests"]] == [success.id]

    # A success from before a pipeline was made is none of its own to follow.
    late = installation.pipeline("orders", schedule=None, depends_on=made.upstream.id)
    assert "older than this pipeline" in installation.look(late)["skipReason"]


@pytest.mark.parametrize("kind", ["schedule", "sensor"])
def test_a_pause_survives_a_reload(installation: Installation, made: Made, kind: str) -> None:
    client = installation.stack.client
    if kind == "schedule":
        name = names.schedule_name(made.idle.slug)
        assert client.schedules()[name].running
        client.stop_schedule(client.schedules()[name])
        installation.load()
        assert not client.schedules()[name].running
        client.start_schedule(name)
        assert client.schedules()[name].running
    else:
        name = names.upstream_sensor_name(made.follower.slug)
        assert not client.sensors()[name].running
        installation.load()
        assert not client.sensors()[name].running
        client.start_sensor(name)
        assert client.sensors()[name].running
        client.stop_sensor(client.sensors()[name])


def test_the_daemon_ticks_a_new_schedule_without_a_restart(
    installation: Installation, made: Made
) -> None:
    # Last of all: the tick has had the time of the tests before to come.
    def ticked() -> DagsterRun | None:
        return next(iter(installation.runs_of(made.ticking)), None)

    run = wait_for(ticked, "the daemon to tick a new schedule", DAEMON_SECONDS)

    ended = installation.stack.wait_for_run(run.id)
    assert (ended.status, ended.tags[names.TRIGGER]) == (RunStatus.SUCCESS, "scheduled")
