"""The DAGs in the trial, run by Airflow's own scheduler, with each task in its own pod."""

from __future__ import annotations

import json

import pytest
from conftest import KEY
from stack import await_true
from trial import exit_code, kubectl, kubectl_json, log_in, redis, secret, secrets, steam

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


def succeeds(pods, airflow, run, task):
    """Expects that the task in this run succeeds at the first try, and returns its result."""
    assert airflow.await_end(run) == "success"
    (pod,) = pods.of_task(run, task)
    assert exit_code(pod) == 0
    return airflow.result(run, task)


def test_the_first_dag_runs(pods, airflow):
    """The commands of the page have switched the DAG on."""
    succeeds(pods, airflow, airflow.first_run("steam_test_dags"), "print_news")
    airflow.switch("steam_test_dags", on=False)


def test_the_platform_dag_finds_all_there(pods, airflow):
    airflow.switch("steam_platform", on=True)
    run = airflow.first_run("steam_platform")
    for task in ("topics", "templates"):
        assert succeeds(pods, airflow, run, task)["status"] == "success"
    assert airflow.task(run, "connectors")["state"] == "skipped"
    airflow.switch("steam_platform", on=False)


def test_the_controller_starts_the_sources(pods, airflow):
    """Their schedules start the sources too, as soon as they are on."""
    for dag in (*SOURCES, "runDag"):
        airflow.switch(dag, on=True)
    controller = airflow.first_run("runDag")
    assert airflow.await_end(controller) == "success"
    airflow.switch("runDag", on=False)
    run_id = controller.rsplit("/", 1)[1]
    for dag, (task, topic) in SOURCES.items():
        runs = [f"/api/v2/dags/{dag}/dagRuns/runDag__{run_id}", airflow.first_run(dag)]
        for run in runs:
            result = succeeds(pods, airflow, run, task)
            assert result["kafka"]["topic"] == topic
            assert result["kafka"]["acknowledged"] == result["kafka"]["records"]
        airflow.switch(dag, on=False)


@pytest.mark.parametrize(("dag", "task"), SINKS.items())
def test_a_sink_takes_what_they_delivered(pods, airflow, dag, task):
    airflow.switch(dag, on=True)
    result = succeeds(pods, airflow, airflow.first_run(dag), task)
    airflow.switch(dag, on=False)
    assert result["sink"]["dead_letters"] == 0
    for _, topic in SOURCES.values():
        assert result["source"]["topics"][topic]["records"] > 0


def test_reconcile_finds_all_delivered(pods, airflow):
    """A manual run checks the hour before it."""
    airflow.switch("steam_reconcile", on=True)
    run = airflow.start("steam_reconcile")
    result = succeeds(pods, airflow, run, "reconcile")
    airflow.switch("steam_reconcile", on=False)
    for _, topic in SOURCES.values():
        counts = result["topics"][topic]
        assert counts["acknowledged"] > 0
        assert counts["lost"] == 0
        for store in ("postgres", "elasticsearch"):
            assert counts[store]["held"] == counts["kafka"] > 0


def test_secrets_are_in_no_pod(pods):
    """The secrets are in no configuration either."""
    hidden = secrets()
    assert KEY in hidden and secret("postgres", "password") in hidden
    configured = kubectl("get", "configmaps,statefulsets,deployments,jobs", "--output", "json")
    for text in (pods.text, configured):
        assert "secretKeyRef" in text
        assert not [value for value in hidden if value in text or json.dumps(value)[1:-1] in text]


ENDS = {
    "usage": (64, "failed"),
    "configuration": (78, "failed"),
    "credentials": (77, "failed"),
    "skipped": (99, "skipped"),
}


@pytest.fixture(scope="module")
def outcomes(pods):
    """Runs that end with each outcome, all at the same time."""
    airflow = log_in()
    names = [*ENDS, "transient"]
    for name in names:
        airflow.switch(f"outcome_{name}", on=True)
    yield {name: airflow.start(f"outcome_{name}") for name in names}
    for name in names:
        airflow.switch(f"outcome_{name}", on=False)


@pytest.mark.parametrize("name", ENDS)
def test_what_trying_again_cannot_mend_ends_at_once(pods, airflow, outcomes, name):
    code, state = ENDS[name]
    run = outcomes[name]
    ended = {"failed", "skipped", "success", "up_for_retry"}
    await_true(lambda: airflow.task(run, "program")["state"] in ended, 180, f"{name} has ended")
    assert airflow.task(run, "program")["state"] == state
    (pod,) = pods.of_task(run, "program")
    assert exit_code(pod) == code


def test_what_may_pass_is_tried_again(pods, outcomes):
    run = outcomes["transient"]
    await_true(lambda: len(pods.of_task(run, "program")) > 1, 180, "its second try has begun")
    assert first_exit(pods, run) == 75


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


def first_exit(pods, run):
    return exit_code(pods.of_task(run, "program")[0])


def recovers(airflow, run, cursor):
    """The second try succeeds, and continues where the first has begun."""
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
    await_true(lambda: first_exit(pods, run) is not None, 180, "its program has ended")
    assert first_exit(pods, run) == 143
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
