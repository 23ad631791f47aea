"""Runs the benchmarks and prints their table; see README.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import latency
import load
import memory
import native
import sink_elasticsearch
import sink_postgres
import start_up
import throughput
from lab import Lab
from measure import Row

BENCHMARKS = {
    "start-up": start_up.run,
    "latency": latency.run,
    "throughput": throughput.run,
    "postgres": sink_postgres.run,
    "elasticsearch": sink_elasticsearch.run,
    "load": load.run,
    "memory": memory.run,
    "native": native.run,
}


def print_rows(rows: list[Row]) -> None:
    for row in rows:
        verdict = "" if row.met() else " MISSED"
        print(
            f"{row.what:<45}{row.ours:>10}  {row.other:<20}{row.theirs:>10}{row.ratio:>9.3g}"
            f"  {row.target()}{verdict}",
            flush=True,
        )


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("benchmark", nargs="*", help=f"of: {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument(
        "--quick", action="store_true", help="little work, once: whether it works, not how fast"
    )
    parser.add_argument("--bin", type=Path, default=root / "build" / "bin", help="the programs")
    options = parser.parse_args()
    if unknown := set(options.benchmark) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")

    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{os.cpu_count()} processors, load {load} at the start. Ratios are ours / theirs.")
    print(f"{'':<45}{'ours':>10}  {'':<20}{'theirs':>10}{'ratio':>9}  target", flush=True)
    missed = False
    with tempfile.TemporaryDirectory(prefix="steamflow-bench-") as folder:
        for name in options.benchmark or BENCHMARKS:
            # Each benchmark has its own servers, because idle servers of another benchmark would
            # have an effect too.
            with Lab(options.bin.resolve(), Path(folder) / name, options.quick) as lab:
                rows = BENCHMARKS[name](lab)
                print_rows(rows)
                missed = missed or not all(row.met() for row in rows)
    return 0 if options.quick or not missed else 1


if __name__ == "__main__":
    sys.exit(main())
