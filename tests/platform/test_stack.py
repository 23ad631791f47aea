"""Runs compose.yaml, as far as its images can be fetched or built: starts it, uses it, overloads
it and takes it down."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow_api import Airflow
from compose import ROOT, is_job, size
from stack import LOCAL, MemoryCgroup, Stack, await_true, engine, result_of

TOPICS = json.loads((ROOT / "docker/kafka/topics.json").read_text())
SERVICES = list(yaml.safe_load((LOCAL / "compose.local.yaml").read_text())["services"])
# In compose.yaml the worker waits for the templates in Elasticsearch, which is not available here.
WORKER = ["airflow-worker", "steam"]
EVERY_SERVICE = pytest.mark.parametrize("name", [name for name in SERVICES if name != "steam"])
CONNECTOR = ("--connector", "steam-postgres")


@pytest.fixture(scope="module")
def stack(docker: Path) -> Iterator[Stack]:
    stack = Stack(docker, "steamflow-test", "compose.yaml", str(LOCAL / "compose.local.yaml"))
    started = time.monotonic()
    try:
        stack.up("topics", *(name for name in SERVICES if name not in WORKER))
        stack.up("--no-deps", *WORKER)
        stack.await_settled(240)
        print(f"healthy after {time.monotonic() - started:.0f} s")
        yield stack
    finally:
        stack.down()


def test_topics_are_made_once(stack):
    first = engine("logs", stack.containers()["topics"]["Id"]).splitlines()[-1]
    made = {topic["name"]: topic for topic in json.loads(first)["topics"]}
    assert made.keys() == TOPICS.keys()
    for name, wanted in TOPICS.items():
        assert made[name]["action"] == "created"
        assert made[name]["partitions"] == wanted["partitions"]
        assert made[name]["replication"] == wanted["replication"] == 3
    again = result_of(stack.run("topics"))
    assert {topic["action"] for topic in again["topics"]} == {"unchanged"}


@EVERY_SERVICE
def test_container_is_closed(stack, name):
    """Checks the settings in the kernel, and not only those in the engine."""
    container = stack.containers()[name]
    wanted = stack.config["services"][name]
    for ports in container["NetworkSettings"]["Ports"].values():
        assert {port["HostIp"] for port in ports or []} <= {"127.0.0.1"}
    assert container["HostConfig"]["ReadonlyRootfs"] == wanted.get("read_only", False)
    assert container["HostConfig"]["Memory"] == size(wanted["mem_limit"])
    if is_job(wanted):
        return
    status = Path(f"/proc/{container['State']['Pid']}/status").read_text().splitlines()
    facts = dict(line.split(":\t", 1) for line in status)
    assert {facts[f"Cap{kind}"] for kind in ("Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert facts["NoNewPrivs"] == "1"
    assert "0" not in facts["Uid"].split()
    assert MemoryCgroup(container).limit() == size(wanted["mem_limit"])


def test_our_containers_cannot_be_written_to(stack):
    for folder in ("/", "/opt/airflow/dags", "/opt/steamflow/bin", "/home/airflow"):
        done = stack.execute("airflow-worker", "touch", f"{folder}/new")
        assert "Read-only file system" in done.stderr
    done = stack.run("topics", "kafka-create-topics", "--xcom-file", "/result.json")
    assert done.returncode == 74, done.stdout + done.stderr


@pytest.fixture(scope="module")
def airflow(stack, dotenv) -> Airflow:
    return Airflow(stack.published("airflow-apiserver"), dotenv["AIRFLOW_ADMIN_PASSWORD"])


def test_celery_takes_records_from_steam_to_postgres(airflow, stack):
    source = airflow.run("steam_get_recently_played_games", "recently_played_games")
    assert source["kafka"]["acknowledged"] == source["kafka"]["records"] > 0
    sink = airflow.run("steam_to_postgres", "to_postgres")
    assert sink["sink"]["dead_letters"] == 0
    stored = "SELECT count(*) FROM steamflow.records WHERE topic = 'rct_plyd_games'"
    assert int(stack.query(stored)) >= source["kafka"]["acknowledged"]


def test_passwords_are_asked_for(airflow, stack, dotenv):
    for name in ("AIRFLOW_ADMIN_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert len(dotenv[name]) >= 32
    with pytest.raises(urllib.error.HTTPError, match="401"):
        airflow.login("airflow")
    environment = stack.config["services"]["airflow-worker"]["environment"]
    for connection, password, task in (
        ("AIRFLOW_CONN_REDIS_DEFAULT", dotenv["REDIS_PASSWORD"], "steam-player-summaries"),
        ("AIRFLOW_CONN_POSTGRES_DEFAULT", dotenv["POSTGRES_PASSWORD"], "kafka-to-postgres"),
    ):
        assert password in environment[connection]
        wrong = {connection: environment[connection].replace(password, "wrong")}
        done = stack.execute("airflow-worker", task, **wrong)
        assert done.returncode == 77, done.stdout
    none = "redis://redis:6379/1"
    done = stack.execute(
        "airflow-worker", "steam-player-summaries", AIRFLOW_CONN_REDIS_DEFAULT=none
    )
    assert done.returncode == 77, done.stdout


def test_connectors_run_over_tls(stack):
    """All connectors except Elasticsearch's, whose plug-in and server are not available without
    their images."""
    command = stack.config["services"]["connectors"]["command"]
    (connector,) = result_of(stack.run("connectors", *command, *CONNECTOR))["connectors"]
    assert connector["action"] == "created"
    assert connector["running"] == connector["tasks"] > 0
    source = result_of(stack.execute("airflow-worker", "steam-news"))
    wanted = "SELECT count(*) FROM connect_records WHERE source_topic = 'steam_news'"
    stack.await_from(
        "connect",
        lambda: (
            stack.query("SELECT to_regclass('connect_records')") == "connect_records"
            and stack.query(wanted) == str(source["kafka"]["records"])
        ),
        300,
        "Connect has put the news into PostgreSQL",
    )
    done = stack.run("connectors", "connect-apply", "--retries", "0", SSL_CERT_FILE="")
    assert done.returncode != 0
    assert "certificate" in done.stdout


def ask_prometheus(stack: Stack, path: str) -> Any:
    address = f"http://{stack.published('prometheus')}/api/v1/{path}"
    with urllib.request.urlopen(address, timeout=20) as answer:
        return json.load(answer)["data"]


def test_prometheus_scrapes_all(stack):
    configured = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())

    def are_up() -> bool:
        targets = ask_prometheus(stack, "targets")["activeTargets"]
        assert len(targets) == len(configured["scrape_configs"])
        return {target["health"] for target in targets} == {"up"}

    await_true(are_up, 300, "all targets are up")
    pushed = 'query?query=steamflow_last_success_timestamp_seconds{job="steam-news"}'
    await_true(lambda: bool(ask_prometheus(stack, pushed)["result"]), 180, "steam-news is seen")


def test_all_survive_an_overload_within_their_memory(stack):
    """The load that killed the reference's brokers: every record some thousand times, at full
    speed, while one of the brokers dies as well. The engine restarts it."""
    load = ("kafka-load-test", "--factor", "5000", "--deadline", "150")
    broker = stack.containers()["kafka-3"]["State"]["Pid"]
    logs = Path(f"/proc/{broker}/root/var/lib/kafka/data")
    with ThreadPoolExecutor() as pool:
        loading = pool.submit(stack.execute, "airflow-worker", *load)

        def has_come() -> bool:
            if loading.done():
                result_of(loading.result())
            return any(log.stat().st_size > 0 for log in logs.glob("steam_load_test-*/0*.log"))

        await_true(has_come, 150, "the load reaches the broker")
        assert not loading.done(), "the load has ended too early"
        os.kill(broker, signal.SIGKILL)
        loaded = result_of(loading.result())
    assert loaded["kafka"]["acknowledged"] == loaded["kafka"]["records"] > 100_000
    print(f"{loaded['kafka']['acknowledged']} records taken")
    stack.await_settled(120)
    lagging = "kafka_topic_partition_under_replicated_partition"
    await_true(
        lambda: stack.kafka_metric("kafka_brokers") == 3 and stack.kafka_metric(lagging) == 0,
        90,
        "all replicas are in sync again",
    )
    result_of(stack.execute("airflow-worker", "kafka-to-postgres"))

    for name, container in stack.containers().items():
        if container["State"]["Running"]:
            assert container["RestartCount"] == (name == "kafka-3"), name
            memory = MemoryCgroup(container)
            assert memory.kills() == 0, name
            print(f"{name}: {memory.used() >> 20} of {memory.limit() >> 20} MiB")


def test_data_outlives_the_containers_and_not_the_volumes(stack):
    stored = "SELECT count(*) FROM steamflow.records"
    before = stack.query(stored)
    engine("rm", "--force", stack.containers()["postgres"]["Id"])
    stack.up("--no-deps", "postgres")
    stack.await_settled(60)
    assert stack.query(stored) == before != "0"
    stack.down()
    assert stack.left() == []
