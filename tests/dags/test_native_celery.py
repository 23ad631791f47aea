"""Native tasks by Airflow's own scheduler and a Celery worker, with real Kafka and Redis. Parts of the
worker are killed in the middle of a task, and Airflow runs the task again."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from conftest import (
    DAGS,
    KEY,
    PROGRAMS,
    ROOT,
    FailingSteam,
    Pipeline,
    airflow_home,
    command,
    standin,
)
from supervised import coordinator_settings
from test_scheduled import running, settings, until
from walk import START, Walk

BLOCK = 300  # ids of a run of the DAG "killed", in calls of 100
BROKER_DATABASE = "1"  # in Redis
DAG_FILE = """
from datetime import datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG("killed", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    steamflow_task(
        "players",
        ["steam-player-summaries", "--topic", "{topic}", "--count", "{count}"],
        variables=["STEAM_API_KEY", "STEAM_API_URL"],
        connections=["kafka_default", "redis_default"],
    )
"""
# Airflow calls this function for each task that it parses.
POLICY = """
from datetime import timedelta


def task_policy(task):
    task.retry_delay = timedelta(seconds=1)
"""


@dataclass
class Run:
    deployment: Deployment
    path: str  # in Airflow's API

    @property
    def run_id(self) -> str:
        return self.path.rsplit("/", 1)[1]

    def task(self, task_id: str) -> Any:
        return self.deployment.ask("GET", f"{self.path}/taskInstances/{task_id}")

    def result(self, task_id: str) -> Any:
        """The result of the task in a run that must succeed."""
        run: dict[str, Any] = {}

        def is_over() -> bool:
            run.update(self.deployment.ask("GET", self.path))
            return run["state"] in ("success", "failed")

        until(is_over, 400, self.deployment.logs)
        assert run["state"] == "success", self.deployment.logs()
        xcom = f"{self.path}/taskInstances/{task_id}/xcomEntries/return_value"
        result = self.deployment.ask("GET", xcom)["value"]
        assert result["run"]["run_id"] == self.run_id
        assert result["kafka"]["records"] == result["kafka"]["acknowledged"] > 0
        return result


@dataclass
class Deployment:
    """A whole Airflow, whose one worker can be killed and started again."""

    home: Path
    environment: dict[str, str]
    steam: FailingSteam
    walk: Walk
    workers: list[psutil.Popen] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        url = f"http://127.0.0.1:{self.environment['AIRFLOW__API__PORT']}/api/v2{path}"
        return httpx.request(method, url, json=body, timeout=60).raise_for_status().json()

    def knows(self, dag_id: str) -> bool:
        try:
            self.ask("GET", f"/dags/{dag_id}")
        except (httpx.ConnectError, httpx.HTTPStatusError):
            return False
        return True

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.home.glob("**/*.log"))

    def start_worker(self) -> None:
        with (self.home / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = psutil.Popen(
                ["airflow", "celery", "worker", "--queues", "default,native"]
                + ["--concurrency", "2", "--skip-serve-logs"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.workers.append(worker)

    def kill_worker(self) -> None:
        """Kills all processes of the worker, also those of its tasks."""
        worker = self.workers[-1]
        kill(worker, *worker.children(recursive=True))
        worker.wait()

    def await_every_message(self, instance: str) -> None:
        """Waits until this worker has received the task instance, perhaps after another worker that was
        killed, and until no message is left in Celery."""
        log = self.home / f"worker-{len(self.workers) - 1}.log"
        until(lambda: instance in log.read_text(), 120, self.logs)
        host, port = self.walk.redis.split(":")
        left = ("redis-cli", "-h", host, "-p", port, "-n", BROKER_DATABASE, "hlen", "unacked")
        until(lambda: command(*left) == "0", 120, self.logs)

    def task(self) -> psutil.Process:
        """The process of the task of the DAG "killed"."""
        (task,) = (
            process
            for process in self.workers[-1].children(recursive=True)
            if self.walk.topic in process.cmdline()
        )
        return task

    def run_until_second_call(self) -> Run:
        """Starts a run that gets no answer to its second call, and waits until Kafka has the accounts
        of the first."""
        begin = self.walk.cursor()
        self.steam.fail({"steamid": str(begin - 100)}, kind="silence")
        accounts = self.walk.accounts(begin, 100)
        runs = "/dags/killed/dagRuns"
        run_id = self.ask("POST", runs, {"logical_date": None})["dag_run_id"]
        until(lambda: self.walk.delivered().keys() >= accounts, 400, self.logs)
        return Run(self, f"{runs}/{run_id}")


def await_end(*processes: psutil.Process) -> None:
    def left() -> list[psutil.Process]:
        found = []
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    until(lambda: not left(), 60, lambda: f"{left()} still run")


def kill(*processes: psutil.Process) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    await_end(*processes)


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, airflow: Any, brokers: str, redis: str
) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("celery")
    for folder in ("dags", "config"):
        (home / folder).mkdir()
    topic = f"native_celery_{time.time_ns()}"
    shutil.copytree(DAGS / "steamflow", home / "dags/steamflow")
    shutil.copy(DAGS / "steam_usrinfo_dag.py", home / "dags")
    (home / "dags/killed.py").write_text(DAG_FILE.format(topic=topic, count=BLOCK))
    (home / "config/airflow_local_settings.py").write_text(POLICY)
    shutil.copy(Path(airflow_home.name) / "empty.db", home / "airflow.db")
    bundle = [ROOT / "docker/dispatcher/steamflow-bundle", "--output", home / "bundles"]
    command(*bundle, "--dispatcher", PROGRAMS / "steamflow", *home.glob("dags/*.py"))
    command(PROGRAMS / "kafka-create-topics", "--brokers", brokers)
    with standin() as steam:
        walk = Walk(brokers, redis, steam, topic)
        walk.create_topics(home)
        environment = (
            settings(home)
            | coordinator_settings(home / "bundles")
            | {
                "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
                "AIRFLOW__CELERY__BROKER_URL": f"redis://{redis}/{BROKER_DATABASE}",
                "AIRFLOW__CELERY__RESULT_BACKEND": f"db+sqlite:///{home}/results.db",
                # Celery delivers the message of a killed worker again after this time.
                "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "20",
                "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__UNACKED_RESTORE_INTERVAL": "1",
                "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__UNACKED_RESTORE_THROTTLE": "1",
                # Airflow gives up the task of a killed worker after this time.
                "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
                "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
                "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
                "AIRFLOW_VAR_STEAMFLOW_RUNTIME": "native",
                "AIRFLOW_VAR_STEAMFLOW_BIN": str(PROGRAMS),
                "AIRFLOW_VAR_STEAM_API_KEY": KEY,
                "AIRFLOW_VAR_STEAM_API_URL": steam,
                "AIRFLOW_CONN_REDIS_DEFAULT": f"redis://{redis}/0",
                "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(
                    {"conn_type": "kafka", "extra": {"bootstrap.servers": brokers}}
                ),
            }
        )
        made = Deployment(home, environment, FailingSteam(steam), walk)
        with running(home, environment):
            made.start_worker()
            try:
                for dag_id in ("killed", "steam_usrinfo_dag"):
                    until(lambda dag_id=dag_id: made.knows(dag_id), 400, made.logs)
                made.ask("PATCH", "/dags/killed", {"is_paused": False})
                yield made
            finally:
                made.kill_worker()


def test_a_source_fills_its_topic(deployment, brokers, redis, airflow):
    dag = "/dags/steam_usrinfo_dag"
    deployment.ask("PATCH", dag, {"is_paused": False})
    runs = until(lambda: deployment.ask("GET", f"{dag}/dagRuns")["dag_runs"], 400, deployment.logs)
    run = Run(deployment, f"{dag}/dagRuns/{runs[0]['dag_run_id']}")
    result = run.result("player_summaries")
    deployment.ask("PATCH", dag, {"is_paused": True})
    task = run.task("player_summaries")
    assert (task["state"], task["queue"]) == ("success", "native")
    # On a slow machine Airflow may have given up an earlier try, which then has delivered another block.
    (cursor,) = result["cursors"]
    begin, end = int(cursor["from"]), int(cursor["to"])
    pipeline = Pipeline(airflow, {}, brokers, redis)
    records = pipeline.records("topic_GetUserInfo", run.run_id)
    assert deployment.walk.accounts(begin, begin - end) <= set(map(int, records))
    assert len(records) == len(set(records))
    pipeline.forget_walk("last_user_id")  # which other tests begin


def kill_pool_process(deployment: Deployment) -> None:
    """Kills the process of Celery in which Airflow's supervisor runs. The task notices it and ends."""
    task = deployment.task()
    kill(task.parent())
    await_end(task)


def kill_whole_worker(deployment: Deployment) -> None:
    deployment.kill_worker()
    deployment.start_worker()


@pytest.mark.parametrize(
    ("act", "moved"),
    [
        (kill_pool_process, 100),  # the task has moved the cursor before its end
        (kill_whole_worker, 0),
    ],
)
def test_a_task_of_a_killed_worker_runs_again(deployment, act, moved):
    walk = deployment.walk
    begin = walk.cursor()
    run = deployment.run_until_second_call()
    killed = run.task("players")["id"]
    act(deployment)
    assert walk.cursor() == begin - moved
    walk.check(begin)
    deployment.steam.recover()

    (cursor,) = run.result("players")["cursors"]
    assert run.task("players")["try_number"] > 1
    assert int(cursor["from"]) - int(cursor["to"]) == BLOCK
    deployment.await_every_message(killed)
    assert walk.cursor() == int(cursor["to"])
    walk.check(begin)
    assert walk.delivered().keys() == walk.accounts(START, START - walk.cursor())
