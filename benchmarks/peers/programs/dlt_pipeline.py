"""A pipeline of dlt, as its documentation tells to write one; run in the peers' environment.

Reads what to do from its input as JSON and writes the seconds that the pipeline took, without the
time of Python's start and of importing dlt.
"""

import json
import sys
import time

import dlt
import sqlalchemy as sa
import sqlalchemy.dialects.mysql
from dlt.sources.sql_database import sql_table


def lower_case(row: dict) -> dict:
    row["email"] = row["email"].lower() if row["email"] else row["email"]
    return row


def read_doubles(table: sa.Table) -> None:
    """SQLAlchemy takes MySQL's doubles for decimals, which then fit no Arrow type."""
    for column in table.columns:
        if isinstance(column.type, sa.dialects.mysql.DOUBLE):
            column.type = sa.Double()


def main() -> None:
    what = json.load(sys.stdin)
    began = time.perf_counter()
    options = {}
    if what.get("watermark"):
        options["incremental"] = dlt.sources.incremental(
            what["watermark"], initial_value=dlt.common.pendulum.parse(what["from"])
        )
        options["primary_key"] = "id"
        options["write_disposition"] = "merge"
    table = sql_table(
        credentials=what["source"],
        schema=what["schema"],
        table=what["table"],
        backend="sqlalchemy" if what.get("row_by_row") else "pyarrow",
        reflection_level="full",
        chunk_size=50_000,
        table_adapter_callback=read_doubles,
        **options,
    )
    if what.get("row_by_row"):
        table.add_map(lower_case)
    pipeline = dlt.pipeline(
        pipeline_name=what["pipeline"],
        pipelines_dir=what["home"],
        destination=dlt.destinations.postgres(what["warehouse"]),
        dataset_name=what["dataset"],
    )
    pipeline.run(
        table,
        loader_file_format=what["format"],
        **({} if options else {"write_disposition": "replace"}),
    ).raise_on_failed_jobs()
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - began}) + "\n")


if __name__ == "__main__":
    main()
