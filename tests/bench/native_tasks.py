"""Lets Airflow's supervisor run a task of a DAG file, natively and by BashOperator in turns, and
prints a line of JSON for each round: the costs of both, those of the program alone, and those of a
native task that only tells Airflow that it is skipped, which are the supervisor's own. Needs a Python
with Airflow 3. This process answers the execution API, and prints the time that this takes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/dags"))

from conftest import DAGS, KEY, PROGRAMS
from described import descriptions
from supervised import Api, coordinator_settings, make_bundle, packer, run_task

DAG_ID, TASK_ID, PROGRAM = "steam_usrinfo_dag", "player_summaries", "steam-player-summaries"
# A task of our dispatcher that needs no program: the Connection, without which it skips, is not defined.
NOTHING = {"argv": [PROGRAM], "connections": ["undefined"], "environment": {}, "optional": True}
NOTHING |= {"outlets": [], "sharded": False, "variables": []}
WARM_UP = 3  # rounds; a fresh worker still imports modules


@dataclass
class TimedApi(Api):
    seconds: float = 0.0  # spent in answers

    def __call__(self, request: Any) -> Any:
        begun = time.perf_counter()
        try:
            return super().__call__(request)
        finally:
            self.seconds += time.perf_counter() - begun


def cpu_seconds() -> float:
    """The CPU time of this process and of the processes that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(run: Callable[[], Any]) -> dict[str, float]:
    cpu, begun = cpu_seconds(), time.perf_counter()
    run()
    return {"wall": time.perf_counter() - begun, "cpu": cpu_seconds() - cpu}


def main() -> None:
    rounds, steam, brokers, redis = int(sys.argv[1]), *sys.argv[2:5]
    host, port = redis.split(":")
    variables = {
        "STEAM_API_KEY": KEY,
        "STEAM_API_URL": steam,
        "STEAM_DAILY_CALL_BUDGET": "-1",
        "PUSHGATEWAY_URL": "",
        "STEAM_TIMEZONE": "",
    }
    kafka = {"conn_type": "kafka", "extra": json.dumps({"bootstrap.servers": brokers})}
    stored = {"conn_type": "redis", "host": host, "port": int(port)}
    connections = {"kafka_default": kafka, "redis_default": stored}
    alone = {f"AIRFLOW_VAR_{name}": value for name, value in variables.items()} | {
        "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(kafka),
        "AIRFLOW_CONN_REDIS_DEFAULT": json.dumps(stored),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dispatcher = (PROGRAMS / "steamflow").read_bytes()
        for dag_file in DAGS.glob("*.py"):
            packer().pack(dispatcher, descriptions(), dag_file, folder)
        make_bundle(PROGRAMS / "steamflow", "nothing", {"skip": NOTHING}, folder)
        os.environ |= coordinator_settings(folder)
        os.environ["AIRFLOW_VAR_STEAMFLOW_BIN"] = str(PROGRAMS)

        def supervised(
            queue: str, dag_id: str = DAG_ID, task_id: str = TASK_ID, state: str = "success"
        ) -> dict[str, float]:
            api = TimedApi(variables=variables, connections=connections)
            log = folder / "task.log"
            cost = measure(lambda: run_task(api, log, dag_id=dag_id, task_id=task_id, queue=queue))
            states = [told["state"] for told in api.states]
            assert states == [state], log.read_text()
            log.unlink()
            return cost | {"api": api.seconds}

        def program() -> None:
            subprocess.run([PROGRAMS / PROGRAM], check=True, stdout=subprocess.DEVNULL, env=alone)

        for number in range(rounds + WARM_UP):
            costs = {
                "native": supervised("native"),
                "BashOperator": supervised("default"),
                "supervisor": supervised("native", "nothing", "skip", "skipped"),
                "program": measure(program),
            }
            if number >= WARM_UP:
                print(json.dumps(costs), flush=True)


if __name__ == "__main__":
    main()
