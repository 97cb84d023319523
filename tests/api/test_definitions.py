"""Keeping loaded definitions in step with the catalog, whatever comes at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI

from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.session import Catalog
from arus_dagster.errors import UnavailableError
from arus_dagster.orchestration.definitions import DefinitionsReloader

WAIT_SECONDS = 30


class Location:
    """A code location that loads what the catalog holds at the moment it is told to."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.loaded: int | None = None
        self.reloads = 0
        self.failures = 0
        self.reloaded = threading.Semaphore(0)
        self.before_load = threading.Event()
        self.may_load = threading.Event()
        self.may_load.set()

    def loaded_definitions_version(self) -> int | None:
        return self.loaded

    def reload_location(self) -> None:
        self.reloads += 1
        if self.failures:
            self.failures -= 1
            raise UnavailableError("Dagster is away")
        with self.catalog.session() as session:
            version = definitions_version.current(session)
        self.before_load.set()
        assert self.may_load.wait(WAIT_SECONDS)
        self.loaded = version
        self.reloaded.release()


@pytest.fixture
def location(app: FastAPI) -> Location:
    return Location(app.state.catalog)


@pytest.fixture
def reloader(app: FastAPI, location: Location) -> Iterator[DefinitionsReloader]:
    reloader = DefinitionsReloader(app.state.side_catalog, location)
    yield reloader
    reloader.stop()


def change(catalog: Catalog) -> int:
    with catalog.session() as session:
        return definitions_version.bump(session)


def test_definitions_that_are_behind_are_loaded_anew_and_only_then(
    app: FastAPI, location: Location, reloader: DefinitionsReloader
) -> None:
    for _ in range(3):
        version = change(app.state.catalog)

    reloader.ensure_current()
    reloader.ensure_current()

    assert location.loaded == version
    assert location.reloads == 1


def test_definitions_that_another_process_loaded_are_not_loaded_again(
    app: FastAPI, location: Location, reloader: DefinitionsReloader
) -> None:
    location.loaded = change(app.state.catalog)

    reloader.ensure_current()

    assert location.reloads == 0


def test_of_many_who_wait_one_reloads(
    app: FastAPI, location: Location, reloader: DefinitionsReloader
) -> None:
    version = change(app.state.catalog)

    with ThreadPoolExecutor(20) as pool:
        for done in [pool.submit(reloader.ensure_current) for _ in range(20)]:
            done.result()

    assert location.loaded == version
    assert location.reloads == 1


def test_a_change_during_a_reload_takes_another_one(
    app: FastAPI, location: Location, reloader: DefinitionsReloader
) -> None:
    change(app.state.catalog)
    location.may_load.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(reloader.ensure_current)
        assert location.before_load.wait(WAIT_SECONDS)
        version = change(app.state.catalog)
        second = pool.submit(reloader.ensure_current)
        location.may_load.set()
        first.result()
        second.result()

    assert location.loaded == version
    assert location.reloads == 2


def test_a_reload_that_changes_nothing_is_no_success(
    app: FastAPI, location: Location, reloader: DefinitionsReloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(app.state.catalog)
    monkeypatch.setattr(location, "loaded_definitions_version", lambda: 0)

    with pytest.raises(UnavailableError):
        reloader.ensure_current()


def test_a_nudge_reloads_in_the_background_until_it_works(
    app: FastAPI, location: Location, reloader: DefinitionsReloader
) -> None:
    location.failures = 1
    reloader.start()
    version = change(app.state.catalog)

    reloader.nudge()

    assert location.reloaded.acquire(timeout=WAIT_SECONDS)
    assert location.loaded == version
    assert location.reloads == 2
