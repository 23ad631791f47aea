"""The seven DAGs with the real programs: a stand-in for the Steam Web API, real Redis and Kafka,
real `airflow dags test`."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, airflow_home
from test_structure import AIRFLOW_3, EXPECTED, FILLS_A_TOPIC

PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
SERVICES = ROOT / "tests/services"
KEY = "0123456789ABCDEF0123456789ABCDEF"
# dag id: topic, and the keys of its cursors with where its first run of 100 ids leaves them
TOPICS: dict[str, tuple[str, dict[str, str]]] = {
    "steam_current_player_dag": ("topic_currPlayer", {}),
    "steam_get_recently_played_games": (
        "rct_plyd_games",
        {"last_steam_id": str(76561197960499900 - 100)},
    ),
    "steam_usrinfo_dag": ("topic_GetUserInfo", {"last_user_id": str(76561197960434622 - 100)}),
    "steam_user": ("steamusers", {}),
    "steam_news_to_kafka_requests": ("steam_news", {}),
}


def command(*arguments: str | Path) -> str:
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


@dataclass
class Run:
    """What became of the newest run of a DAG."""

    output: str
    run_id: str
    states: dict[str, str]
    results: list[dict[str, Any]]


@dataclass
class Pipeline:
    airflow: Callable[..., str]
    environment: dict[str, str]
    brokers: str
    redis: str

    def run(self, dag_id: str, **environment: str) -> Run:
        output = self.airflow("dags", "test", dag_id, check=False, **self.environment | environment)
        with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
            runs = "SELECT run_id FROM dag_run WHERE dag_id = ? ORDER BY id DESC LIMIT 1"
            (run_id,) = database.execute(runs, (dag_id,)).fetchone()
            instances = "SELECT task_id, map_index, state FROM task_instance"
            of_run = " WHERE dag_id = ? AND run_id = ?"
            rows = database.execute(instances + of_run, (dag_id, run_id)).fetchall()
            states = {f"{name}{'' if i < 0 else f'[{i}]'}": state for name, i, state in rows}
            xcoms = database.execute(
                f"SELECT value FROM xcom {of_run} AND key = 'return_value' ORDER BY map_index",
                (dag_id, run_id),
            ).fetchall()
        results = [json.loads(value) for (value,) in xcoms]
        return Run(output, run_id, states, [each for each in results if isinstance(each, dict)])

    def records(self, topic: str, run_id: str) -> list[str]:
        """The keys of the records that a run left in a topic, which other tests may use too."""
        lines = command(
            *("kcat", "-C", "-q", "-e", "-b", self.brokers, "-t", topic, "-o", "beginning"),
            *("-f", r"%k\t%h\n"),
        ).splitlines()
        keys_and_headers = [line.split("\t") for line in lines]
        return [
            key for key, headers in keys_and_headers if f"run_id={run_id}" in headers.split(",")
        ]

    def asset_events(self, topic: str) -> list[dict[str, Any]]:
        """What the events of a topic's asset say, the oldest first."""
        asset, event = ("asset", "asset_event") if AIRFLOW_3 else ("dataset", "dataset_event")
        with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
            events = database.execute(
                f"SELECT {event}.extra FROM {event} JOIN {asset} ON {asset}.id = {asset}_id"
                " WHERE uri = ? ORDER BY timestamp",
                (f"steamflow/{topic}",),
            ).fetchall()
        return [json.loads(extra) for (extra,) in events]

    def redis_value(self, key: str) -> str:
        host, port = self.redis.split(":")
        return command("redis-cli", "-h", host, "-p", port, "get", key)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("redis")
    yield command(SERVICES / "redis", "start", folder)
    command(SERVICES / "redis", "stop", folder)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of its own: what a sink has taken, Kafka remembers for all."""
    folder = tmp_path_factory.mktemp("kafka")
    yield command(SERVICES / "kafka", "start", folder)
    command(SERVICES / "kafka", "stop", folder)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The connections of PostgreSQL and Elasticsearch."""
    folder = tmp_path_factory.mktemp("stores")
    postgres = command(SERVICES / "postgres", "start", folder / "postgres")
    search = command(SERVICES / "search", "start", folder / "search", "--engine", "elasticsearch")
    yield {
        "AIRFLOW_CONN_POSTGRES_DEFAULT": f"postgres://steamflow:steamflow@{postgres}/steamflow",
        "AIRFLOW_CONN_ELASTICSEARCH_DEFAULT": search,
    }
    command(SERVICES / "search", "stop", folder / "search")
    command(SERVICES / "postgres", "stop", folder / "postgres")


@pytest.fixture(scope="module")
def steam() -> Iterator[str]:
    standin = subprocess.Popen(
        [PROGRAMS / "steam-standin", "--port", "0", "--key", KEY, "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with standin:  # closes its standard input, at which it ends
        assert standin.stdout
        yield standin.stdout.readline().strip()


@pytest.fixture(scope="module")
def pipeline(airflow: Any, redis: str, brokers: str, steam: str) -> Pipeline:
    command(PROGRAMS / "kafka-create-topics", "--brokers", brokers)
    environment = {
        "AIRFLOW_VAR_STEAMFLOW_BIN": str(PROGRAMS),
        "AIRFLOW_VAR_STEAM_API_KEY": KEY,
        "AIRFLOW_VAR_STEAM_API_URL": steam,
        "AIRFLOW_CONN_REDIS_DEFAULT": f"redis://{redis}/0",
        "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(
            {"conn_type": "kafka", "extra": {"bootstrap.servers": brokers}}
        ),
    }
    airflow("dags", "reserialize")
    airflow("dags", "unpause", "--treat-dag-id-as-regex", ".*", "--yes")
    return Pipeline(airflow, environment, brokers, redis)


@pytest.mark.parametrize("dag_id", TOPICS)
def test_a_source_fills_its_topic(pipeline, dag_id):
    topic, cursors = TOPICS[dag_id]
    run = pipeline.run(dag_id)
    assert run.states == {EXPECTED[dag_id][1]: "success"}, run.output
    (result,) = run.results
    kafka = result["kafka"]
    assert kafka["topic"] == topic
    assert kafka["records"] == kafka["acknowledged"] > 0
    assert kafka["dead_letters"] == 0
    assert len(pipeline.records(topic, run.run_id)) == kafka["records"]
    for key, value in cursors.items():
        assert pipeline.redis_value(key) == value
    assert result["run"]["dag_id"] == dag_id
    assert result["run"]["run_id"] == run.run_id
    event = {
        "topic": topic,
        "run_id": run.run_id,
        "acknowledged": result["kafka"]["acknowledged"],
    }
    assert pipeline.asset_events(topic)[-1] == event
    assert KEY not in run.output


def test_shards_walk_side_by_side(pipeline):
    run = pipeline.run("steam_usrinfo_dag", AIRFLOW_VAR_STEAMFLOW_SHARDS="2")
    assert run.states == {"player_summaries[0]": "success", "player_summaries[1]": "success"}
    first = 76561197960434622
    assert pipeline.redis_value("last_user_id:0/2") == str(first - 2 * 100)
    assert pipeline.redis_value("last_user_id:1/2") == str(first - 3 * 100)
    counts = [result["kafka"]["records"] for result in run.results]
    keys = pipeline.records("topic_GetUserInfo", run.run_id)
    assert len(keys) == sum(counts) == len(set(keys)) > 0


def test_the_trial_dag_prints_news_to_its_log(pipeline):
    run = pipeline.run("steam_test_dags")
    assert run.states == {"print_news": "success"}, run.output
    (result,) = run.results
    assert result["sink"]["type"] == "stdout"
    printed = set(re.findall(r'\{"topic":"steam_news","key":"(\d+)"', run.output))
    assert len(printed) == result["sink"]["records"] > 0


def test_the_controller_checks_and_starts_the_others(pipeline):
    run = pipeline.run("runDag")
    assert run.states.pop("overload_test") == "skipped"
    assert set(run.states.values()) == {"success"}, run.output
    assert set(run.states) >= {f"trigger_{dag_id}" for dag_id in FILLS_A_TOPIC}
    assert KEY not in run.output


def test_the_controller_starts_nothing_when_the_check_fails(pipeline):
    run = pipeline.run("runDag", AIRFLOW_VAR_STEAM_API_KEY="A" * 32)
    assert run.states.pop("pipeline_check") == "failed"
    assert set(run.states.values()) == {"upstream_failed"}, run.states
    assert re.search(r"AirflowFailException.*pipeline-check: exit code 77", run.output)


def test_the_sinks_store_it_and_the_reconciliation_agrees(pipeline, stores):
    source = pipeline.run("steam_user")
    acknowledged = source.results[0]["kafka"]["acknowledged"]
    for dag_id in ("steam_to_postgres", "steam_to_elasticsearch"):
        run = pipeline.run(dag_id, **stores)
        assert run.states == {EXPECTED[dag_id][1]: "success"}, run.output
        (result,) = run.results
        assert result["source"]["topics"]["steamusers"]["records"] >= acknowledged
        assert result["source"]["topics"]["steamusers"]["lag"] == 0
    run = pipeline.run("steam_reconcile", **stores)
    assert run.states == {"acknowledged": "success", "reconcile": "success"}, run.output
    if AIRFLOW_3:  # a manual run on Airflow 2 is about the last full hour
        heard, result = sorted(run.results, key=lambda result: "task" in result)
        assert {"topic": "steamusers", "run_id": source.run_id, "acknowledged": acknowledged} in (
            heard["runs"]
        )
        assert result["topics"]["steamusers"]["acknowledged"] >= acknowledged
