"""Making a target table within a load.

Owns the order of things: rows first, key and index after, so that a first load is quick and
nothing of it is seen before it is whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from arus_dagster.dialects.base import Column
from arus_dagster.engine.load.job import LoadJob


def create_target(job: LoadJob, columns: Sequence[Column]) -> None:
    """Make the table, without its key."""
    job.target.create(columns, job.key, job.comment)


def finish_target(job: LoadJob) -> None:
    """Build what the table lacks: the key that this load brought in, and the index by
    which later ones find what they replace."""
    if job.shape is None:
        job.target.stamp(job.run_id)
    if job.shape is None and not job.key and job.watermark is not None:
        job.target.add_index(job.watermark.name)
    if job.key and (job.shape is None or job.shape.key != job.key):
        job.target.add_key(job.key)
        if job.watermark is not None and job.loose_key:
            job.target.add_likeness_index(job.loose_key[0])
