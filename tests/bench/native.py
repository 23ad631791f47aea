"""Compares a task that Airflow 3.3 runs itself with the same task under BashOperator."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab import TESTS, Lab
from measure import Row, execute, milliseconds

MOST = 0.005  # seconds beyond the supervisor's own time, the API's and the program's


def run(lab: Lab) -> list[Row]:
    create = [str(lab.binaries / "kafka-create-topics"), "--brokers", lab.brokers]
    execute(create)
    airflow = [str(TESTS / "services" / "airflow"), "3"]
    environment = subprocess.run(airflow, check=True, stdout=subprocess.PIPE, text=True).stdout
    python = Path(environment.strip()) / "bin" / "python"
    script = Path(__file__).resolve().with_name("native_tasks.py")
    arguments = [str(lab.rounds(41)), lab.standin("--every-player", "--no-gzip")]
    done = subprocess.run(
        [python, script, *arguments, lab.brokers, lab.redis],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"STEAMFLOW_BIN": str(lab.binaries)},
    )
    # Airflow writes its log there too.
    rounds = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def median(name: str, figure: str) -> float:
        return statistics.median(costs[name][figure] for costs in rounds)

    def row(what: str, figure: str, most: float | None = None) -> Row:
        return Row(
            what,
            milliseconds(median("native", figure)),
            "BashOperator",
            milliseconds(median("BashOperator", figure)),
            statistics.median(
                costs["native"][figure] / costs["BashOperator"][figure] for costs in rounds
            ),
            most=most,
        )

    def median_of(cost: Callable[[dict[str, Any]], float]) -> float:
        return statistics.median(map(cost, rounds))

    def without_api(cost: dict[str, float]) -> float:
        return cost["wall"] - cost["api"]

    own = median_of(lambda costs: without_api(costs["supervisor"]))
    ours = median_of(
        lambda costs: (
            without_api(costs["native"])
            - without_api(costs["supervisor"])
            - costs["program"]["wall"]
        )
    )
    program = milliseconds(median("program", "wall"))
    return [
        row("CPU of a native task", "cpu", most=0.4),
        row("its wall time", "wall"),
        Row(
            f"less its program's {program} and the supervisor's {milliseconds(own)}",
            milliseconds(ours),
            "bound",
            milliseconds(MOST),
            ours / MOST,
            most=1,
        ),
    ]
