"""A run by Airflow's own scheduler and workers. Unlike `airflow dags test`, these mask secrets
in logs and stop tasks that hang."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import AIRFLOW_3, DAGS, airflow_home

KEY = "0123456789ABCDEF0123456789ABCDEF"
PASSWORD = 'p@ss:/?#%&+ "quoted" \\비밀🔑'
CERTIFICATE = "-----BEGIN-----\nMIIB+/==\n-----END-----"
PRINTS = """#!/bin/sh
env
echo "$AIRFLOW_CTX_LOGICAL_DATE" >"$1/logical_date"
echo '{"task":"prints","status":"success","exit_code":0,"error":null}'
"""
HANGS = """#!/bin/sh
trap 'echo SIGTERM >>"$1/signals"; kill $!; exit 143' TERM
sleep 600 &
wait
"""
DAG_FILE = """
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG("scheduled", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    steamflow_task(
        "prints",
        ["prints", FOLDER],
        variables=["STEAM_API_KEY"],
        connections=["kafka_default", "redis_default"],
    )
    hangs = steamflow_task("hangs", ["hangs", FOLDER])
    hangs.execution_timeout = timedelta(seconds=5)
    hangs.retries = 0
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(condition: Callable[[], Any], seconds: float, what: Callable[[], str]) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)  # between two checks of the condition
    raise AssertionError(f"not within {seconds} s: {what()}")


@pytest.fixture
def home(tmp_path: Path, airflow: Any) -> Path:
    for folder in ("dags", "bin", "notes"):
        (tmp_path / folder).mkdir()
    for name, program in {"prints": PRINTS, "hangs": HANGS}.items():
        (tmp_path / "bin" / name).write_text(program)
        (tmp_path / "bin" / name).chmod(0o755)
    shutil.copytree(DAGS / "steamflow", tmp_path / "dags/steamflow")
    (tmp_path / "dags/scheduled.py").write_text(f"FOLDER = {str(tmp_path / 'notes')!r}\n{DAG_FILE}")
    shutil.copy(Path(airflow_home.name) / "empty.db", tmp_path / "airflow.db")
    return tmp_path


def settings(home: Path) -> dict[str, str]:
    """The environment of the components of an Airflow in this folder."""
    port = free_port()
    return os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if AIRFLOW_3 else "SequentialExecutor",
        "AIRFLOW__CORE__PARALLELISM": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "one secret of a test for all the components of Airflow"
        * 2,
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    }


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    return settings(home) | {
        "AIRFLOW_VAR_STEAMFLOW_BIN": str(home / "bin"),
        "AIRFLOW_VAR_STEAM_API_KEY": KEY,
        "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(
            {
                "conn_type": "kafka",
                "password": PASSWORD,
                "extra": {"sasl.password": PASSWORD, "ssl.key.pem": CERTIFICATE},
            }
        ),
        "AIRFLOW_CONN_REDIS_DEFAULT": "redis://:another%2Fpassword@redis.example:6379/0",
    }


def await_stop(process: subprocess.Popen[bytes]) -> None:
    """Waits until a component that has got a SIGTERM has ended. The scheduler loses a SIGTERM that comes
    while Python runs a finalizer, because exceptions are ignored there."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    process.terminate()
    try:
        process.wait(60)
    finally:
        process.kill()


@contextmanager
def running(home: Path, environment: dict[str, str]) -> Iterator[None]:
    """The components of Airflow, except workers."""
    commands = [["scheduler", "--skip-serve-logs"]]  # which it would serve on every interface
    if AIRFLOW_3:
        commands += [["api-server"], ["dag-processor"]]
    processes = []
    with ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((home / f"{command[0]}.log").open("wb"))
            process = subprocess.Popen(
                ["airflow", *command], env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            processes.append(process)
            stack.callback(await_stop, process)
        try:
            yield
        finally:
            for process in processes:
                process.terminate()


@pytest.fixture
def components(home: Path, environment: dict[str, str]) -> Iterator[None]:
    with running(home, environment):
        yield


def test_secrets_are_masked_and_what_hangs_is_stopped(home, environment, components, airflow):
    def query(sql: str) -> list[Any]:
        with sqlite3.connect(home / "airflow.db") as database:
            return database.execute(sql).fetchall()

    def logs() -> str:
        return "\n".join(path.read_text() for path in home.glob("*.log"))

    until(lambda: query("SELECT dag_id FROM serialized_dag"), 400, logs)
    airflow("dags", "unpause", "scheduled", **environment)
    airflow("dags", "trigger", "scheduled", **environment)
    over = "SELECT state FROM dag_run WHERE state IN ('success', 'failed')"
    until(lambda: query(over), 400, logs)

    (log,) = home.glob("logs/**/task_id=prints/*.log")
    text = log.read_text()
    states = dict(query("SELECT task_id, state FROM task_instance"))
    assert states == {"prints": "success", "hangs": "failed"}, text
    # Airflow fails the task at once, while the program may still be ending.
    until((home / "notes/signals").exists, 30, logs)
    assert (home / "notes/signals").read_text() == "SIGTERM\n"
    assert "AIRFLOW_VAR_STEAM_API_KEY=***" in text
    assert "AIRFLOW_CONN_KAFKA_DEFAULT=***" in text
    assert "AIRFLOW_CONN_REDIS_DEFAULT=***" in text
    for secret in (KEY, "p@ss", "quoted", "MIIB", "another"):
        assert secret not in text
    # A manual run has no logical date on Airflow 3, but the program gets a date all the same.
    assert (home / "notes/logical_date").read_text().startswith("20")
