"""The ends of runs are noticed once each, however many there are and whatever the clock says."""

# No deferred annotations here: Dagster reads the op's own as they stand.

from collections.abc import Iterator

import dagster as dg
import pytest
import time_machine

from arus_dagster.defs import notifications


@dg.op(config_schema={"fail": bool})
def work(context: dg.OpExecutionContext) -> None:
    if context.op_config["fail"]:
        raise dg.Failure("no")


@dg.job
def job() -> None:
    work()


class Watch:
    """The sensor, ticked by hand."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.cursor: str | None = None
        self.told: list[tuple[str, str]] = []

    def tick(self) -> int:
        """How many runs were told in it."""
        before = len(self.told)
        (sensor, _) = notifications.notification_sensors(1, {})
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        sensor(context)
        self.cursor = context.cursor
        return len(self.told) - before

    def run(self, *, fail: bool = False) -> tuple[str, str]:
        result = job.execute_in_process(
            run_config={"ops": {"work": {"config": {"fail": fail}}}},
            instance=self.instance,
            raise_on_error=False,
        )
        return result.run_id, "failure" if fail else "success"


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(instance)
        monkeypatch.setattr(
            notifications, "_tell", lambda run, outcome: watch.told.append((run.run_id, outcome))
        )
        yield watch


def test_what_ended_before_anybody_watched_is_no_news(watch: Watch) -> None:
    watch.run()
    assert [watch.tick(), watch.tick()] == [0, 0]
    new = watch.run()
    assert [watch.tick(), watch.tick()] == [1, 0]
    assert watch.told == [new]


def test_more_ends_at_once_than_a_tick_takes_are_all_told_in_order(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of them are still within the stretch that is looked through again."""
    monkeypatch.setattr(notifications, "_BATCH", 3)
    watch.tick()
    ended = [watch.run(fail=number % 5 == 1) for number in range(11)]

    while watch.tick():
        pass

    assert watch.told == ended


def test_an_end_is_told_though_the_clock_was_set_back(watch: Watch) -> None:
    watch.tick()
    first = watch.run()
    watch.tick()
    with time_machine.travel("2020-01-01", tick=True):
        second = watch.run()
        watch.tick()
    assert watch.told == [first, second]
