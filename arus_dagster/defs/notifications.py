"""Sensors that turn the ends of runs into notifications, and deliver them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import dagster as dg

from arus_dagster import names


def notification_sensors(version: int, broken: Mapping[str, str]) -> list[dg.SensorDefinition]:
    """The location's own sensors."""

    def deliver(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason("Nothing is due.")

    return [
        dg.SensorDefinition(
            name=names.STATUS_SENSOR,
            evaluation_fn=deliver,
            minimum_interval_seconds=5,
            default_status=dg.DefaultSensorStatus.RUNNING,
            metadata={
                names.VERSION_METADATA: version,
                names.BROKEN_METADATA: json.dumps(dict(broken)),
            },
        )
    ]
