"""Keeping what Dagster has loaded in step with the catalog.

Owns the reload after a change that alters definitions: in the background after each writing
request, many at once coalesced, and in the foreground before anything that needs the present
definitions (a trigger, a pause). Refuses to guess: the catalog counts its changes, and the loaded
definitions carry the count they were built from.
"""

from __future__ import annotations

import threading
from typing import Protocol

from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.session import Catalog
from arus_dagster.errors import UnavailableError
from arus_dagster.logging import get_logger

log = get_logger(__name__)

MAX_BACKOFF_SECONDS = 30.0


class CodeLocation(Protocol):
    """The part of Dagster that holds the loaded definitions."""

    def loaded_definitions_version(self) -> int | None:
        """The catalog's count that the loaded definitions were built from, if any are loaded."""

    def reload_location(self) -> None:
        """Load the definitions anew; raises ArusError if that fails."""


class DefinitionsReloader:
    """Reloads when the loaded definitions are behind the catalog.

    Args:
        catalog: for short reads of its own; not the one whose sessions requests hold open, since
            a request waits here while it holds one.
    """

    def __init__(self, catalog: Catalog, location: CodeLocation) -> None:
        self._catalog = catalog
        self._location = location
        self._loaded = -1
        self._reloading = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread that answers nudges."""
        self._thread = threading.Thread(target=self._work, name="definitions-reloader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; a reload in flight is let finish for a moment."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def nudge(self) -> None:
        """Say that definitions may have changed; returns at once."""
        self._wake.set()

    def ensure_current(self) -> None:
        """Return once the loaded definitions hold every change committed before the call.

        Raises:
            UnavailableError: Dagster is away or can't load the definitions.
        """
        wanted = self._wanted()
        # Asked each time: a refresh of Dagster's own that began before a reload may end after it,
        # and puts the older definitions back for a moment.
        if self._refresh() >= wanted:
            return
        # Whoever waits here finds, mostly, that the reload before has done their work too.
        with self._reloading:
            if self._refresh() >= wanted:
                return
            self._location.reload_location()
            if self._refresh() < wanted:
                raise UnavailableError("Dagster could not load the changed definitions")
            log.info("definitions_reloaded", version=self._loaded)

    def _wanted(self) -> int:
        with self._catalog.session() as session:
            return definitions_version.current(session)

    def _refresh(self) -> int:
        version = self._location.loaded_definitions_version()
        self._loaded = -1 if version is None else version
        return self._loaded

    def _work(self) -> None:
        backoff = 0.0
        while not self._stopping.is_set():
            self._wake.wait(backoff or None)
            if self._stopping.is_set():
                return
            self._wake.clear()
            try:
                self.ensure_current()
                backoff = 0.0
            except Exception as error:  # noqa: BLE001
                # Nobody waits for this; it is tried again until it works.
                backoff = min(max(1.0, backoff * 2), MAX_BACKOFF_SECONDS)
                log.warning("definitions_not_reloaded", error=str(error), again_in=backoff)
