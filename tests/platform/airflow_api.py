"""Airflow's API, for the tests of a whole Airflow."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from stack import as_described, await_true

ENDED = {"success", "failed"}


class Airflow:
    """Airflow's API, with the login of a user of the web page."""

    def __init__(self, address: str, password: str):
        self.api = f"http://{address}"
        self.token = ""
        self.token = self.login(password)

    def login(self, password: str) -> str:
        credentials = {"username": "admin", "password": password}
        return str(self.ask("/auth/token", credentials)["access_token"])

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(
            self.api + path,
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def knows(self, dag: str) -> bool:
        try:
            self.ask(f"/api/v2/dags/{dag}")
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return False
        return True

    def switch(self, dag: str, *, on: bool) -> None:
        await_true(lambda: self.knows(dag), 300, f"{dag} is parsed")
        self.ask(f"/api/v2/dags/{dag}", {"is_paused": not on}, "PATCH")

    def start(self, dag: str, **conf: Any) -> str:
        """Starts a run of this DAG, and returns its path in the API."""
        runs = f"/api/v2/dags/{dag}/dagRuns"
        return f"{runs}/{self.ask(runs, {'logical_date': None, 'conf': conf})['dag_run_id']}"

    def first_run(self, dag: str) -> str:
        """The path of the first scheduled run of this DAG, which must be switched on."""
        runs = f"/api/v2/dags/{dag}/dagRuns"
        query = "?run_type=scheduled&order_by=run_after&limit=1"
        await_true(lambda: bool(self.ask(runs + query)["dag_runs"]), 300, f"{dag} is due")
        return f"{runs}/{self.ask(runs + query)['dag_runs'][0]['dag_run_id']}"

    def await_end(self, run: str, seconds: float = 600) -> str:
        """The state in which the run ends."""
        await_true(lambda: self.ask(run)["state"] in ENDED, seconds, f"{run} has ended")
        return str(self.ask(run)["state"])

    def task(self, run: str, task: str) -> dict[str, Any]:
        instance: dict[str, Any] = self.ask(f"{run}/taskInstances/{task}")
        return instance

    def result(self, run: str, task: str, index: int = -1) -> dict[str, Any]:
        """The XCom of a task, or of one of the tasks that it is mapped to, in a successful run."""
        path = f"{run}/taskInstances/{task}/xcomEntries/return_value"
        entry = self.ask(f"{path}?map_index={index}")
        result = as_described(entry["value"])
        assert result["run"]["run_id"] == run.rsplit("/", 1)[1]
        return result

    def run(self, dag: str, task: str) -> dict[str, Any]:
        """Switches this DAG on, runs it, and returns the XCom of the task."""
        self.switch(dag, on=True)
        run = self.start(dag)
        assert self.await_end(run) == "success"
        self.switch(dag, on=False)
        return self.result(run, task)
