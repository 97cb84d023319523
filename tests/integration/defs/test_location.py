"""What the code location has loaded, and what it leaves out."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import text

from arus_dagster import names
from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.cli import code_server
from arus_dagster.defs.build import CatalogRepository
from arus_dagster.orchestration.models import RunStatus
from tests.integration.defs.conftest import Installation


def test_the_loaded_version_is_the_catalogs(installation: Installation) -> None:
    pipeline = installation.pipeline("customers")
    client = installation.stack.client

    with installation.session() as session:
        assert client.loaded_definitions_version() == definitions_version.current(session)
    installation.change(pipeline, description="something else")
    with installation.session() as session:
        newer = definitions_version.current(session)
    loaded = client.loaded_definitions_version()
    assert loaded is not None and loaded < newer
    installation.load()
    assert client.loaded_definitions_version() == newer


def test_a_look_at_a_code_server_with_definitions_succeeds(installation: Installation) -> None:
    port = installation.stack.ports.code_server
    command = [sys.executable, "-m", code_server.__name__, "--look", f"--port={port}"]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_broken_pipeline_takes_down_no_other(installation: Installation) -> None:
    broken = installation.pipeline("customers")
    sound = installation.pipeline("customers")
    with installation.session() as session:
        session.execute(
            text("UPDATE arus_config.pipelines SET timezone = 'Nowhere/Land' WHERE id = :id"),
            {"id": broken.id},
        )
    client = installation.stack.client
    installation.load()

    left_out = client.broken_pipelines()
    schedules = client.schedules()
    run = installation.run(sound)

    installation.change(broken, timezone=None)
    installation.load()
    assert "Nowhere/Land" in left_out[broken.slug]
    assert names.schedule_name(broken.slug) not in schedules
    assert run.status == RunStatus.SUCCESS
    assert broken.slug not in client.broken_pipelines()
    assert names.schedule_name(broken.slug) in client.schedules()


def test_a_pipeline_without_enabled_tables_has_no_job(installation: Installation) -> None:
    pipeline = installation.pipeline("customers")
    with installation.session() as session:
        session.execute(
            text("UPDATE arus_config.pipeline_tables SET enabled = false WHERE pipeline_id = :id"),
            {"id": pipeline.id},
        )
    installation.load()

    assert names.schedule_name(pipeline.slug) not in installation.stack.client.schedules()
    assert pipeline.slug not in installation.stack.client.broken_pipelines()


def test_sources_are_shared_by_the_pipelines_that_read_them(installation: Installation) -> None:
    first, second = (installation.pipeline("customers") for _ in range(2))

    nodes = installation.stack.client.assets()

    readers = {node.group for node in nodes for key in node.upstream if key.path[-1] == "customers"}
    assert {first.slug, second.slug} <= readers
    sources = [
        node
        for node in nodes
        if node.key.path == ("source", installation.source.slug, "public", "customers")
    ]
    assert [node.materializable for node in sources] == [False]


def test_a_runs_process_reads_its_own_pipeline_alone(installation: Installation) -> None:
    own = installation.pipeline("customers")
    other = installation.pipeline("orders")
    repository = CatalogRepository(
        installation.stack.catalog,
        owners=["team:data"],
        console="http://127.0.0.1:8081",
        find_absent=lambda *_: (),
    )
    with installation.session() as session:
        # Were all pipelines built, this one would be reported as broken.
        session.execute(
            text("UPDATE arus_config.pipelines SET timezone = 'Nowhere/Land' WHERE id = :id"),
            {"id": other.id},
        )

    job = repository.get_job(own.slug)

    installation.change(other, timezone=None)
    assert [node.name for node in job.nodes] == ["public__customers"]
    # It was not read with the first: what it holds now is what the catalog says now.
    assert [node.name for node in repository.get_job(other.slug).nodes] == ["public__orders"]
