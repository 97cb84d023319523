"""The asset checks of a target table, and their results from what the engine measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import dagster as dg

from arus_dagster.engine.result import Check

_ALWAYS = {
    "row_balance": "Rows read are rows loaded, deleted, dropped and rejected together, exactly.",
    "not_null": "Columns that the source declares NOT NULL hold no NULL in the target.",
}
_OF_WHOLE_READS = {
    "row_count": "Source and target hold the same number of rows.",
}


def check_specs(target: dg.AssetKey, sync_mode: str) -> dict[str, dg.AssetCheckSpec]:
    """The checks that every sync of a table makes, by name.

    An incremental table is seldom read whole; Dagster would remark on the missing check each time.
    """
    made = _ALWAYS if sync_mode == "incremental" else {**_ALWAYS, **_OF_WHOLE_READS}
    return {
        name: dg.AssetCheckSpec(name, asset=target, description=description)
        for name, description in made.items()
    }


def check_results(
    target: dg.AssetKey, checks: Sequence[Check], declared: Collection[str]
) -> Iterator[dg.AssetCheckResult]:
    """The outcome of each check that the engine made and Dagster knows; the run's detail in the
    API has all of them."""
    for check in checks:
        if check.name not in declared:
            continue
        metadata: dict[str, int] = {}
        if check.expected is not None:
            metadata["expected"] = check.expected
        if check.actual is not None:
            metadata["actual"] = check.actual
        yield dg.AssetCheckResult(
            asset_key=target,
            check_name=check.name,
            passed=check.passed,
            description=check.message,
            metadata=metadata,
        )
