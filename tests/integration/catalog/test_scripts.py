import pytest

from arus_dagster.catalog.repositories import scripts
from arus_dagster.errors import ConflictError, NotFoundError
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source


@pytest.fixture
def pipeline(session):
    return make_pipeline(session, make_source(session), make_destination(session))


def test_scripts_are_listed_in_the_order_they_are_applied(session, pipeline):
    for name in ("c", "a", "b"):
        scripts.create(session, pipeline.id, name=name, content="x")

    assert [s.name for s in scripts.of_pipeline(session, pipeline.id)] == ["c", "a", "b"]
    page = scripts.page(session, pipeline.id, limit=2, offset=1)
    assert ([s.name for s in page.items], page.total) == (["a", "b"], 3)


def test_a_changed_script_keeps_its_place(session, pipeline):
    first = scripts.create(session, pipeline.id, name="first", content="x")
    scripts.create(session, pipeline.id, name="second", content="y")

    scripts.update(session, first, {"name": "renamed", "content": "z", "table": "orders"})

    assert [s.name for s in scripts.of_pipeline(session, pipeline.id)] == ["renamed", "second"]


def test_a_name_is_taken_within_its_pipeline_alone(session, pipeline):
    other = make_pipeline(session, pipeline.source, pipeline.destination, "Other", ())
    scripts.create(session, pipeline.id, name="clean", content="x")
    elsewhere = scripts.create(session, other.id, name="clean", content="x")

    with pytest.raises(ConflictError, match="clean"):
        scripts.create(session, pipeline.id, name="clean", content="x")
    with pytest.raises(NotFoundError):
        scripts.get(session, pipeline.id, elsewhere.id)

    scripts.delete(session, elsewhere)
    with pytest.raises(NotFoundError):
        scripts.get(session, other.id, elsewhere.id)
