"""The DAGs in the trial, by Airflow's own scheduler, each task in a pod of its own."""

from __future__ import annotations

import json

import pytest
from conftest import KEY
from stack import await_true
from trial import exit_code, kubectl, kubectl_json, query, redis, secret, secrets, steam

SOURCES = {
    "steam_current_player_dag": ("current_players", "topic_currPlayer"),
    "steam_get_recently_played_games": ("recently_played_games", "rct_plyd_games"),
    "steam_usrinfo_dag": ("player_summaries", "topic_GetUserInfo"),
    "steam_user": ("player_summaries", "steamusers"),
    "steam_news_to_kafka_requests": ("news", "steam_news"),
}
SINKS = {"steam_to_postgres": "to_postgres", "steam_to_elasticsearch": "to_elasticsearch"}


def test_trial_is_up(pods):
    for job in kubectl_json("get", "jobs")["items"]:
        assert job["status"]["succeeded"] == 1
    for pod in kubectl_json("get", "pods")["items"]:
        for status in pod["status"]["containerStatuses"]:
            if "running" in status["state"]:
                assert status["ready"], pod["metadata"]["name"]


def test_every_dag_runs(pods, airflow):
    """The controller starts the sources; then the sinks take what these delivered."""
    dags = ["runDag", "steam_test_dags", "steam_reconcile", "steam_platform", *SOURCES, *SINKS]
    for dag in dags:
        airflow.switch(dag, on=True)
    controller = airflow.start("runDag")
    assert airflow.await_end(controller) == "success"
    run_id = controller.rsplit("/", 1)[1]
    runs = {}
    for dag, (task, topic) in SOURCES.items():
        runs[dag] = f"/api/v2/dags/{dag}/dagRuns/runDag__{run_id}"
        assert airflow.await_end(runs[dag]) == "success", dag
        result = airflow.result(runs[dag], task)
        assert result["kafka"]["topic"] == topic
        assert result["kafka"]["acknowledged"] == result["kafka"]["records"] > 0
    for dag, task in SINKS.items():
        runs[dag] = airflow.start(dag)
        assert airflow.await_end(runs[dag]) == "success", dag
        result = airflow.result(runs[dag], task)
        assert result["sink"]["dead_letters"] == 0
    for dag, task in (("steam_test_dags", "print_news"), ("steam_reconcile", "reconcile")):
        runs[dag] = airflow.start(dag)
        assert airflow.await_end(runs[dag]) == "success", dag
        airflow.result(runs[dag], task)
    tasks = {dag: task for dag, (task, _) in SOURCES.items()} | SINKS
    for dag, task in tasks.items():
        (pod,) = pods.of_task(runs[dag], task)
        assert exit_code(pod) == 0, dag
    assert int(query("SELECT count(*) FROM steamflow.records")) > 0
    for dag in dags:
        airflow.switch(dag, on=False)


def test_secrets_are_in_no_pod(pods):
    """Nor in any configuration."""
    hidden = secrets()
    assert KEY in hidden and secret("postgres", "password") in hidden
    configured = kubectl("get", "configmaps,statefulsets,deployments,jobs", "--output", "json")
    for text in (pods.text, configured):
        assert "secretKeyRef" in text
        assert not [value for value in hidden if value in text or json.dumps(value)[1:-1] in text]


@pytest.mark.parametrize(
    ("name", "code", "state"),
    [
        ("usage", 64, "failed"),
        ("configuration", 78, "failed"),
        ("credentials", 77, "failed"),
        ("skipped", 99, "skipped"),
        ("transient", 75, "up_for_retry"),
    ],
)
def test_exit_codes_are_judged(pods, airflow, name, code, state):
    dag = f"outcome_{name}"
    airflow.switch(dag, on=True)
    run = airflow.start(dag)
    ended = {"failed", "skipped", "success", "up_for_retry"}
    await_true(lambda: airflow.task(run, "program")["state"] in ended, 180, f"{dag} has ended")
    assert airflow.task(run, "program")["state"] == state
    assert airflow.task(run, "program")["try_number"] == 1
    (pod,) = pods.of_task(run, "program")
    assert exit_code(pod) == code
    airflow.switch(dag, on=False)


CURSOR = "last_user_id"
SLOW = {"match": {"method": "GetPlayerSummaries"}, "times": -1, "kind": "latency", "ms": 40000}


@pytest.fixture
def slow_steam(pods):
    steam("POST", SLOW)
    yield
    steam("DELETE")


def is_running(pods, run):
    found = pods.of_task(run, "program")
    statuses = found[0]["status"].get("containerStatuses", []) if found else []
    return bool(statuses) and all("running" in status["state"] for status in statuses)


def recovers(airflow, run, cursor):
    """The second try succeeds, and goes on where the first had begun."""
    steam("DELETE")
    assert airflow.await_end(run) == "success"
    assert airflow.task(run, "program")["try_number"] == 2
    (moved,) = airflow.result(run, "program")["cursors"]
    assert (moved["from"], moved["advanced"]) == (cursor, True)
    assert redis("GET", CURSOR) == moved["to"] == str(int(cursor) - 100)


def test_a_timeout_reaches_the_program(pods, airflow, slow_steam):
    cursor = redis("GET", CURSOR)
    airflow.switch("outcome_timeout", on=True)
    run = airflow.start("outcome_timeout")
    retrying = "up_for_retry"
    await_true(lambda: airflow.task(run, "program")["state"] == retrying, 180, "it timed out")
    (pod,) = pods.of_task(run, "program")
    assert exit_code(pod) == 143
    assert redis("GET", CURSOR) == cursor
    recovers(airflow, run, cursor)


def test_a_killed_pod_is_tried_again(pods, airflow, slow_steam):
    cursor = redis("GET", CURSOR)
    airflow.switch("outcome_killed", on=True)
    run = airflow.start("outcome_killed")
    await_true(lambda: is_running(pods, run), 180, "its pod runs")
    (pod,) = pods.of_task(run, "program")
    kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    recovers(airflow, run, cursor)
