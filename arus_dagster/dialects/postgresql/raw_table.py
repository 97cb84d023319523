"""A raw table: each source row as JSONB.

Owns the form of ``_data``. Numbers, booleans, texts and jsonb stand as themselves; what JSON
can't hold exactly (json as it was written, binary, times, arrays, a negative zero) stands as the
text that its type reads back. Retention is by runs and by age.
"""

from __future__ import annotations

from collections.abc import Sequence

from arus_dagster.dialects.base import Column, TableRef
from arus_dagster.dialects.postgresql.bookkeeping import RAW_RUNS_TABLE
from arus_dagster.dialects.postgresql.connection import Apart, Connection
from arus_dagster.dialects.postgresql.names import identifier, literal, qualified
from arus_dagster.dialects.postgresql.types import family

# ``docs/types.md`` lists them, and a test holds that list against these.
AS_THEMSELVES = frozenset(
    {"smallint", "integer", "bigint", "numeric", "boolean", "text", "character varying", "jsonb"}
)
FLOATS = ("real", "double precision")

DATA_COLUMN = "_data"
# Name, type and meaning of each column, none of which is ever NULL.
RAW_COLUMNS = (
    ("_arus_id", "bigint", "Counts the rows in the order in which they came."),
    ("_arus_run_id", "uuid", "The run that read the row."),
    ("_arus_extracted_at", "timestamp with time zone", "When the row was read."),
    (DATA_COLUMN, "jsonb", "The row as it was read: names of columns to values."),
)


class RawTable:
    """One raw table.

    Args:
        connection: the load's session.
        raw_schema: where the account of its runs is kept.
        table: its name.
        table_id: the pipeline table it belongs to.
    """

    def __init__(
        self, connection: Connection, raw_schema: str, table: TableRef, table_id: str
    ) -> None:
        self._connection = connection
        self._runs = f"{identifier(raw_schema)}.{RAW_RUNS_TABLE}"
        self._table_id = literal(table_id)
        self.sql = qualified(table)

    def ensure(self, apart: Apart) -> None:
        """Make the table if there is none."""
        if self._connection.value(f"SELECT to_regclass({literal(self.sql)}) IS NOT NULL"):
            return
        with apart() as setup:
            setup.execute(
                f"CREATE TABLE {self.sql} ("
                "_arus_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                " _arus_run_id uuid NOT NULL, _arus_extracted_at timestamptz NOT NULL,"
                " _data jsonb NOT NULL)"
            )
            # Ids start anew with the table: what is known of an earlier one is void.
            setup.execute(f"DELETE FROM {self._runs} WHERE table_id = {self._table_id}")

    def last_id(self) -> int:
        """The greatest id in the table, or 0."""
        return int(self._connection.value(f"SELECT coalesce(max(_arus_id), 0) FROM {self.sql}"))

    def append(self, rows_sql: str, columns: Sequence[Column], run_id: str) -> int:
        """Add rows as JSON; how many there were.

        Args:
            rows_sql: a FROM item, without an alias, with values of exactly the columns' types.
        """
        # In the order in which jsonb keeps keys, which it then need not sort.
        ordered = sorted(columns, key=lambda c: (len(c.name.encode()), c.name.encode()))
        values = ", ".join(_to_json(column) for column in ordered)
        absent = ", ".join(
            f"CASE WHEN s.{identifier(c.name)} IS NULL THEN {literal(c.name)} END"
            for c in columns
            if c.target_type == "jsonb"
        )
        # A jsonb null is a value; NULL is none, and its key is left out to tell the two apart.
        data = "to_jsonb(s.*)" + (f" - array_remove(ARRAY[{absent}], NULL)" if absent else "")
        return self._connection.execute(
            f"INSERT INTO {self.sql} (_arus_run_id, _arus_extracted_at, _data)"
            f" SELECT {literal(run_id)}::uuid, now(), {data}"
            f" FROM (SELECT {values} FROM {rows_sql} s) s"
        )

    def retain(self, run_id: str, runs: int, days: int) -> None:
        """Record this run's rows and delete what is past retention.

        Args:
            runs: how many runs' rows stay; 0 keeps all.
            days: how many days' rows stay; 0 keeps all. The latest run's always stay.
        """
        last_id = self.last_id()
        if last_id:
            # A run that brought no row leaves the account as it is.
            self._connection.execute(
                f"INSERT INTO {self._runs} (table_id, run_id, last_id)"
                f" VALUES ({self._table_id}, {literal(run_id)}::uuid, {last_id})"
                " ON CONFLICT DO NOTHING"
            )
        past = []
        if runs > 0:
            past.append(f"place > {int(runs)}")
        if days > 0:
            past.append(f"place > 1 AND loaded_at < now() - interval '{int(days)} days'")
        if not past:
            return
        end = self._connection.value(
            "SELECT max(last_id) FROM (SELECT last_id, loaded_at,"
            " row_number() OVER (ORDER BY last_id DESC) AS place"
            f" FROM {self._runs} WHERE table_id = {self._table_id}) r"
            f" WHERE {' OR '.join(f'({condition})' for condition in past)}"
        )
        if end is None:
            return
        self._connection.execute(f"DELETE FROM {self.sql} WHERE _arus_id <= {end}")
        self._connection.execute(
            f"DELETE FROM {self._runs} WHERE table_id = {self._table_id} AND last_id <= {end}"
        )


def _to_json(column: Column) -> str:
    name = identifier(column.name)
    kind = family(column.target_type)
    if kind in AS_THEMSELVES:
        return f"s.{name}"
    if kind in FLOATS:
        # JSON numbers know no negative zero; infinities and NaN become text by themselves.
        return (
            f"CASE WHEN s.{name} = 0 THEN to_jsonb(s.{name}::text) ELSE to_jsonb(s.{name}) END"
            f" AS {name}"
        )
    return f"s.{name}::text AS {name}"
