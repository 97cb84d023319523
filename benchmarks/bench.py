"""What every scenario is given: sizes, servers, peers, a directory.

Owns the answer to "is this peer here?", so that a scenario names the reason where it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.peers.dlt import Dlt
from benchmarks.peers.environment import PeerEnvironment, UnavailableError
from benchmarks.peers.pgloader import Pgloader
from benchmarks.peers.sling import Sling
from benchmarks.servers import Servers
from benchmarks.sizes import Sizes

P = TypeVar("P")


@dataclass
class Bench:
    """One run of the benchmarks.

    Args:
        home: a directory that is gone afterwards.
        with_peers: whether Sling, dlt and pgloader take part.
    """

    sizes: Sizes
    servers: Servers
    home: Path
    with_peers: bool = True
    _environment: PeerEnvironment = field(default_factory=PeerEnvironment)

    def sling(self, notes: list[str]) -> Sling | None:
        """Sling, or None and a note with the reason."""
        return self._peer("Sling", notes, lambda home: Sling(self._environment, home))

    def dlt(self, notes: list[str]) -> Dlt | None:
        """dlt likewise."""
        return self._peer("dlt", notes, lambda home: Dlt(self._environment, home))

    def pgloader(self, notes: list[str]) -> Pgloader | None:
        """pgloader likewise."""
        return self._peer("pgloader", notes, Pgloader)

    def _peer(self, name: str, notes: list[str], make: Callable[[Path], P]) -> P | None:
        if not self.with_peers:
            notes.append(f"{name} was not asked for.")
            return None
        home = self.home / name
        home.mkdir(exist_ok=True)
        try:
            return make(home)
        except UnavailableError as error:
            notes.append(f"{name} left out: {error}.")
            return None
