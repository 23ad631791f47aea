"""Runs the DAGs once and prints the results: a table, records of each topic, and one record in
Kafka, PostgreSQL and Elasticsearch.

`airflow` triggers DAGs through the web API of the running Airflow: the trial DAG and the
controller, which starts the other five, and then the sinks and the reconciliation. `tasks` runs the
programs of the DAGs one after another, without Airflow. The environment is that of .quickstart/env.
The exit code is 1 if a DAG failed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stores

# The programs are those that the files in dags/ run.
DAGS = {
    "steam_test_dags": ["steam-news", "--sink", "stdout"],
    "runDag": ["pipeline-check"],
    "steam_current_player_dag": ["steam-current-players"],
    "steam_get_recently_played_games": ["steam-recently-played-games"],
    "steam_usrinfo_dag": ["steam-player-summaries"],
    "steam_user": ["steam-player-summaries", "--topic", "steamusers", "--no-cursor"],
    "steam_news_to_kafka_requests": ["steam-news"],
    "steam_to_postgres": ["kafka-to-postgres"],
    "steam_to_elasticsearch": ["kafka-to-elasticsearch"],
    "steam_reconcile": ["pipeline-reconcile"],
}
CONTROLLER = "runDag"
SINKS = ["steam_to_postgres", "steam_to_elasticsearch"]
RECONCILE = "steam_reconcile"
SOURCES = [dag for dag in DAGS if dag not in (*SINKS, RECONCILE)]
# The DAGs that are triggered in each stage, and the DAGs that must end before the next stage.
STAGES = [(["steam_test_dags", CONTROLLER], SOURCES), (SINKS, SINKS), ([RECONCILE], [RECONCILE])]
DEADLINE_SECONDS = 300  # for a machine that is busy with other work
POLL_SECONDS = 0.5


@dataclass
class Run:
    """The result of one DAG. The records and the topic come from its tasks' result lines."""

    state: str
    seconds: float | None = None
    records: int | None = None
    topic: str | None = None
    result: dict[str, Any] = field(default_factory=dict)  # the result of its last task

    def add(self, result: dict[str, Any]) -> None:
        self.result = result
        output = result.get("kafka") or result.get("sink")
        if output:
            records = output["records"] if "records" in output else output["inserted"]
            self.records = (self.records or 0) + records
            self.topic = output.get("topic")


def progress(text: str) -> None:
    """Shows a line that the next one replaces, but only on a terminal."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        print(f"\r\033[K{text[: width - 1]}", end="", file=sys.stderr, flush=True)


def run_tasks() -> dict[str, Run]:
    """Runs the programs. Their output goes to the terminal only if one of them fails."""
    runs: dict[str, Run] = {}
    for dag, argv in DAGS.items():
        progress(f"{dag}: {' '.join(argv)}")
        began = time.monotonic()
        acknowledged = json.dumps([run.result for run in runs.values() if "kafka" in run.result])
        done = subprocess.run(
            argv,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"STEAMFLOW_ACKNOWLEDGED": acknowledged},
        )
        state = {0: "success", 99: "skipped"}.get(done.returncode, "failed")
        run = runs[dag] = Run(state, time.monotonic() - began)
        lines = done.stdout.splitlines()
        if done.returncode == 0:
            run.add(json.loads(lines[-1]))
        else:
            progress("")
            print(f"{' '.join(argv)}: exit code {done.returncode}", file=sys.stderr)
            print(done.stderr, *lines[-1:], sep="", file=sys.stderr)
    return runs


class Airflow:
    """The part of Airflow's web API that this needs, with the user that Airflow created for
    itself."""

    def __init__(self) -> None:
        self.url = os.environ["AIRFLOW__API__BASE_URL"]
        passwords = Path(os.environ["AIRFLOW_HOME"], "simple_auth_manager_passwords.json.generated")
        ((user, password),) = json.loads(passwords.read_text()).items()
        self.headers = {"Content-Type": "application/json"}
        login = self.call("/auth/token", {"username": user, "password": password})
        self.headers["Authorization"] = f"Bearer {login['access_token']}"

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Sends a GET, or a POST if there is a body. Raises urllib.error.HTTPError."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, self.headers)
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)

    def known_dags(self) -> set[str]:
        return {dag["dag_id"] for dag in self.call("/api/v2/dags")["dags"]}

    def import_errors(self) -> list[str]:
        errors = self.call("/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in errors]

    def start(self, dag: str) -> None:
        self.call(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})

    def runs(self) -> dict[str, dict[str, Any]]:
        return {run["dag_id"]: run for run in self.call("/api/v2/dags/~/dagRuns")["dag_runs"]}

    def have_ended(self, dags: Iterable[str]) -> bool:
        """Returns whether each of the DAGs has run. The DAGs of a controller that failed will
        not run."""
        states = {dag: run["state"] for dag, run in self.runs().items()}
        over = {dag for dag, state in states.items() if state in ("success", "failed")}
        return over >= (set(dags) if states[CONTROLLER] != "failed" else states.keys())

    def results(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """The result lines of a run's tasks."""
        path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
        results = []
        for task in self.call(path)["task_instances"]:
            entry = f"{path}/{task['task_id']}/xcomEntries/return_value"
            query = f"?map_index={task['map_index']}&stringify=false"
            try:
                value = self.call(entry + query)["value"]
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise
                continue  # a task without XCom
            if isinstance(value, dict) and "task" in value:
                results.append(value)
        return results


def wait_for(what: str, deadline: float, condition: Any) -> bool:
    """Polls until the condition holds, and returns False after the deadline. The condition may
    change the line that is shown."""
    began = time.monotonic()
    while not (done := condition()) and time.monotonic() < deadline:
        progress(f"{what} ... {time.monotonic() - began:.1f} s")
        time.sleep(POLL_SECONDS)
    progress("")
    return done


def run_airflow() -> dict[str, Run]:
    """Lets Airflow run the DAGs, and waits for all of them, or until a controller has failed."""
    airflow = Airflow()
    deadline = time.monotonic() + DEADLINE_SECONDS
    if not wait_for("Airflow reads the DAGs", deadline, lambda: airflow.known_dags() >= set(DAGS)):
        sys.exit("Airflow does not know all DAGs\n" + "\n".join(airflow.import_errors()))
    for wanted, awaited in STAGES:
        for dag in wanted:
            airflow.start(dag)
        wait_for("The DAGs run", deadline, lambda awaited=awaited: airflow.have_ended(awaited))
    runs = {}
    for dag, run in airflow.runs().items():
        runs[dag] = Run(run["state"], run["duration"])
        for result in airflow.results(run):
            runs[dag].add(result)
        if run["state"] != "success":
            print(f"{dag}: {run['state']}\n{end_of_log(run)}", file=sys.stderr)
    return runs


def end_of_log(run: dict[str, Any]) -> str:
    """The end of the log of the task in this run that wrote last."""
    folder = Path(os.environ["AIRFLOW_HOME"], "logs")
    logs = folder.glob(f"dag_id={run['dag_id']}/run_id={run['dag_run_id']}/**/*.log")
    newest = max(logs, key=lambda log: log.stat().st_mtime, default=None)
    if newest is None:
        return f"  no task of it ran; see {folder}"
    events = [json.loads(line)["event"] for line in newest.read_text().splitlines()]
    return "\n".join([f"  {newest}", *(f"    {event}" for event in events[-8:])])


def table(runs: dict[str, Run]) -> str:
    rows = [("DAG", "state", "records", "topic", "seconds")]
    for dag in DAGS:
        run = runs.get(dag, Run("not run"))
        records = "-" if run.records is None else str(run.records)
        seconds = "-" if run.seconds is None else f"{run.seconds:.2f}"
        rows.append((dag, run.state, records, run.topic or "-", seconds))
    return "\n".join("{:<32} {:<8} {:>7}  {:<17} {:>7}".format(*row) for row in rows)


def main() -> None:
    runs = {"airflow": run_airflow, "tasks": run_tasks}[sys.argv[1]]()
    progress("")
    print("\n" + table(runs))
    for run in (runs[dag] for dag in DAGS if dag in runs):
        if run.topic and run.records:
            print(f"\n{run.topic}\n{stores.samples(run.topic)}")
    if not all(dag in runs and runs[dag].state in ("success", "skipped") for dag in DAGS):
        sys.exit(1)
    print("\n" + stores.comparison(runs[RECONCILE].result))
    print("\n" + stores.one_record_everywhere())
    print("\n" + stores.questions())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
