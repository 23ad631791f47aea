"""The Spark applications in the trial's namespace, by the commands of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import KUBERNETES
from stack import await_true
from trial import ProgramPod, command, kill_pod, kubectl, kubectl_json, page_script, query

# Windows that are not what the raw store says, or that it says and are not there.
WRONG = """
WITH expected AS (
  SELECT date_trunc('hour', event_time) AS window_start, (value->>'appid')::bigint AS appid,
         count(*) AS samples, min((value->>'player_count')::bigint) AS lowest,
         max((value->>'player_count')::bigint) AS highest
  FROM steamflow.records WHERE topic = 'topic_currPlayer' GROUP BY 1, 2
), held AS (
  SELECT window_start, appid, samples, lowest, highest FROM steamflow.player_counts_1h
)
SELECT count(*) FROM ((TABLE expected EXCEPT TABLE held)
  UNION ALL (TABLE held EXCEPT TABLE expected)) AS wrong
"""
PLAYED = "SELECT count(*) FROM steamflow.most_played_games_1d"
EXECUTORS = ("get", "pods", "--selector", "spark-role=executor")


@pytest.fixture(scope="module")
def spark(pods) -> Iterator[None]:
    """Applied by the page, and from then on only run by these tests. Nothing of it is left."""
    for walk in (
        ("steam-recently-played-games", "--count", "1000"),
        ("steam-current-players",),
        ("steam-player-summaries", "--count", "1000"),
        ("steam-news",),
    ):
        result = ProgramPod("source", *walk).end()
        assert result["exit_code"] == 0, result
    script = page_script(KUBERNETES / "README.md", "Spark beside the pipeline")
    try:
        done = command("bash", "-euo", "pipefail", "-c", script, seconds=700)
        result = json.loads(done.splitlines()[-1])
        assert result["status"] == "success", result
        for name in ("steam-windows", "steam-lake"):
            kubectl("patch", "cronjob", name, "--patch", '{"spec": {"suspend": true}}')
        yield
    finally:
        kubectl("delete", "--cascade=foreground", "--kustomize", str(KUBERNETES / "spark"))


def start(application: str, name: str) -> None:
    kubectl("create", "job", name, f"--from=cronjob/{application}")


def result_of(name: str) -> dict[str, Any]:
    kubectl("wait", f"job/{name}", "--for=condition=Complete", "--timeout=600s")
    result: dict[str, Any] = json.loads(kubectl("logs", f"job/{name}").splitlines()[-1])
    assert result["status"] == "success", result
    return result


def running_executors() -> list[str]:
    return [
        pod["metadata"]["name"]
        for pod in kubectl_json(*EXECUTORS)["items"]
        if pod["status"]["phase"] == "Running"
    ]


def test_windows_are_exact_when_an_executor_dies(spark):
    for _ in range(3):
        result = ProgramPod("source", "steam-current-players").end()
        assert result["exit_code"] == 0, result
    start("steam-windows", "executor-killed")
    await_true(lambda: len(running_executors()) == 2, 300, "two executors run")
    kill_pod(running_executors()[0])
    result_of("executor-killed")
    drained = ProgramPod("drain", "kafka-to-postgres", "--deadline", "120").end()
    assert drained["exit_code"] == 0, drained
    assert int(query("SELECT count(*) FROM steamflow.player_counts_1h")) > 0
    assert query(WRONG) == "0"
    assert int(query(PLAYED)) > 0
    await_true(lambda: kubectl_json(*EXECUTORS)["items"] == [], 120, "the executors are gone")


def test_tables_hold_what_the_raw_store_does(spark):
    drained = ProgramPod("drain", "kafka-to-postgres", "--deadline", "120").end()
    assert drained["exit_code"] == 0, drained
    start("steam-lake", "lake")
    await_true(lambda: len(running_executors()) == 2, 300, "two executors run")
    kill_pod(running_executors()[0])
    tables = result_of("lake")["tables"]
    for table, topics in {
        "player_counts": "topic_currPlayer",
        "recently_played_games": "rct_plyd_games",
        "players": "topic_GetUserInfo', 'steamusers",
        "news": "steam_news",
    }.items():
        rows = query(f"SELECT count(*) FROM steamflow.records WHERE topic IN ('{topics}')")
        assert tables[table]["rows"] == int(rows) > 0
