"""Compares a task that Airflow 3.3 runs itself with the same task under BashOperator."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from pathlib import Path

from lab import TESTS, Lab
from measure import Row, execute, milliseconds

MOST = 0.025  # seconds beyond the program's own and the API's


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

    beyond = statistics.median(
        costs["native"]["wall"] - costs["native"]["api"] - costs["program"]["wall"]
        for costs in rounds
    )
    return [
        row("CPU of a native task", "cpu", most=0.4),
        row("its wall time", "wall"),
        Row(
            f"the same, beyond its program's {milliseconds(median('program', 'wall'))}",
            milliseconds(beyond),
            "bound",
            milliseconds(MOST),
            beyond / MOST,
            most=1,
        ),
    ]
