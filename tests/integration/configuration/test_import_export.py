"""All configuration as one file: written, read, applied, and applied again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.orm import Session

from arus_dagster.catalog.repositories import definitions_version, notification_targets, pipelines
from arus_dagster.catalog.repositories import sources as stored_sources
from arus_dagster.catalog.session import Catalog, cipher_of
from arus_dagster.configuration import yaml_file
from arus_dagster.configuration.apply import apply
from arus_dagster.configuration.changes import SECRET, Change
from arus_dagster.configuration.export import export
from arus_dagster.errors import InvalidInputError
from tests.conftest import settings_for
from tests.servers import PASSWORD, Database, PostgreSQLServer

CANARY = "canary'\"\\ ${X} pässword"
SECRETS = {
    "SHOP_PASSWORD": PASSWORD,
    "WAREHOUSE_PASSWORD": CANARY,
    "HOOK": "https://hooks.example.com/canary",
}
SCRIPT = "def transform(row):\n    row['x'] = ': # tab\t'\n    return row\n"


# Of the module, since what a test makes is taken away after it.
@pytest.fixture(scope="module")
def module_catalog(
    postgres_server: PostgreSQLServer, catalog_template: str, encryption_key: str
) -> Iterator[Catalog]:
    with postgres_server.database(catalog_template) as database:
        opened = Catalog(settings_for(postgres_server, database.name, encryption_key), "arus tests")
        yield opened
        opened.dispose()


@pytest.fixture
def catalog(module_catalog: Catalog) -> Iterator[Catalog]:
    yield module_catalog
    forget(module_catalog)


def forget(catalog: Catalog) -> None:
    """Leave nothing of the configuration."""
    with catalog.session() as session:
        session.execute(
            text(
                "TRUNCATE arus_config.pipelines, arus_config.sources, arus_config.destinations,"
                " arus_config.notification_targets, arus_config.settings CASCADE"
            )
        )


@pytest.fixture(scope="module")
def shop(postgres_server: PostgreSQLServer) -> Iterator[Database]:
    with postgres_server.database() as database:
        database.execute(
            "CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz NOT NULL,"
            " deleted_at timestamptz)",
            "CREATE TABLE countries (code text PRIMARY KEY)",
            "CREATE SCHEMA archive",
            "CREATE TABLE archive.orders (id int PRIMARY KEY)",
        )
        yield database


@pytest.fixture
def content(shop: Database) -> dict[str, Any]:
    """A file that says something of everything."""
    spec = shop.spec
    place = {"host": spec.host, "port": spec.port, "username": spec.username}
    return {
        "version": 1,
        "settings": {"timezone": "Europe/Paris", "max_retries": 7, "drift_backfill": True},
        "sources": [
            {
                "name": "Shop",
                "type": "postgresql",
                **place,
                "database": spec.database,
                "password": "${SHOP_PASSWORD}",
                "table_exclude": ["tmp_*"],
            }
        ],
        "destinations": [
            {
                "name": "Warehouse",
                **place,
                "database": "dwh",
                "password": "${WAREHOUSE_PASSWORD}",
                "is_default": True,
            }
        ],
        "notification_targets": [
            {"name": "Team", "type": "webhook", "config": {"url": "${HOOK}"}, "active": False}
        ],
        "pipelines": [
            {
                "name": "Orders",
                "source": "shop",
                "destination": "WAREHOUSE",
                "schedule": "0 3 * * *",
                "timezone": "Asia/Tokyo",
                "max_retries": 0,
                "tables": [
                    {"schema": "public", "name": "orders", "row_filter": "id > 5"},
                    {"name": "countries", "load_mode": "raw", "enabled": False},
                ],
                "scripts": [
                    {"name": "one", "content": SCRIPT, "table": "orders"},
                    {"name": "two", "content": SCRIPT},
                ],
                "notifications": [{"target": "team", "events": ["failure", "success"]}],
            },
            {"name": "After", "source": "Shop", "destination": "Warehouse", "depends_on": "orders"},
        ],
    }


def put(
    catalog: Catalog, content: dict[str, Any], environment: dict[str, str] | None = None
) -> list[Change]:
    document = yaml_file.read(yaml.safe_dump(content, allow_unicode=True))
    with catalog.session() as session:
        return apply(session, document, SECRETS if environment is None else environment)


def written(catalog: Catalog) -> str:
    with catalog.session() as session:
        return yaml_file.write(export(session))


def versions(session: Session) -> tuple[int, Any]:
    touched = session.execute(text("SELECT max(updated_at) FROM arus_config.pipelines")).scalar()
    return definitions_version.current(session), touched


def test_what_was_exported_makes_the_same_installation_elsewhere(
    catalog: Catalog, content: dict[str, Any]
) -> None:
    put(catalog, content)
    first = written(catalog)
    forget(catalog)
    environment = {
        "SOURCE_SHOP_PASSWORD": SECRETS["SHOP_PASSWORD"],
        "DESTINATION_WAREHOUSE_PASSWORD": CANARY,
        "TARGET_TEAM_URL": SECRETS["HOOK"],
    }
    changes = put(catalog, yaml.safe_load(first), environment)

    assert [(c.action, c.noun, c.name) for c in changes] == [
        ("update", "settings", ""),
        ("create", "source", "Shop"),
        ("create", "destination", "Warehouse"),
        ("create", "notification target", "Team"),
        ("create", "pipeline", "After"),
        ("create", "pipeline", "Orders"),
    ]
    assert written(catalog) == first
    with catalog.session() as session:
        orders = pipelines.find(session, "orders")
        assert cipher_of(session).decrypt_json(orders.destination.secrets) == {"password": CANARY}
        assert orders.tables[0].sync_mode == "incremental"
        assert pipelines.find(session, "After").depends_on == orders.id


def test_a_file_holds_no_secret_and_names_its_variables(
    catalog: Catalog, content: dict[str, Any]
) -> None:
    put(catalog, content)
    text = written(catalog)

    assert "canary" not in text and PASSWORD not in text
    for variable in ("SOURCE_SHOP_PASSWORD", "DESTINATION_WAREHOUSE_PASSWORD", "TARGET_TEAM_URL"):
        assert f"#   {variable}\n" in text
    assert yaml.safe_load(text)["pipelines"][1]["scripts"][0]["content"] == SCRIPT


def test_the_same_file_again_changes_nothing(catalog: Catalog, content: dict[str, Any]) -> None:
    put(catalog, content)
    with catalog.session() as session:
        before = versions(session)

    assert put(catalog, content) == []
    assert put(catalog, yaml.safe_load(written(catalog)), {}) == []  # secrets stay as stored

    with catalog.session() as session:
        assert versions(session) == before


def test_what_changed_is_told_field_by_field_and_secrets_by_name_alone(
    catalog: Catalog, content: dict[str, Any]
) -> None:
    put(catalog, content)
    orders = content["pipelines"][0]
    orders["schedule"] = None
    orders["tables"][0]["row_filter"] = "id > 6"
    del orders["tables"][1]
    orders["scripts"].reverse()
    orders["notifications"] = []

    changes = put(catalog, content, {**SECRETS, "HOOK": "https://hooks.example.com/other"})

    told = {(c.noun, c.name): {name: (a, b) for name, a, b in c.fields} for c in changes}
    assert told[("notification target", "Team")] == {"url": (SECRET, SECRET)}
    fields = told[("pipeline", "Orders")]
    assert fields["schedule"] == ("0 3 * * *", None)
    assert fields["tables.public.orders.row_filter"] == ("id > 5", "id > 6")
    assert fields["tables"] == (["public.orders", "public.countries"], ["public.orders"])
    assert fields["scripts"] == (["one", "two"], ["two", "one"])
    assert fields["notifications"] == (["Team"], [])
    assert len(told) == 2
    with catalog.session() as session:
        target = notification_targets.page(session, limit=1, offset=0).items[0]
        assert notification_targets.config_of(session, target)["url"].endswith("/other")


def test_dependencies_can_be_turned_round(catalog: Catalog, content: dict[str, Any]) -> None:
    put(catalog, content)
    content["pipelines"][0]["depends_on"] = "After"
    content["pipelines"][1]["depends_on"] = None

    put(catalog, content)

    with catalog.session() as session:
        after = pipelines.find(session, "After")
        assert after.depends_on is None
        assert pipelines.find(session, "Orders").depends_on == after.id


def test_what_starts_a_pipeline_is_the_apis_to_change(
    catalog: Catalog, content: dict[str, Any]
) -> None:
    put(catalog, content)
    content["pipelines"][1] |= {"depends_on": None, "schedule": "0 * * * *"}
    with pytest.raises(InvalidInputError, match="carries a pause over"):
        put(catalog, content)


def test_what_the_file_does_not_name_stays(catalog: Catalog, content: dict[str, Any]) -> None:
    put(catalog, content)
    assert put(catalog, {"version": 1, "settings": {"max_retries": 7}}) == []
    with catalog.session() as session:
        assert stored_sources.find(session, "Shop").table_exclude == ["tmp_*"]


def test_all_missing_secrets_are_named_at_once_and_nothing_is_made(
    catalog: Catalog, content: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match=r"lacks .*: HOOK, SHOP_PASSWORD$"):
        put(catalog, content, {"WAREHOUSE_PASSWORD": "x", "SHOP_PASSWORD": ""})
    assert yaml.safe_load(written(catalog)).keys() == {"version", "settings"}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("sources", 0, "password"), CANARY, "sources.0.password: .*environment variable"),
        (
            ("notification_targets", 0, "config", "url"),
            SECRETS["HOOK"],
            "notification target Team, config.url: must name an environment variable",
        ),
        (("sources", 0, "ports"), 5432, "sources.0.ports: Extra inputs"),
        (("sources", 0, "port"), 70_000, "sources.0.port: .*65535"),
        (("settings", "max_retries"), -1, "settings, max_retries: .*whole number"),
        (("settings", "nonsense"), 1, "settings, nonsense: .*not a setting"),
        (("pipelines", 0, "source"), "Nope", "pipeline Orders, source: .*none named 'Nope'"),
        (("pipelines", 0, "schedule"), "soon", "pipeline Orders, schedule: .*not a cron"),
        (("pipelines", 1, "depends_on"), "After", "pipeline After, depends_on: .*cycle"),
        (("pipelines", 0, "tables", 1, "name"), "gone", "pipeline Orders, tables: .*gone"),
        (("pipelines", 0, "tables", 0, "schema"), None, "tables.0.schema: Several tables"),
        (("pipelines", 0, "tables", 0, "row_filter"), "x y z", "tables.0.row_filter: "),
        (("pipelines", 0, "scripts", 0, "content"), "def nope(): pass", "content: .*transform"),
        (("pipelines", 0, "scripts", 1, "name"), "one", "the script 'one' stands there twice"),
        (("pipelines", 0, "description"), "a\0b", "pipelines.0.description: .*NUL"),
        (("version",), 2, "version: Input should be 1"),
    ],
)
def test_a_fault_is_refused_with_its_place_and_no_secret(
    catalog: Catalog,
    content: dict[str, Any],
    place: tuple[Any, ...],
    value: Any,
    message: str,
) -> None:
    part: Any = content
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value

    with pytest.raises(InvalidInputError, match=message) as refused:
        put(catalog, content)

    assert "canary" not in str(refused.value)
    assert yaml.safe_load(written(catalog)).keys() == {"version", "settings"}


def test_a_key_that_stands_twice_and_what_is_no_yaml_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"line 2.*'version' stands there twice"):
        yaml_file.read("version: 1\nversion: 1\n")
    with pytest.raises(InvalidInputError, match="no YAML in line 2"):
        yaml_file.read("version: 1\n\tx: [\n")
    with pytest.raises(InvalidInputError, match="not acceptable"):
        yaml_file.read("- 1\n")
    with pytest.raises(InvalidInputError, match="no YAML"):
        yaml_file.read("!!python/object/apply:os.system ['true']\n")
