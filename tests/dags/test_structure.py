"""The structure of the pipeline's DAGs. The checks that apply to every DAG are in
test_every_dag.py."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import AIRFLOW_3, ROOT
from test_every_dag import is_mapped, options_of

KEYED = {"STEAM_API_KEY", "STEAM_API_URL", "STEAM_TIMEZONE", "STEAM_DAILY_CALL_BUDGET"}
BOTH = {"KAFKA_DEFAULT", "REDIS_DEFAULT"}
# For each of the seven DAGs: dag id: schedule, task id, command line, Variables, Connections
SEVEN = {
    "steam_current_player_dag": (
        "* * * * *",
        "current_players",
        "steam-current-players",
        {"STEAM_API_URL", "STEAM_GAMES", "STEAM_TIMEZONE"},
        {"KAFKA_DEFAULT"},
    ),
    "steam_get_recently_played_games": (
        "* * * * *",
        "recently_played_games",
        "steam-recently-played-games",
        KEYED,
        BOTH,
    ),
    "steam_usrinfo_dag": ("* * * * *", "player_summaries", "steam-player-summaries", KEYED, BOTH),
    "steam_user": (
        "* * * * *",
        "player_summaries",
        "steam-player-summaries --topic steamusers --no-cursor",
        KEYED,
        BOTH,
    ),
    "steam_news_to_kafka_requests": (
        "@daily",
        "news",
        "steam-news",
        {"STEAM_API_URL", "STEAM_NEWS_APPS", "STEAM_TIMEZONE"},
        BOTH,
    ),
    "steam_test_dags": (
        "*/5 * * * *",
        "print_news",
        "steam-news --sink stdout",
        {"STEAM_API_URL", "STEAM_NEWS_APPS", "STEAM_TIMEZONE"},
        set(),
    ),
    "runDag": (
        "*/10 * * * *",
        "pipeline_check",
        "pipeline-check",
        KEYED | {"STEAM_GAMES", "STEAM_NEWS_APPS"},
        BOTH,
    ),
}
FILLS_A_TOPIC = set(SEVEN) - {"steam_test_dags", "runDag"}
# The other DAGs of the pipeline, in the same form.
EXPECTED = SEVEN | {
    "steam_to_postgres": (
        "* * * * *",
        "to_postgres",
        "kafka-to-postgres",
        set(),
        {"KAFKA_DEFAULT", "POSTGRES_DEFAULT"},
    ),
    "steam_to_elasticsearch": (
        "* * * * *",
        "to_elasticsearch",
        "kafka-to-elasticsearch",
        set(),
        {"KAFKA_DEFAULT", "ELASTICSEARCH_DEFAULT"},
    ),
    "steam_platform": (
        "@daily",
        "templates",
        "elasticsearch-apply",
        {"KIBANA_URL"},
        {"ELASTICSEARCH_DEFAULT"},
    ),
    "steam_reconcile": (
        "@hourly",
        "reconcile",
        (
            "pipeline-reconcile"
            """ --since '{{ ti.xcom_pull("acknowledged")["since"] }}'"""
            """ --until '{{ ti.xcom_pull("acknowledged")["until"] }}'"""
        ),
        set(),
        {"KAFKA_DEFAULT", "POSTGRES_DEFAULT", "ELASTICSEARCH_DEFAULT"},
    ),
    "steam_lake": (
        "@hourly",
        "lake",
        "steam-lake",
        {"SPARK_MASTER", "SPARK_CHECKPOINT", "SPARK_WAREHOUSE"},
        {"KAFKA_DEFAULT", "ICEBERG_DEFAULT"},
    ),
    "steam_windows": (
        "*/10 * * * *",
        "windows",
        "steam-windows --once",
        {"SPARK_MASTER", "SPARK_CHECKPOINT"},
        {"KAFKA_DEFAULT", "POSTGRES_DEFAULT"},
    ),
}
SHARDED = {
    "steam_get_recently_played_games",
    "steam_usrinfo_dag",
    "steam_to_postgres",
    "steam_to_elasticsearch",
}
TOPICS = {"topic_currPlayer", "rct_plyd_games", "topic_GetUserInfo", "steamusers", "steam_news"}


@pytest.mark.parametrize("dag_id", EXPECTED)
def test_dag(load_dags, dag_id):
    schedule, task_id, command, variables, connections = EXPECTED[dag_id]
    dag = load_dags()[dag_id]
    assert (dag.schedule if AIRFLOW_3 else dag.schedule_interval) == schedule
    task = dag.get_task(task_id)
    assert task.bash_command == f"exec {command}"
    named = {name for name in task.env if re.match("AIRFLOW_(VAR|CONN)_", name)}
    expected = {f"AIRFLOW_VAR_{name}" for name in variables | {"PUSHGATEWAY_URL"}}
    assert named == expected | {f"AIRFLOW_CONN_{name}" for name in connections}


def test_run_dag_checks_then_triggers_then_overloads(load_dags):
    dag = load_dags()["runDag"]
    triggers = {f"trigger_{dag_id}" for dag_id in FILLS_A_TOPIC}
    assert set(dag.task_ids) == triggers | {"pipeline_check", "overload_asked", "overload_test"}
    assert dag.get_task("pipeline_check").downstream_task_ids == triggers
    for trigger in triggers:
        assert dag.get_task(trigger).trigger_dag_id == trigger.removeprefix("trigger_")
        assert dag.get_task(trigger).downstream_task_ids == {"overload_asked"}
    assert dag.get_task("overload_asked").downstream_task_ids == {"overload_test"}
    assert dag.params["overload"] is False
    assert dag.params["overload_factor"] == 1000


def test_sources_tell_what_was_acknowledged_and_reconcile_hears_it(load_dags):
    dags = load_dags()
    filled = {}
    for dag_id in FILLS_A_TOPIC:
        (outlet,) = dags[dag_id].get_task(EXPECTED[dag_id][1]).outlets
        filled[outlet.uri] = dag_id
    assert set(filled) == {f"steamflow/{topic}" for topic in TOPICS}
    heard = dags["steam_reconcile"].get_task("acknowledged")
    assert {inlet.uri for inlet in heard.inlets} == set(filled)
    assert heard.downstream_task_ids == {"reconcile"}


def test_reconcile_hears_each_run_of_the_hour_once(load_dags):
    """There are also a second shard's event, older events, and an event that a person sent."""
    task = load_dags()["steam_reconcile"].get_task("acknowledged")
    until = datetime(2026, 11, 22, 23, tzinfo=UTC)

    def event(minutes: int, **extra: Any) -> SimpleNamespace:
        return SimpleNamespace(timestamp=until - timedelta(minutes=minutes), extra=extra)

    games = [
        event(61, topic="games", run_id="before", acknowledged=1),
        event(60, topic="games", run_id="a", acknowledged=100),
        event(1, topic="games", run_id="a", acknowledged=20),
        event(1, topic="games", run_id="b", acknowledged=3),
        event(1, from_rest_api=True, acknowledged=1),
        event(0, topic="games", run_id="after", acknowledged=1),
    ]

    class Events:
        def __getitem__(self, asset: Any) -> list[SimpleNamespace]:
            return games if asset.uri == task.inlets[0].uri else []

    heard = task.python_callable(SimpleNamespace(data_interval_end=until), Events())
    assert heard == {
        "since": "2026-11-22T22:00:00+00:00",
        "until": "2026-11-22T23:00:00+00:00",
        "runs": [
            {"topic": "games", "run_id": "a", "acknowledged": 120},
            {"topic": "games", "run_id": "b", "acknowledged": 3},
        ],
    }


def test_platform_makes_topics_and_templates_before_connectors(load_dags):
    dag = load_dags()["steam_platform"]
    assert dag.get_task("topics").bash_command == "exec kafka-create-topics"
    assert dag.get_task("connectors").bash_command == "exec connect-apply"
    assert dag.get_task("connectors").upstream_task_ids == {"topics", "templates"}


def test_connectors_are_given_what_their_files_ask_for(load_dags):
    files = "".join(path.read_text() for path in (ROOT / "docker/connect").glob("*.json"))
    asked = {f"AIRFLOW_VAR_{name}" for name in re.findall(r"\$\{([A-Z_]+)\}", files)}
    task = load_dags()["steam_platform"].get_task("connectors")
    assert asked <= task.env.keys()
    assert len(asked) > 3


@pytest.mark.parametrize("factor", [0, 1.5, "many", 10001])
def test_overload_factor_is_checked(load_dags, factor):
    params = load_dags()["runDag"].params
    with pytest.raises(Exception, match="overload_factor"):
        params["overload_factor"] = factor


def test_the_program_takes_each_overload_factor(load_dags):
    factor = load_dags()["runDag"].params.get_param("overload_factor")
    for value in (factor.value, factor.schema["minimum"], factor.schema["maximum"]):
        assert options_of(["kafka-load-test", "--factor", str(value)])["--factor"] == value


def test_shards_map_the_walks_and_the_sinks(load_dags):
    dags = load_dags(SHARDS="3")
    mapped = {dag_id for dag_id, dag in dags.items() if any(map(is_mapped, dag.tasks))}
    assert mapped & EXPECTED.keys() == SHARDED


def test_spark_is_driven_from_the_worker_in_every_runtime(load_dags):
    for runtime in ("bash", "docker", "kubernetes"):
        dags = load_dags(RUNTIME=runtime)
        assert dags["steam_windows"].get_task("windows").bash_command == "exec steam-windows --once"
        assert dags["steam_lake"].get_task("lake").bash_command == "exec steam-lake"


def test_programs_are_taken_from_the_folder(load_dags):
    task = load_dags(BIN="/opt/with space/bin")["steam_test_dags"].get_task("print_news")
    assert task.bash_command == "exec '/opt/with space/bin/steam-news' --sink stdout"


def test_environments_have_the_pinned_versions():
    """The requirements, docker/versions.env and the packages that are installed here agree."""
    pins = dict(
        re.findall(r"^(\w+)=(.*)$", (ROOT / "docker/versions.env").read_text(), re.MULTILINE)
    )
    for major in ("2", "3"):
        requirements = (ROOT / f"tests/dags/requirements-airflow{major}.txt").read_text()
        pinned = pins[f"AIRFLOW_{major}_VERSION"]
        assert f"\napache-airflow=={pinned}\n" in requirements
    installed = version("apache-airflow")
    assert installed == pins[f"AIRFLOW_{installed[0]}_VERSION"]
