"""The seven DAGs with the real programs: a stand-in for the Steam Web API, real Redis and Kafka,
real `airflow dags test`."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import AIRFLOW_3, KEY, ROOT, SERVICES, command
from test_structure import EXPECTED, FILLS_A_TOPIC

# dag id: the topic, and the keys of its cursors with their values after its first run of 100 ids
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
    # The shards do not begin while a walk without shards is in the middle of its pass.
    pipeline.forget_walk("last_user_id")
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


def test_the_platform_passes_over_what_is_not_run(pipeline):
    run = pipeline.run("steam_platform")
    states = {"topics": "success", "templates": "skipped", "connectors": "skipped"}
    assert run.states == states, run.output
    assert "the Connection connect_default is not defined" in run.output
    # The connectors are created even if there are no templates. Here their passwords are missing.
    run = pipeline.run("steam_platform", AIRFLOW_CONN_CONNECT_DEFAULT="http://127.0.0.1:1")
    assert run.states == states | {"connectors": "failed"}, run.output
    assert "connect-apply: exit code 78" in run.output


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
    if AIRFLOW_3:  # a manual run on Airflow 2 covers the last full hour
        heard, result = sorted(run.results, key=lambda result: "task" in result)
        assert {"topic": "steamusers", "run_id": source.run_id, "acknowledged": acknowledged} in (
            heard["runs"]
        )
        assert result["topics"]["steamusers"]["acknowledged"] >= acknowledged


@pytest.fixture
def worker(tmp_path):
    """The environment of a worker that has Spark, and docker/spark with its jars."""
    spark = Path(os.environ["STEAMFLOW_SPARK"])
    program = tmp_path / "docker/spark"
    shutil.copytree(ROOT / "docker/spark", program)
    (tmp_path / "tasks").symlink_to(ROOT / "tasks")
    (program / "jars").symlink_to(spark / "jars")
    with (program / "conf/spark-defaults.conf").open("a") as settings:
        settings.write("spark.driver.bindAddress 127.0.0.1\nspark.driver.host 127.0.0.1\n")
        quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        settings.write(f"spark.sql.shuffle.partitions 2\nspark.driver.extraJavaOptions {quick}\n")
    return {
        "PATH": f"{spark}/bin:{os.environ['PATH']}",
        "AIRFLOW_VAR_STEAMFLOW_BIN": str(program),
        "AIRFLOW_VAR_SPARK_MASTER": "local[1]",
        "AIRFLOW_VAR_SPARK_CHECKPOINT": f"file://{tmp_path}/checkpoint",
        "AIRFLOW_VAR_SPARK_WAREHOUSE": f"{tmp_path}/lake",
    }


def test_spark_stores_windows(pipeline, stores, worker):
    games = pipeline.run("steam_current_player_dag").results[0]["kafka"]["records"]
    run = pipeline.run("steam_windows", **worker, **stores)
    assert run.states == {"windows": "success"}, run.output
    (result,) = run.results
    assert result["task"] == "steam-windows"
    assert result["queries"]["player_counts_1h"]["windows"] >= games > 0


def test_spark_keeps_records(pipeline, stores, worker):
    games = pipeline.run("steam_current_player_dag").results[0]["kafka"]["records"]
    run = pipeline.run("steam_lake", **worker, **stores)
    assert run.states == {"lake": "success"}, run.output
    (result,) = run.results
    assert result["task"] == "steam-lake"
    assert result["tables"]["player_counts"]["rows"] >= games > 0
