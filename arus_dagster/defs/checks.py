"""The asset checks of a target table, and their results from what the engine measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from arus_dagster.engine.result import Check

DESCRIPTIONS = {
    "row_balance": "Rows read are rows loaded, deleted, dropped and rejected together, exactly.",
    "row_count": "After a full load, source and target hold the same number of rows.",
    "not_null": "Columns that the source declares NOT NULL hold no NULL in the target.",
}


def check_specs(target: dg.AssetKey) -> dict[str, dg.AssetCheckSpec]:
    """The checks of a target, by name."""
    return {
        name: dg.AssetCheckSpec(name, asset=target, description=description)
        for name, description in DESCRIPTIONS.items()
    }


def check_results(target: dg.AssetKey, checks: Sequence[Check]) -> Iterator[dg.AssetCheckResult]:
    """The outcome of each check that the engine made."""
    for check in checks:
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
