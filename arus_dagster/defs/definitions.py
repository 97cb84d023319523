"""The code location's entry point: ``dagster code-server start -m arus_dagster.defs.definitions``.

Owns nothing but the wiring; what is in the repository is built in ``build``.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Sequence

import dagster as dg

from arus_dagster import names
from arus_dagster.catalog.session import get_catalog
from arus_dagster.defs.absent import absent_tables
from arus_dagster.defs.build import CatalogRepository
from arus_dagster.logging import configure_logging
from arus_dagster.settings import get_settings

# What has been imported stays. Kept out of the garbage collector's sight, it is not walked through
# (Dagster's modules alone are a tenth of a second) just when a run begins its work.
gc.freeze()
configure_logging(get_settings().log_level, form=get_settings().log_format)


def _find_absent(job: str, present: Collection[str]) -> Sequence[dg.AssetsDefinition]:
    # A launcher that hands its instance to a run's process, as Docker's does, may give it no home
    # to find the instance by. Only a table that was taken out meanwhile is then missed, loudly.
    if "DAGSTER_HOME" not in os.environ:
        return ()
    return absent_tables(dg.DagsterInstance.get(), job, present)


@dg.repository(name=names.REPOSITORY)  # type: ignore[arg-type]
def repository() -> dg.RepositoryData:
    """Every pipeline of the catalog."""
    return CatalogRepository(
        get_catalog(),
        owners=[get_settings().admin_email],
        console=get_settings().console_links,
        find_absent=_find_absent,
    )
