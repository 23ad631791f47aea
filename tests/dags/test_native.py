"""The native runtime: the DAGs, and the programs under Airflow's real supervisor."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from conftest import DAGS, PROGRAMS, command
from described import as_described, descriptions
from supervised import Api, Outcome, packer, supervise


def test_native_tasks_wait_in_their_queue_and_are_mapped(load_dags):
    task = load_dags(RUNTIME="native", SHARDS="3")["steam_usrinfo_dag"].get_task("player_summaries")
    assert task.queue == "native"
    assert task.retries == 3
    assert [asset.uri for asset in task.outlets] == ["steamflow/topic_GetUserInfo"]
    (shards,) = task.op_kwargs_expand_input.value.values()
    assert len(shards) == 3


@pytest.mark.parametrize("shards", ["1", "3"])
def test_native_tasks_carry_the_link_to_grafana(load_dags, shards):
    dags = load_dags(RUNTIME="native", SHARDS=shards, GRAFANA_URL="https://grafana.example")
    dag = dags["steam_usrinfo_dag"]
    for each in (dag, DagSerialization.from_dict(DagSerialization.to_dict(dag))):
        (link,) = each.get_task("player_summaries").operator_extra_links
        assert (link.name, link.xcom_key) == ("Grafana", "_link_DashboardLink")


def test_native_tasks_carry_no_link_without_an_address_of_grafana(load_dags):
    dag = load_dags(RUNTIME="native")["steam_usrinfo_dag"]
    assert not dag.get_task("player_summaries").operator_extra_links


@pytest.fixture
def api() -> Any:
    return Api()


@pytest.fixture
def run(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """run("steam_user", "player_summaries") packs the DAG file and lets the supervisor run that task."""
    pack = packer()
    dispatcher = (PROGRAMS / "steamflow").read_bytes()
    monkeypatch.setenv("AIRFLOW_VAR_STEAMFLOW_BIN", str(PROGRAMS))

    def run(dag_id: str, task_id: str, **ti: Any) -> Outcome:
        assert pack.pack(dispatcher, descriptions(), DAGS / f"{dag_id}.py", tmp_path)
        return supervise(api, tmp_path, dag_id, task_id, monkeypatch, **ti)

    return run


@pytest.fixture
def players(run: Any, api: Any) -> Any:
    return lambda **ti: run("steam_current_player_dag", "current_players", **ti)


def use(api: Any, brokers: str, steam: str) -> None:
    api.variables = {"STEAM_API_URL": steam, "STEAM_GAMES": '{"Palworld": 1623730}'}
    extra = json.dumps({"bootstrap.servers": brokers})
    api.connections = {"kafka_default": {"conn_type": "kafka", "extra": extra}}


def test_a_source_asks_for_what_it_needs_and_tells_what_it_did(players, api, brokers, steam):
    subprocess.run(
        [PROGRAMS / "kafka-create-topics", "--brokers", brokers], check=True, capture_output=True
    )
    use(api, brokers, steam)
    outcome = players()
    (state,) = api.states
    assert state["state"] == "success", outcome.log
    assert outcome.exit_code == 0
    result = as_described(api.xcoms["current_players/return_value"])
    assert result["status"] == "success"
    assert result["kafka"]["acknowledged"] == 1
    assert result["run"]["dag_id"] == "steam_current_player_dag"
    assert result["run"]["logical_date"] == "2026-11-22T22:34:00Z"
    asset = {"name": "steamflow/topic_currPlayer", "uri": "steamflow/topic_currPlayer"}
    assert state["task_outlets"] == [asset | {"type": "Asset"}]
    assert state["outlet_events"] == [
        {
            "dest_asset_key": asset,
            "extra": {
                "topic": "topic_currPlayer",
                "run_id": result["run"]["run_id"],
                "acknowledged": 1,
            },
        }
    ]
    asked = {each for each in api.asked if "/variables/" in f"/{each}"}
    assert not any("STEAM_API_KEY" in each for each in asked), "its DAG does not name it"


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_trace_of_the_task_goes_on_into_the_records_and_the_log(
    players, api, brokers, steam, monkeypatch
):
    monkeypatch.setenv("TRACEPARENT", "of the worker, which is not the task's")
    monkeypatch.setenv("AIRFLOW__LOGGING__NAMESPACE_LEVELS", "steamflow=DEBUG")
    subprocess.run(
        [PROGRAMS / "kafka-create-topics", "--brokers", brokers], check=True, capture_output=True
    )
    use(api, brokers, steam)
    outcome = players(context_carrier={"traceparent": TRACE})
    assert api.states[-1]["state"] == "success", outcome.log
    last = (
        "-C",
        "-q",
        "-e",
        "-b",
        brokers,
        "-t",
        "topic_currPlayer",
        "-o",
        "beginning",
        "-f",
        r"%h\n",
    )
    assert f"traceparent={TRACE}" in command("kcat", *last)
    ours = [line for line in outcome.log if line.get("logger", "").startswith("steamflow.")]
    assert ours
    assert {line["traceparent"] for line in ours} == {TRACE}


def test_a_trace_that_is_none_is_ignored_with_a_warning(players, api):
    outcome = players(context_carrier={"traceparent": "00-nothing"})
    said = outcome.events("warning", "steamflow.steam-current-players")
    assert said == ["TRACEPARENT is ignored: '00-nothing' is not a W3C trace context"]
    assert not any("traceparent" in line for line in outcome.log)


def test_what_somebody_has_to_mend_fails_for_good(players, api):
    outcome = players()
    assert [state["state"] for state in api.states] == ["failed"]
    (said,) = outcome.events("error", "steamflow.steam-current-players")
    assert said.startswith("no Kafka connection")


def test_what_time_mends_is_tried_again_where_there_are_retries(players, api):
    use(api, "127.0.0.1:1", "http://127.0.0.1:1")
    players()
    assert [state["state"] for state in api.states] == ["up_for_retry"]
    assert api.states[0]["retry_delay_seconds"] is None
    assert "127.0.0.1" in api.states[0]["retry_reason"]
    api.states.clear()
    api.should_retry = False
    players()
    assert [state["state"] for state in api.states] == ["failed"]


class Busy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(429)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def busy() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_next_try_waits_as_long_as_the_api_asks(players, api, busy, brokers):
    use(api, brokers, busy)
    players()
    (state,) = api.states
    assert (state["state"], state["retry_delay_seconds"]) == ("up_for_retry", 3600)


def test_a_task_of_services_that_are_not_run_is_skipped(run, api):
    outcome = run("steam_platform", "templates")
    assert [state["state"] for state in api.states] == ["skipped"]
    said = "the Connection elasticsearch_default is not defined"
    assert outcome.events("info", "steamflow") == [said]


def test_a_bundle_that_is_replaced_while_its_task_starts_still_knows_the_task(
    run, api, tmp_path, monkeypatch
):
    answer = Api.__call__

    def answer_without_bundle(self: Api, request: Any) -> Any:
        if request.method == "DELETE":
            (tmp_path / "steam_platform").unlink()
        return answer(self, request)

    monkeypatch.setattr(Api, "__call__", answer_without_bundle)
    api.xcom_keys_to_clear = ["return_value"]
    run("steam_platform", "templates")
    assert [state["state"] for state in api.states] == ["skipped"]


@pytest.mark.parametrize(
    ("dag_id", "task_id"),
    [("steam_current_player_dag", "current_players"), ("steam_platform", "templates")],
)
def test_the_link_leads_where_it_does_in_the_other_runtimes(run, api, load_dags, dag_id, task_id):
    """However the task ends: these have no Connection."""
    settings = {"RUNTIME": "bash", "GRAFANA_URL": "https://grafana.example//"}
    task = load_dags(**settings)[dag_id].get_task(task_id)
    (link,) = task.operator_extra_links
    run(dag_id, task_id)
    assert api.xcoms[f"{task_id}/{link.xcom_key}"] == link.get_link(task, ti_key=None)


def test_a_task_runs_without_its_link_where_airflow_does_not_take_it(players, api, monkeypatch):
    monkeypatch.setattr("airflow.sdk.api.client.Client.request.retry.stop", lambda _: True)
    monkeypatch.setenv("AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL", "https://grafana.example")
    api.down.add("_link_DashboardLink")
    outcome = players()
    (said,) = outcome.events("warning", "steamflow")
    assert said.startswith("telling Airflow the link to Grafana: API_SERVER_ERROR")
    assert outcome.events("error", "steamflow.steam-current-players")


def test_a_task_that_was_not_packed_fails_for_good(run, api):
    outcome = run("steam_platform", "renamed")
    assert [state["state"] for state in api.states] == ["failed"]
    (said,) = outcome.events("error", "steamflow")
    assert "it has no task renamed of the DAG steam_platform" in said


def test_the_result_of_an_earlier_try_is_cleared(run, api):
    api.xcoms["renamed/return_value"] = "old"
    api.xcom_keys_to_clear = ["return_value"]
    run("steam_platform", "renamed")
    assert api.xcoms == {}


def test_the_environment_of_the_dag_takes_precedence_over_the_workers(api, tmp_path, monkeypatch):
    """As in the bash runtime."""
    dag_file = tmp_path / "one.py"
    dag_file.write_text(
        'DAG("one")\nsteamflow_task("news", ["steam-news"], environment={"SSL_CERT_DIR": "/dag"})\n'
    )
    assert packer().pack((PROGRAMS / "steamflow").read_bytes(), descriptions(), dag_file, tmp_path)
    program = tmp_path / "bin/steam-news"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "SSL_CERT_DIR is $SSL_CERT_DIR"\n')
    program.chmod(0o755)
    monkeypatch.setenv("AIRFLOW_VAR_STEAMFLOW_BIN", str(program.parent))
    monkeypatch.setenv("SSL_CERT_DIR", "/worker")
    outcome = supervise(api, tmp_path, "one", "news", monkeypatch)
    assert outcome.events("info", "task.stdout") == ["SSL_CERT_DIR is /dag"]


def test_a_program_gets_no_secret_in_its_environment(run, api, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/steam-player-summaries"
    program.write_text('#!/bin/sh\necho "$@"\nenv\n')
    program.chmod(0o755)
    monkeypatch.setenv("AIRFLOW_VAR_STEAMFLOW_BIN", str(program.parent))
    monkeypatch.setenv("AIRFLOW_VAR_STEAMFLOW_SHARDS", "3")
    monkeypatch.setenv("AIRFLOW__DATABASE__PASSWORD", "worker's own")
    api.variables["STEAM_API_KEY"] = "0123456789ABCDEF"
    outcome = run("steam_usrinfo_dag", "player_summaries", map_index=2)
    lines = outcome.events("info", "task.stdout")
    assert lines[0] == "--shard 2/3"
    assert "AIRFLOW_CTX_MAP_INDEX=2" in lines
    assert "AIRFLOW_CTX_LOGICAL_DATE=2026-11-22T22:34:00.000000Z" in lines
    assert not any("0123456789ABCDEF" in line or "worker's own" in line for line in lines)
    assert {line.partition("=")[0] for line in lines[1:]} <= {
        *("PATH", "PWD", "SHLVL", "_", "OLDPWD", "STEAMFLOW_SUPERVISOR"),
        *("AIRFLOW__LOGGING__LOGGING_LEVEL", "AIRFLOW__LOGGING__NAMESPACE_LEVELS"),
        *(name for name in os.environ if name.lower().endswith("_proxy") or "SSL_CERT" in name),
        *(line.partition("=")[0] for line in lines if line.startswith("AIRFLOW_CTX_")),
        "TRACEPARENT",
    }
    assert api.asked.count("GET variables/STEAM_API_KEY") == 0, "only the program would ask"
