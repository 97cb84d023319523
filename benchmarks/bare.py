"""Dagster with nothing of ours: one job whose one asset reads a table, and one of many assets.

What the platform's start and its cost a table are measured beside. The steps share a process, as
ours do; Dagster's default, a process for each, would be slower.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import dagster as dg
import psycopg2

from benchmarks.bare_names import ASSETS_VARIABLE, MANY_JOB, ONE_JOB, SOURCE_VARIABLE


def _read() -> None:
    connection = psycopg2.connect(os.environ[SOURCE_VARIABLE])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM started")
            cursor.fetchall()
    finally:
        connection.close()


@dg.asset
def one() -> None:
    """Reads the table that tells when it is read."""
    _read()


def _idle(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"idle_{number}")
    def idle() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"dagster/row_count": 0})

    return idle


def _many() -> Sequence[dg.AssetsDefinition]:
    return [_idle(number) for number in range(int(os.environ[ASSETS_VARIABLE]))]


_assets = _many()
defs = dg.Definitions(
    assets=[one, *_assets],
    jobs=[
        dg.define_asset_job(ONE_JOB, selection=[one], executor_def=dg.in_process_executor),
        dg.define_asset_job(MANY_JOB, selection=list(_assets), executor_def=dg.in_process_executor),
    ],
)
