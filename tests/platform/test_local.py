"""As much of compose.yaml as can be had without its images, for real: the three brokers, Redis,
PostgreSQL, Kafka Connect and our jobs and tasks, with the variables of the file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose import ROOT, configuration
from local import BROKERS, Local, await_true, result_of

TOPICS = json.loads((ROOT / "docker/kafka/topics.json").read_text())


def test_topics_are_made_once(platform, topics):
    made = {topic["name"]: topic for topic in topics["topics"]}
    assert made.keys() == TOPICS.keys()
    for name, wanted in TOPICS.items():
        assert made[name]["action"] == "created"
        assert made[name]["partitions"] == wanted["partitions"]
        assert made[name]["replication"] == wanted["replication"] == 3
    again = result_of(platform.run_job("topics"))
    assert {topic["action"] for topic in again["topics"]} == {"unchanged"}


def test_records_get_from_steam_to_postgres(platform, worker):
    source = result_of(platform.run_task(["steam-recently-played-games"], worker))
    acknowledged = source["kafka"]["acknowledged"]
    assert acknowledged == source["kafka"]["records"] > 0
    sink = result_of(platform.run_task(["kafka-to-postgres"], worker))
    assert sink["source"]["topics"]["rct_plyd_games"] == {
        "records": acknowledged,
        "partitions": 12,
        "lag": 0,
    }
    stored = "SELECT count(*) FROM steamflow.records WHERE topic = 'rct_plyd_games'"
    assert platform.query(stored) == str(acknowledged)


def test_passwords_are_asked_for(platform, worker):
    redis = worker["AIRFLOW_CONN_REDIS_DEFAULT"]
    password = platform.environment("redis")["REDIS_PASSWORD"]
    assert password in redis
    for wrong in (redis.replace(password, "wrong"), redis.replace(f":{password}@", "")):
        environment = worker | {"AIRFLOW_CONN_REDIS_DEFAULT": wrong}
        done = platform.run_task(["steam-player-summaries"], environment)
        assert done.returncode == 77, done.stdout
    postgres = worker["AIRFLOW_CONN_POSTGRES_DEFAULT"]
    password = platform.environment("postgres")["POSTGRES_PASSWORD"]
    environment = worker | {"AIRFLOW_CONN_POSTGRES_DEFAULT": postgres.replace(password, "wrong")}
    assert platform.run_task(["kafka-to-postgres"], environment).returncode == 77


def test_connectors_run_over_tls(platform, worker):
    """But for Elasticsearch's, whose plug-in and server cannot be had without their images."""
    platform.start_connect()
    job = result_of(platform.run_job("connectors", "--connector", "steam-postgres"))
    (connector,) = job["connectors"]
    assert connector["action"] == "created"
    assert connector["running"] == connector["tasks"] > 0
    source = result_of(platform.run_task(["steam-news"], worker))
    wanted = "SELECT count(*) FROM connect_records WHERE source_topic = 'steam_news'"
    await_true(
        lambda: (
            platform.query("SELECT to_regclass('connect_records')") == "connect_records"
            and platform.query(wanted) == str(source["kafka"]["records"])
        ),
        30,
        "Connect has put the news into PostgreSQL",
    )
    unsafe = platform.environment("connectors") | {"SSL_CERT_FILE": ""}
    done = platform.run_task(["connect-apply", "--retries", "0"], unsafe)
    assert done.returncode != 0
    assert "certificate" in done.stdout


def test_all_survive_an_overload_within_their_memory(platform, worker):
    """What killed the reference's brokers: every record a thousand times, as fast as it goes, while
    one of the brokers dies as well."""
    platform.kill("kafka-3")
    load = result_of(platform.run_task(["kafka-load-test", "--factor", "5000"], worker))
    assert load["kafka"]["acknowledged"] == load["kafka"]["records"] > 100_000
    platform.start_kafka("kafka-3")
    platform.await_healthy(*BROKERS, "redis", "postgres", "connect")
    result_of(platform.run_task(["kafka-to-postgres"], worker))
    for name in (*BROKERS, "redis", "postgres", "connect"):
        memory, limit = platform.memory(name), platform.limit(name)
        print(f"{name}: {memory >> 20} of {limit >> 20} MiB")
        assert memory < limit, name


@pytest.fixture(scope="module")
def guarded(docker: Path, tmp_path_factory) -> Iterator[Local]:
    config = configuration(docker, "compose.yaml", "compose.scram.yaml")
    local = Local(docker, config, tmp_path_factory.mktemp("scram"))
    try:
        local.start_brokers()
        local.await_healthy(*BROKERS)
        yield local
    finally:
        local.stop()


def test_scram_users_are_made_and_strangers_refused(guarded, config):
    shell, flag, script = guarded.command("kafka-users")
    java = " ".join(f"'{word}'" for word in guarded.java("kafka-*"))
    programs = {
        "/opt/kafka/bin/kafka-configs.sh": "kafka.admin.ConfigCommand",
        "/opt/kafka/bin/kafka-cluster.sh": "kafka.tools.ClusterTool",
    }
    for program, name in programs.items():
        assert program in script
        script = script.replace(program, f"{java} {name}")
    done = subprocess.run(
        [shell, flag, script],
        check=False,
        env=guarded.environment("kafka-users") | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    job = result_of(guarded.run_job("topics"))
    assert {topic["action"] for topic in job["topics"]} == {"created"}

    environment = guarded.environment("topics")
    connection = json.loads(environment["AIRFLOW_CONN_KAFKA_DEFAULT"])
    connection["extra"]["sasl.password"] = "wrong"
    wrong = {"AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(connection)}
    assert guarded.run_task(["kafka-create-topics"], wrong).returncode == 77
    none = config["services"]["topics"]["environment"]
    none = {key: guarded.resolved("topics", value) for key, value in none.items()}
    done = guarded.run_task(["kafka-create-topics", "--deadline", "5"], none)
    assert done.returncode in {75, 77}
