"""Airflow as in compose.yaml: API server, scheduler, DAG processor, triggerer, and a Celery worker that
runs a task of ours, with the metadata in PostgreSQL and the queue in Redis."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compose import ROOT
from local import PROGRAMS, Local, await_true

SERVERS = ("apiserver", "scheduler", "dag-processor", "triggerer", "worker")
DAG = "steam_current_player_dag"


class Airflow:
    def __init__(self, local: Local, folder: Path, worker: dict[str, str]):
        self.local, self.folder, self.worker = local, folder, worker

    def environment(self, name: str) -> dict[str, str]:
        """What the image and the container's file system give, too."""
        own = self.worker if name == "airflow-worker" else self.local.environment(name)
        places = {"/tmp/airflow": str(self.folder), "/opt/airflow/dags": str(ROOT / "dags")}
        own = {
            key: re.sub("|".join(places), lambda found: places[found[0]], value)
            for key, value in own.items()
        }
        address = self.local.addresses[name]
        return own | {
            "AIRFLOW__API__HOST": address,
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": address,
            "HOME": str(self.folder),
            "HOSTNAME": socket.gethostname(),
            "PATH": f"{PROGRAMS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["airflow", *arguments],
            check=False,
            env=self.environment("airflow-scheduler"),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        for part in SERVERS:
            name = f"airflow-{part}"
            command = ["airflow", *self.local.command(name)]
            if part in {"triggerer", "worker"}:  # it would listen on all addresses
                command.append("--skip-serve-logs")
            self.local.launch(name, command, env=self.environment(name))

    def is_healthy(self, part: str) -> bool:
        return self.local.is_healthy(f"airflow-{part}", self.environment(f"airflow-{part}"))


@pytest.fixture(scope="module")
def airflow(platform: Local, worker: dict[str, str], tmp_path_factory) -> Iterator[Airflow]:
    platform.start_postgres("airflow-postgres")
    airflow = Airflow(platform, tmp_path_factory.mktemp("airflow"), worker)
    # The image's entry point does this for airflow-init.
    init = platform.environment("airflow-init")
    assert init["_AIRFLOW_DB_MIGRATE"] == init["_AIRFLOW_WWW_USER_CREATE"] == "true"
    airflow.run("db", "migrate")
    airflow.run(
        *("users", "create", "--role", "Admin", "--email", "admin@localhost"),
        *("--firstname", "A", "--lastname", "Admin"),
        *("--username", init["_AIRFLOW_WWW_USER_USERNAME"]),
        *("--password", init["_AIRFLOW_WWW_USER_PASSWORD"]),
    )
    airflow.start()
    return airflow


def ask(
    address: str, body: dict[str, Any] | None = None, token: str = "", method: str | None = None
) -> Any:
    request = urllib.request.Request(
        address,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def is_known(dag: str, token: str) -> bool:
    try:
        ask(dag, token=token)
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return False
    return True


def test_a_celery_worker_runs_a_dag(airflow, platform, dotenv):
    for part in SERVERS:
        await_true(lambda part=part: airflow.is_healthy(part), 90, f"{part} is healthy")
    api = f"http://{platform.endpoint('airflow-apiserver', '8080')}"
    login = {"username": "admin", "password": dotenv["AIRFLOW_ADMIN_PASSWORD"]}
    token = ask(f"{api}/auth/token", login)["access_token"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(f"{api}/auth/token", login | {"password": "airflow"})

    await_true(lambda: is_known(f"{api}/api/v2/dags/{DAG}", token), 60, f"{DAG} is parsed")
    ask(f"{api}/api/v2/dags/{DAG}", {"is_paused": False}, token, "PATCH")
    run = f"{api}/api/v2/dags/{DAG}/dagRuns"
    run_id = ask(run, {"logical_date": None}, token)["dag_run_id"]
    ended: dict[str, Any] = {}

    def is_over() -> bool:
        ended.update(ask(f"{run}/{run_id}", token=token))
        return ended["state"] in {"success", "failed"}

    await_true(is_over, 60, f"{DAG} has run")
    assert ended["state"] == "success"
    xcom = ask(
        f"{run}/{run_id}/taskInstances/current_players/xcomEntries/return_value", token=token
    )
    assert xcom["value"]["kafka"]["acknowledged"] == 3
    assert xcom["value"]["run"]["run_id"] == run_id
    instance = ask(f"{run}/{run_id}/taskInstances/current_players", token=token)
    assert instance["hostname"]
    for part in SERVERS:
        memory, limit = platform.memory(f"airflow-{part}"), platform.limit(f"airflow-{part}")
        print(f"airflow-{part}: {memory >> 20} of {limit >> 20} MiB")
        assert memory < limit, part
