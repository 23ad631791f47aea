"""Runs commands and measures their costs. Compares costs that were measured in the same window."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """The cost of one process, from its start until it was waited for."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # MiB resident
    output: str  # standard output and standard error
    records: int = 0  # that it delivered, if they were counted


@dataclass(frozen=True)
class Row:
    """One line of the table: our figure, the other figure, and their ratio."""

    what: str
    ours: str
    other: str
    theirs: str
    ratio: float  # ours / theirs
    least: float | None = None  # the target of the ratio
    most: float | None = None

    def target(self) -> str:
        if self.least is not None:
            return f">= {self.least:g}"
        return "" if self.most is None else f"<= {self.most:g}"

    def met(self) -> bool:
        return (self.least is None or self.ratio >= self.least) and (
            self.most is None or self.ratio <= self.most
        )


def execute(command: list[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Runs the command until it ends. Raises unless it succeeds."""
    # If this process started the command itself, the resident memory of this process would count as
    # a peak of the command.
    with tempfile.TemporaryFile() as out, tempfile.NamedTemporaryFile("r") as peak:
        started = time.perf_counter()
        process = subprocess.Popen(
            ["time", "--quiet", "--format", "%M", "--output", peak.name, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read().decode()
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{output}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, int(peak.read()) / 1024, output)


class Rounds:
    """Runs of several subjects, interleaved, so that other load on the machine affects all of
    them."""

    def __init__(self, rounds: int, subjects: Mapping[str, Callable[[], Cost]]) -> None:
        self.costs: dict[str, list[Cost]] = {name: [] for name in subjects}
        for number in range(rounds):
            for name, run in subjects.items():
                if sys.stderr.isatty():
                    print(f"\r{number + 1}/{rounds} {name:<60}\r", end="", file=sys.stderr)
                self.costs[name].append(run())

    def median(self, name: str, figure: Callable[[Cost], float]) -> float:
        return statistics.median(figure(cost) for cost in self.costs[name])

    def ratio(self, ours: str, theirs: str, figure: Callable[[Cost], float]) -> float:
        """The median of the ratios within each round."""
        pairs = zip(self.costs[ours], self.costs[theirs], strict=True)
        return statistics.median(figure(our) / figure(their) for our, their in pairs)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used so far, including all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wall(cost: Cost) -> float:
    return cost.wall


def peak(cost: Cost) -> float:
    return cost.peak


def rate(cost: Cost) -> float:
    """Records per second."""
    return cost.records / cost.wall


def cpu_per_million(cost: Cost) -> float:
    """CPU seconds per million records."""
    return cost.cpu * 1e6 / cost.records


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 0.1 else f"{1000 * seconds:.0f} ms"
