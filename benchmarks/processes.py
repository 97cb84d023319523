"""What processes and all that they started use, as the kernel counts it.

Owns reading ``/proc``. Refuses to count what was not started by the processes that it is given.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Use:
    """Of one process and all that it started.

    Args:
        cpu_seconds: of the living and of those that ended and were waited for.
        resident_bytes: of the living, those left out that are passing.
    """

    cpu_seconds: float
    resident_bytes: int


def use_of(roots: Mapping[str, int], passing: bytes) -> dict[str, Use]:
    """What each of some processes uses, by name.

    Args:
        roots: name to process id.
        passing: what command lines hold of processes whose memory does not count, as they come
            and go: those of runs.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    cpu: dict[int, float] = {}
    resident: dict[int, int] = {}
    for pid, fields in _stats():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue  # it ended while we looked
        children[int(fields[1])].append(pid)
        cpu[pid] = sum(map(int, fields[11:15])) / _TICKS
        resident[pid] = 0 if passing in command else int(fields[21]) * _PAGE_BYTES
    found = {}
    for name, root in roots.items():
        family = _family(root, children)
        found[name] = Use(
            cpu_seconds=sum(cpu.get(pid, 0.0) for pid in family),
            resident_bytes=sum(resident.get(pid, 0) for pid in family),
        )
    return found


def family_of(root: int) -> set[int]:
    """The ids of a process and of all that it started and that still live."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, fields in _stats():
        children[int(fields[1])].append(pid)
    return set(_family(root, children))


def peak_megabytes(pid: int) -> float:
    """What a process ever had in memory; 0 where it has gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) / 1024 if found else 0.0


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Each process and the fields of its ``stat`` behind the name."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold blanks; the fields after it may not.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        yield int(stat.parent.name), fields


def _family(root: int, children: Mapping[int, list[int]]) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, ())
    return found
