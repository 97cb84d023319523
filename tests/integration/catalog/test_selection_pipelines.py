import threading

import pytest

from arus_dagster.catalog.repositories import (
    definitions_version,
    pipelines,
    selection_pipelines,
    settings,
    sources,
)
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.errors import ConflictError
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source

ORDERS = TableChoice("orders", "public")
USERS = TableChoice("users")


@pytest.fixture
def source(session):
    return make_source(session)


@pytest.fixture
def warehouse(session):
    return make_destination(session)


def test_a_selection_makes_one_pipeline_on_the_default_destination(session, source, warehouse):
    settings.update(session, {"pipeline_name_prefix": "x-", "default_schedule": "@hourly"})

    pipeline = selection_pipelines.apply(session, source, [ORDERS])

    assert (pipeline.name, pipeline.slug) == ("x-Shop", "x_shop")
    assert (pipeline.schedule, pipeline.destination.name) == ("@hourly", "Warehouse")
    assert [t.name for t in pipeline.tables] == ["orders"]


def test_a_selection_twice_changes_nothing(session, source, warehouse):
    first = selection_pipelines.apply(session, source, [ORDERS, USERS])
    ids = [t.id for t in first.tables]
    version = definitions_version.current(session)

    second = selection_pipelines.apply(session, source, [ORDERS, USERS])

    assert second.id == first.id and [t.id for t in second.tables] == ids
    assert definitions_version.current(session) == version


def test_a_selection_follows_a_renamed_pipeline(session, source, warehouse):
    first = selection_pipelines.apply(session, source, [ORDERS])
    pipelines.update(session, first, {"name": "Mine now"})

    assert selection_pipelines.apply(session, source, [USERS]).name == "Mine now"


def test_a_selection_leaves_pipelines_alone_that_people_made(session, source, warehouse):
    mine = make_pipeline(session, source, warehouse, "Mine", (USERS,))

    followed = selection_pipelines.apply(session, source, [ORDERS])

    assert followed.id != mine.id
    assert [t.name for t in pipelines.get(session, mine.id).tables] == ["users"]


def test_a_selection_on_a_new_default_destination_names_it(session, source, warehouse):
    selection_pipelines.apply(session, source, [ORDERS])
    make_destination(session, "Lake", host="lake")

    assert selection_pipelines.apply(session, source, [ORDERS]).name == "arus-Shop (Lake)"


def test_a_selection_without_a_default_destination_is_a_conflict(session, source):
    make_destination(session, is_default=False)

    with pytest.raises(ConflictError, match="default destination"):
        selection_pipelines.apply(session, source, [ORDERS])


def test_a_selection_at_once_makes_one_pipeline(catalog):
    with catalog.session() as session:
        source_id = make_source(session).id
        make_destination(session)
    made: list[object] = []

    def apply() -> None:
        with catalog.session() as session:
            source = sources.get(session, source_id)
            made.append(selection_pipelines.apply(session, source, [ORDERS]).id)

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 4 and len(set(made)) == 1
