"""One run: scenarios in order, their rows kept as they come, the document written at the end.

Owns the list of scenarios. A scenario that fails is told, and the others go on.
"""

from __future__ import annotations

import compileall
import os
import platform as machine
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report, results
from benchmarks.bench import Bench
from benchmarks.results import Row
from benchmarks.scenarios import (
    api,
    discovery,
    full_load,
    location,
    memory,
    merge,
    platform,
    row_work,
)
from benchmarks.servers import private_servers
from benchmarks.sizes import Sizes

Scenario = Callable[[Bench], Iterator[Row]]
SCENARIOS: dict[str, Scenario] = {
    "full_load_postgresql": full_load.from_postgresql,
    "full_load_mariadb": full_load.from_mariadb,
    "raw": row_work.raw_mode,
    "script": row_work.script,
    "merge": merge.merge,
    "incremental": merge.incremental,
    "memory": memory.memory,
    "platform": platform.platform,
    "location": location.location,
    "api": api.api,
    "discovery": discovery.discovery,
}


def run(names: Sequence[str], sizes: Sizes, *, with_peers: bool, out: Path | None = None) -> int:
    """Measure, and keep what was measured.

    Args:
        names: of scenarios.
        out: a file for the results alone; None keeps them beside the document, which is then
            written anew.

    Returns:
        The number of scenarios that failed.
    """
    _compile()
    path = out or report.RESULTS
    kept = results.read(path)
    about = _about()
    failed = 0
    began = time.monotonic()
    with private_servers() as servers, tempfile.TemporaryDirectory(prefix="arus-bench-") as home:
        bench = Bench(sizes, servers, Path(home), with_peers)
        for name in names:
            print(f"{name}", flush=True)
            start = time.monotonic()
            try:
                for row in SCENARIOS[name](bench):
                    kept[row.id] = replace(row, run={**about, "scenario": name})
                    results.write(path, _ordered(kept))
                    print("\n".join(f"  {line}" for line in report.lines(row)), flush=True)
            except Exception:  # noqa: BLE001 - told here; the other scenarios can still be measured
                traceback.print_exc()
                failed += 1
            print(f"  took {time.monotonic() - start:.0f} s", flush=True)
    print(f"{len(names)} scenarios, {failed} failed, {time.monotonic() - began:.0f} s", flush=True)
    if out is None:
        report.write(_ordered(kept))
    return failed


def _compile() -> None:
    """Bring the bytecode of what is measured up to date, as an installation's is.

    Where ``PYTHONDONTWRITEBYTECODE`` is set, each process would else compile anew whatever was
    changed since the environment was made.
    """
    for package in ("arus_dagster", "arus_api", "benchmarks"):
        compileall.compile_dir(report.ROOT / package, quiet=1)


def _ordered(kept: dict[str, Row]) -> dict[str, Row]:
    """By scenario, whichever was measured last."""
    order = list(SCENARIOS)
    return dict(sorted(kept.items(), key=lambda item: order.index(item[1].run["scenario"])))


def _about() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": commit.stdout.strip(),
        "machine": f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB",
        "python": machine.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else machine.machine()
