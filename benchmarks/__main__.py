"""``python -m benchmarks``, or ``make bench``: measure, keep it, write the document anew."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.run import SCENARIOS, run
from benchmarks.sizes import DEFAULT, TINY


def main() -> int:
    # Started in a shell's background, SIGINT arrives ignored, and would stay so in every child.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--rows", type=int, help=f"of the large table ({DEFAULT.rows:,})")
    parser.add_argument("--repeats", type=int, help=f"of each side ({DEFAULT.repeats})")
    parser.add_argument("--tiny", action="store_true", help="a few rows of everything")
    parser.add_argument("--no-peers", action="store_true", help="without Sling, dlt and pgloader")
    parser.add_argument(
        "--out", type=Path, help="where results go; without it, the document is written anew"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    sizes = TINY if arguments.tiny else DEFAULT
    if arguments.rows:
        sizes = sizes.scaled(arguments.rows)
    if arguments.repeats:
        sizes = replace(sizes, repeats=arguments.repeats, short_repeats=arguments.repeats)
    return run(
        arguments.names or list(SCENARIOS),
        sizes,
        with_peers=not arguments.no_peers,
        out=arguments.out,
    )


if __name__ == "__main__":
    sys.exit(main())
