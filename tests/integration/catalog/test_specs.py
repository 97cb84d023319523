import uuid

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from arus_dagster.catalog.repositories import (
    destinations,
    pipelines,
    scripts,
    secrets,
    settings,
    sources,
)
from arus_dagster.catalog.repositories import notification_targets as targets
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.specs import connection_spec, sync_request
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.defs.retries import retry_policy
from arus_dagster.dialects.base import TableRef
from arus_dagster.engine.specs import Policy, RunSpec, Script
from arus_dagster.errors import ConfigurationError, NotFoundError
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source

RUN = RunSpec(id="r1", kind="backfill", from_date="2026-01-01")


@pytest.fixture
def pipeline(session):
    values = {"load_mode": "raw", "row_filter": "id > 1", "lookback_seconds": 0}
    tables = (TableChoice("orders", "public", values), TableChoice("users"))
    return make_pipeline(session, make_source(session), make_destination(session), tables=tables)


def test_a_request_holds_all_that_a_sync_needs(session, pipeline):
    settings.update(session, {"lookback_seconds": "60", "dead_letter_limit": "5"})
    for name, table in (("second", "orders"), ("first", None)):
        scripts.create(session, pipeline.id, name=name, content=name, table=table)
    orders, users = pipeline.tables

    request = sync_request(session, pipeline.id, orders.id, RUN)

    assert (request.pipeline_id, request.pipeline_name) == (str(pipeline.id), "Orders")
    assert request.source.password == "p@s/:%#? é"
    assert request.destination.password == "another secret"
    assert request.raw_schema == "staging" and request.run == RUN
    assert request.table.source == TableRef("public", "orders")
    assert request.table.target == TableRef("analytics", "orders")
    assert request.table.raw == TableRef("staging", "shop_orders_raw")
    assert (request.table.row_filter, request.table.lookback_seconds) == ("id > 1", 0)
    assert request.table.watermark_column == "updated_at"
    assert request.table.soft_delete_column == "deleted_at"
    assert request.policy.dead_letter_limit == 5
    assert request.scripts == (Script("second", "second", "orders"), Script("first", "first"))

    of_users = sync_request(session, pipeline.id, users.id, RUN).table
    assert of_users.lookback_seconds == 60
    assert of_users.raw is None


def test_no_read_lasts_longer_than_the_run_that_it_is_for(session, pipeline):
    settings.update(session, {"timeout_seconds": "1234"})
    table_id = pipeline.tables[0].id
    assert sync_request(session, pipeline.id, table_id, RUN).source.read_limit_seconds == 1234

    pipelines.update(session, pipeline, {"timeout_seconds": 77})

    assert sync_request(session, pipeline.id, table_id, RUN).source.read_limit_seconds == 77


def test_an_untouched_installation_has_the_engines_policy(session, pipeline):
    request = sync_request(session, pipeline.id, pipeline.tables[0].id, RUN)

    assert request.policy == Policy()


def test_a_table_that_was_left_out_is_not_found(session, pipeline):
    table_id = pipeline.tables[0].id
    with pytest.raises(NotFoundError):
        sync_request(session, uuid.uuid4(), table_id, RUN)

    pipelines.update(session, pipeline, {}, [])

    with pytest.raises(NotFoundError):
        sync_request(session, pipeline.id, table_id, RUN)


def test_a_pipelines_own_retries_stand_over_the_installations(session, pipeline):
    settings.update(session, {"max_retries": "7", "initial_backoff": "9"})
    policy = retry_policy(session, pipeline.id)
    assert (policy.max_retries, policy.initial_backoff) == (7, 9)

    pipelines.update(session, pipeline, {"max_retries": 0, "initial_backoff": 0})
    policy = retry_policy(session, pipeline.id)
    assert (policy.max_retries, policy.initial_backoff) == (0, 0)


def test_a_new_key_takes_over_every_secret(catalog, catalog_settings):
    with catalog.session() as session:
        source_id = make_source(session).id
        destination_id = make_destination(session).id
        target = targets.create(
            session, name="T", kind="webhook", config={"url": "https://x/secret"}, active=True
        )
    new, old = Fernet.generate_key().decode(), catalog_settings.encryption_key.get_secret_value()

    def opened(keys: str) -> Catalog:
        changed = {"encryption_key": SecretStr(keys)}
        return Catalog(catalog_settings.model_copy(update=changed))

    both, only_new = opened(f"{new},{old}"), opened(new)
    try:
        with only_new.session() as session, pytest.raises(ConfigurationError):
            connection_spec(session, sources.get(session, source_id))
        with both.session() as session:
            assert secrets.rotate_all(session) == 3
        with only_new.session() as session:
            source = sources.get(session, source_id)
            destination = destinations.get(session, destination_id)
            assert connection_spec(session, source).password == "p@s/:%#? é"
            assert connection_spec(session, destination).password == "another secret"
            config = targets.config_of(session, targets.get(session, target.id))
            assert config == {"url": "https://x/secret"}
    finally:
        both.dispose()
        only_new.dispose()
