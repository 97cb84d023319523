"""Definitions built from plain data: what Dagster shows, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

from arus_dagster import names
from arus_dagster.catalog.shapes import shape_to_json
from arus_dagster.defs.build import BuiltLocation, build_location, build_pipeline
from arus_dagster.defs.pipelines import PipelineDefinition, Pipelines, TableDefinition
from arus_dagster.dialects.base import Column, TableRef, TableShape

OWNERS = ["data@example.com"]
CONSOLE = "https://arus.example.com"


def table(name: str, **changes: Any) -> TableDefinition:
    plain = TableDefinition(
        id=f"{abs(hash(name)) % 10**8:08d}-0000-4000-8000-000000000000",
        schema="public",
        name=name,
        target_schema="analytics",
        target_table=name,
        raw_schema="staging",
        raw_table=f"shop_{name}_raw",
        load_mode="direct",
        sync_mode="full_refresh",
        watermark_column=None,
    )
    return replace(plain, **changes)


def pipeline(slug: str, *tables: TableDefinition, **changes: Any) -> PipelineDefinition:
    plain = PipelineDefinition(
        id="0a000000-0000-4000-8000-000000000001",
        name=slug.replace("_", " ").title(),
        slug=slug,
        description=None,
        source_slug="shop",
        source_name="Shop",
        source_type="mariadb",
        destination_slug="warehouse",
        destination_name="Warehouse",
        schedule="*/5 * * * *",
        timezone="Europe/Paris",
        depends_on=None,
        starts_paused=False,
        timeout_seconds=3600,
        parallel_tables=1,
        tables=tables,
    )
    return replace(plain, **changes)


def location(*pipelines: PipelineDefinition) -> BuiltLocation:
    return build_location(Pipelines(7, pipelines), OWNERS, {}, CONSOLE)


ORDERS = table("orders", sync_mode="incremental", watermark_column="updated_at")
EVENTS = table("events", load_mode="raw")


def test_names_keys_and_groups_of_a_pipeline(snapshot: SnapshotAssertion) -> None:
    built = build_pipeline(pipeline("daily_orders", ORDERS, EVENTS), OWNERS, {}, CONSOLE)

    assert {
        "job": built.job.name,
        "tags": dict(built.job.tags),
        "steps": sorted(node.name for node in built.job.nodes),
        "schedule": built.schedule
        and (built.schedule.name, built.schedule.cron_schedule, built.schedule.execution_timezone),
        "sensor": built.sensor and built.sensor.name,
        "sources": [_shown(assets.source) for assets in built.tables],
        "synced": [_shown(spec) for assets in built.tables for spec in assets.synced.specs],
        "checks": sorted(
            (key.asset_key.to_user_string(), key.name)
            for assets in built.tables
            for key in assets.synced.check_keys
        ),
    } == snapshot


def _shown(spec: dg.AssetSpec) -> dict[str, Any]:
    return {
        "key": spec.key.to_user_string(),
        "deps": [dep.asset_key.to_user_string() for dep in spec.deps],
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "description": spec.description,
        "table": spec.metadata.get("dagster/table_name"),
    }


def test_raw_and_target_are_made_by_one_step() -> None:
    built = build_pipeline(pipeline("p", EVENTS), OWNERS, {}, CONSOLE)

    assert [node.name for node in built.job.nodes] == ["public__events"]
    (assets,) = built.tables
    raw, target = assets.synced.specs
    assert [dep.asset_key for dep in target.deps] == [raw.key]
    assert [dep.asset_key for dep in raw.deps] == [assets.source.key]


@pytest.mark.parametrize("name", ["Order Items", "a.b", 'x"y', "naïve", "a/b", "日本", "50%", "-"])
@pytest.mark.parametrize("load_mode", ["direct", "raw"])
def test_any_table_name_can_be_defined(name: str, load_mode: str) -> None:
    built = build_pipeline(
        pipeline("p", table(name, load_mode=load_mode), ORDERS), OWNERS, {}, CONSOLE
    )

    (assets, _) = built.tables
    part = names.target_path("warehouse", "analytics", name)[-1]
    assert list(assets.synced.specs)[-1].key.path == ["target", "warehouse", "analytics", part]
    assert len(built.job.nodes) == 2


def test_the_job_carries_the_pipeline_and_its_time_limit() -> None:
    job = build_pipeline(pipeline("p", ORDERS, timeout_seconds=90), OWNERS, {}, CONSOLE).job

    assert job.run_tags[names.PIPELINE_ID] == "0a000000-0000-4000-8000-000000000001"
    assert job.run_tags[names.MAX_RUNTIME] == "90"


def test_everything_of_a_pipeline_names_its_owners_and_leads_to_the_console() -> None:
    timed = build_pipeline(pipeline("p", ORDERS, EVENTS), OWNERS, {}, CONSOLE)
    following = build_pipeline(
        pipeline("p", ORDERS, schedule=None, depends_on="x"), OWNERS, {}, CONSOLE
    )
    assert timed.schedule and following.sensor

    shown = [spec for assets in timed.tables for spec in assets.synced.specs]
    parts: list[Any] = [*shown, timed.job, timed.schedule, following.sensor]

    assert len(shown) == 3
    for part in parts:
        assert list(part.owners or ()) == OWNERS, part
        link = part.metadata["console"]
        assert isinstance(link, dg.UrlMetadataValue)
        assert link.url == f"{CONSOLE}/console/pipelines/0a000000-0000-4000-8000-000000000001"


def test_a_pipeline_without_a_schedule_that_follows_another_has_a_sensor() -> None:
    built = build_pipeline(
        pipeline("p", ORDERS, schedule=None, depends_on="x"), OWNERS, {}, CONSOLE
    )

    assert built.schedule is None
    assert built.sensor is not None
    assert built.sensor.name == "p_after_upstream"
    assert built.sensor.job_name == "p"


def test_a_scheduled_pipeline_that_follows_another_has_its_schedule_alone() -> None:
    built = build_pipeline(pipeline("p", ORDERS, depends_on="x"), OWNERS, {}, CONSOLE)

    assert built.schedule is not None
    assert built.sensor is None


def test_a_pipeline_without_tables_has_no_job_and_breaks_nothing() -> None:
    built = location(pipeline("empty"), pipeline("full", ORDERS))

    assert set(built.pipelines) == {"full"}
    assert built.broken == {}


def test_a_broken_pipeline_is_left_out_and_named() -> None:
    broken = pipeline("broken", ORDERS, schedule="every now and then")

    built = location(broken, pipeline("sound", EVENTS))

    assert set(built.pipelines) == {"sound"}
    assert set(built.broken) == {"broken"}
    assert "every now and then" in built.broken["broken"]


def test_a_source_shows_the_columns_that_discovery_saw() -> None:
    shape = TableShape(
        table=TableRef("public", "orders"),
        kind="view",
        columns=(
            Column("id", "int(11)", "integer", nullable=False, key_position=1),
            Column("note", "text", "text", comment="free text"),
        ),
        comment="What customers bought.",
    )
    shapes = {("shop", "public", "orders"): shape_to_json(shape)}

    (assets,) = build_pipeline(pipeline("p", ORDERS), OWNERS, shapes, CONSOLE).tables

    schema = assets.source.metadata["dagster/column_schema"]
    assert [(c.name, c.type, c.constraints.nullable, c.description) for c in schema.columns] == [
        ("id", "int(11)", False, None),
        ("note", "text", True, "free text"),
    ]
    assert [c.constraints.other for c in schema.columns] == [["primary key"], []]
    assert assets.source.description == "What customers bought."
    assert "view" in assets.source.kinds


def test_a_shape_that_no_longer_parses_breaks_its_own_pipeline_alone() -> None:
    shapes = {("shop", "public", "orders"): {"unknown": "form"}}

    built = build_location(
        Pipelines(7, (pipeline("a", ORDERS), pipeline("b", EVENTS))), OWNERS, shapes, CONSOLE
    )

    assert set(built.pipelines) == {"b"}
    assert set(built.broken) == {"a"}
