"""The seven DAGs in the docker runtime: `airflow dags test` with the programs in containers of a
real engine. STEAMFLOW_TEST_DOCKER is its address. It has the image steamflow:latest."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import AIRFLOW_3, DAGS, KEY, Pipeline, Run
from test_pipeline import TOPICS
from test_structure import EXPECTED, FILLS_A_TOPIC

import docker

PASSWORD = "a password of Kafka"
HANGS = """
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG("hangs", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    task = steamflow_task(
        "hangs",
        ["steam-current-players"],
        variables=["STEAM_API_KEY", "STEAM_API_URL"],
        connections=["kafka_default"],
    )
    task.execution_timeout = timedelta(seconds=15)
    task.retries = 0
"""


@dataclass
class Containers:
    """Runs DAGs, and reports the containers of a run. Each version of Airflow has its own name
    for the image, because the two versions are tested at the same time."""

    engine: docker.APIClient
    address: str
    image: str
    pipeline: Pipeline
    began: int = 0

    def run(self, dag_id: str, **environment: str) -> Run:
        self.began = int(time.time())
        environment = {
            "AIRFLOW_VAR_STEAMFLOW_RUNTIME": "docker",
            "AIRFLOW_VAR_STEAMFLOW_IMAGE": self.image,
            "AIRFLOW_VAR_STEAMFLOW_DOCKER_NETWORK": "host",
            "AIRFLOW_CONN_REDIS_DEFAULT": f"redis://{self.pipeline.redis}/1",
            "DOCKER_HOST": self.address,
        } | environment
        return self.pipeline.run(dag_id, **environment)

    def events(self) -> list[tuple[str, str]]:
        """The events of the containers of the last run, with the exit code or signal."""
        happened = self.engine.events(
            since=self.began,
            until=int(time.time()) + 1,
            filters={"type": "container", "image": self.image},
            decode=True,
        )
        found = []
        for event in happened:
            attributes = event["Actor"]["Attributes"]
            number = attributes.get("exitCode") or attributes.get("signal") or ""
            found.append((event["Action"], number))
        return found

    def running(self) -> list[dict[str, Any]]:
        """The engine's description of each running container."""
        return [
            self.engine.inspect_container(container["Id"])
            for container in self.engine.containers()
            if container["Image"] == self.image
        ]


@pytest.fixture(scope="module")
def containers(pipeline: Pipeline) -> Iterator[Containers]:
    address = os.environ["STEAMFLOW_TEST_DOCKER"]
    engine = docker.APIClient(base_url=address)
    tag = f"airflow-{2 + AIRFLOW_3}"
    engine.tag("steamflow:latest", "steamflow", tag)
    yield Containers(engine, address, f"steamflow:{tag}", pipeline)
    engine.close()


def assert_one_container(containers: Containers, exit_code: str) -> None:
    """The container was created, ended with this exit code, and was removed."""
    happened = [(action, number) for action, number in containers.events() if action != "kill"]
    assert [action for action, _ in happened if action in ("create", "destroy")] == [
        "create",
        "destroy",
    ]
    assert [number for action, number in happened if action == "die"] == [exit_code]


@pytest.mark.parametrize("dag_id", TOPICS)
def test_a_source_fills_its_topic(containers, dag_id):
    topic, _ = TOPICS[dag_id]
    run = containers.run(dag_id)
    assert run.states == {EXPECTED[dag_id][1]: "success"}, run.output
    (result,) = run.results  # a dict
    assert result["run"]["run_id"] == run.run_id
    assert result["kafka"]["records"] == result["kafka"]["acknowledged"] > 0
    assert len(containers.pipeline.records(topic, run.run_id)) == result["kafka"]["records"]
    assert KEY not in run.output
    assert_one_container(containers, "0")


def test_the_trial_dag_prints_news_to_its_log(containers):
    run = containers.run("steam_test_dags")
    assert run.states == {"print_news": "success"}, run.output
    (result,) = run.results
    printed = set(re.findall(r'\{"topic":"steam_news","key":"(\d+)"', run.output))
    assert len(printed) == result["sink"]["records"] > 0
    assert_one_container(containers, "0")


def test_the_controller_checks_and_starts_the_others(containers):
    run = containers.run("runDag")
    assert run.states.pop("overload_test") == "skipped"
    assert set(run.states.values()) == {"success"}, run.output
    assert set(run.states) >= {f"trigger_{dag_id}" for dag_id in FILLS_A_TOPIC}
    assert_one_container(containers, "0")


def test_nothing_to_do_is_skipped(containers):
    run = containers.run("steam_usrinfo_dag", AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET="0")
    assert run.states == {"player_summaries": "skipped"}, run.output
    assert_one_container(containers, "99")


def test_a_program_that_hangs_is_stopped_and_nobody_sees_its_secrets(containers, tmp_path):
    shutil.copytree(DAGS / "steamflow", tmp_path / "steamflow")
    (tmp_path / "hangs.py").write_text(HANGS)
    kafka = json.loads(containers.pipeline.environment["AIRFLOW_CONN_KAFKA_DEFAULT"])
    kafka["extra"]["sasl.password"] = PASSWORD
    with ThreadPoolExecutor() as pool, socket.create_server(("127.0.0.1", 0)) as silent:
        run = pool.submit(
            containers.run,
            "hangs",
            AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path),
            AIRFLOW_VAR_STEAM_API_URL=f"http://127.0.0.1:{silent.getsockname()[1]}",
            AIRFLOW_CONN_KAFKA_DEFAULT=json.dumps(kafka),
        )
        inspected = []
        while not run.done() and not inspected:
            inspected = containers.running()
            time.sleep(0.05)
        ended = run.result()
    assert ended.states == {"hangs": "failed"}, ended.output
    (told,) = inspected
    assert "AIRFLOW_CTX_DAG_ID=hangs" in told["Config"]["Env"]
    for secret in (KEY, PASSWORD, "AIRFLOW_CONN_KAFKA_DEFAULT"):
        assert secret not in json.dumps(told)
    assert ("kill", "15") in containers.events()
    assert_one_container(containers, "143")
