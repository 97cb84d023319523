"""Any legal name works as schema, table, column, key and watermark, in every mode."""

from __future__ import annotations

from arus_dagster.dialects.base import TableRef
from tests.integration.engine.conftest import IDENTITY, Lanes
from tests.servers import Database

NAMES = [
    "Order Items",
    "order",
    "a.b",
    "my-s",
    'x"y',
    "naïve",
    "100%s",
    "semi;colon--",
    "it's",
    "\\back",
    "tab\there",
    "$1 {x}",
    "select",
    "_arus_run_id",
    "é" * 31,
]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


SCRIPTED = ('x"y', "100%s")  # a worker process each: a few stand for all


def test_a_name_serves_in_every_place(lanes: Lanes, source: Database, load_mode: str) -> None:
    for name in NAMES:
        _sync_a_name(lanes, source, load_mode, name, ())
    for name in SCRIPTED:
        _sync_a_name(lanes, source, load_mode, name, (IDENTITY,))


def _sync_a_name(
    lanes: Lanes, source: Database, load_mode: str, name: str, scripts: tuple[str, ...]
) -> None:
    quoted = _quoted(name)
    table = f"{quoted}.{quoted}"
    source.execute(
        f"DROP SCHEMA IF EXISTS {quoted} CASCADE",
        f"CREATE SCHEMA {quoted}",
        f'CREATE TABLE {table} ({quoted} int PRIMARY KEY, "Id" int, "id" int,'
        ' "updatedAt" timestamp, "del" timestamp)',
        f"INSERT INTO {table} VALUES (1, 10, 100, '2024-01-01', NULL),"
        " (2, 20, 200, '2024-01-02', NULL)",
    )
    lane = lanes(
        name,
        schema=name,
        watermark="updatedAt",
        load_mode=load_mode,
        scripts=scripts,
        soft_delete_column="del",
        target=TableRef(f"{name[:20]} target {len(scripts)}", name),
        row_filter=f"{quoted} > 0",
        delete_detection="none" if scripts else "keys",
    )
    lane.sync()
    source.execute(
        f'UPDATE {table} SET "Id" = "Id" + 1, "updatedAt" = "updatedAt" + interval \'1 h\'',
        f"DELETE FROM {table} WHERE {quoted} = 1",
        f"INSERT INTO {table} VALUES (3, 30, 300, '2024-02-01', NULL)",
    )
    result = lane.sync()
    assert not result.full
    assert result.rows_removed == (0 if scripts else 1), name
    lane.sync(kind="full_refresh")
    assert lane.rows('"Id", "id"') == source.rows(f'SELECT "Id", "id" FROM {table} ORDER BY 1')
    first, *others = lane.target_types()
    assert others == ["Id", "id", "updatedAt", "del"]
    assert (first == name) == (not name.startswith("_arus"))


def test_a_watermark_of_any_name(lanes: Lanes, source: Database) -> None:
    for name in NAMES:
        quoted = _quoted(name)
        source.execute(
            f"DROP TABLE IF EXISTS t; CREATE TABLE t (id int, {quoted} int)",
            "INSERT INTO t VALUES (1, 1), (2, 2)",
        )
        lane = lanes("t", watermark=name, target=TableRef("analytics", name))
        lane.sync()
        result = lane.sync()
        assert (result.rows_extracted, result.row_count) == (1, 2), name


def test_columns_named_like_reserved_ones_get_a_name_of_their_own(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        'CREATE TABLE t (_arus_run_id int PRIMARY KEY, "_arus_synced_at" text)',
        "INSERT INTO t VALUES (7, 'x')",
    )
    lane = lanes("t")
    result = lane.sync()
    first, second = (column.name for column in result.columns)
    assert first.startswith("_arus_run_id_") and second.startswith("_arus_synced_at_")
    assert lane.rows(f'"{first}", "{second}"') == [(7, "x")]
    assert result.origins == {first: ("_arus_run_id",), second: ("_arus_synced_at",)}


def test_columns_named_like_aliases_of_ours(lanes: Lanes, source: Database, load_mode: str) -> None:
    names = ["s", "t", "r", "old", "_data", "fresh", "rank", "place", "excluded", "merged"]
    source.execute(
        f"CREATE TABLE t ({', '.join(f'{name} jsonb' for name in names)}, k int PRIMARY KEY,"
        " gone boolean)",
        "INSERT INTO t (s, _data, k) VALUES ('null', '[1]', 1), (NULL, '{}', 2)",
    )
    columns = ", ".join(f"{name}::text" for name in [*names, "k"])
    lane = lanes(
        "t",
        watermark="k",
        primary_key=("k",),
        soft_delete_column="gone",
        delete_detection="keys",
        load_mode=load_mode,
    )
    for _ in range(2):
        lane.sync()
        assert lane.rows(columns, "k") == source.rows(f"SELECT {columns} FROM t ORDER BY k")
