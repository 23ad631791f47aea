"""The duties of a language's SDK, from Airflow's "Creating a new Language SDK". Each one is tested with
a program that uses only common/supervisor, under Airflow's real supervisor."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.execution_time import schema
from conftest import PROGRAMS, ROOT, command
from supervised import Api, Outcome, make_bundle, supervise

DAG_ID = "supervised"
SCHEMA = Path(schema.__file__).parent / "schema.json"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def run(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """run("succeeds") lets the supervisor run that task."""
    make_bundle(PROGRAMS / "native-conformance", DAG_ID, {}, tmp_path)

    def run(task_id: str, **ti: Any) -> Outcome:
        return supervise(api, tmp_path, DAG_ID, task_id, monkeypatch, **ti)

    return run


def state(api: Api) -> str:
    """The only state that the API was told."""
    (told,) = api.states
    return told["state"]


@pytest.mark.parametrize(
    ("task_id", "expected"),
    {
        "succeeds": "success",
        "fails": "failed",
        "skips": "skipped",
        "retries": "up_for_retry",
    }.items(),
)
def test_states(run, api, task_id, expected):
    run(task_id)
    assert state(api) == expected


@pytest.mark.parametrize(("task_id", "exit_code"), {"ends_without_a_word": 0, "dies": 3}.items())
def test_without_a_word_the_exit_code_counts(run, api, task_id, exit_code):
    """The executor gets the exit code; the API is told nothing."""
    assert run(task_id).exit_code == exit_code
    assert api.states == []


def test_failed_is_for_good_whatever_retries_are_left(run, api):
    assert run("fails").exit_code == 0
    assert state(api) == "failed"
    assert api.should_retry


def test_a_retry_says_why_and_when(run, api):
    run("retries_later")
    (told,) = api.states
    assert (told["retry_reason"], told["retry_delay_seconds"]) == ("come back", 90.5)


def test_logs_come_with_their_levels_from_before_the_connection_on(run):
    outcome = run("logs")
    logger = "conformance"
    infos = ["before the connection", '한국어 "quoted"\nand a second line']
    assert outcome.events("info", logger) == infos
    assert outcome.events("warning", logger) == ["careful"]
    assert outcome.events("error", logger) == ["broken"]
    assert outcome.events("debug", logger) == []
    assert "on stdout" in outcome.events("info", "task.stdout")
    assert "on stderr" in outcome.events("error", "task.stderr")


def test_the_deployments_levels_count(run, monkeypatch):
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    assert run("logs").events("warning", "conformance") == []
    monkeypatch.setenv("AIRFLOW__LOGGING__NAMESPACE_LEVELS", "other=INFO conformance=DEBUG")
    assert run("logs").events("debug", "conformance") == ["a detail"]


def test_secrets_are_masked(run):
    assert "the *** is here" in run("masks").events("info")


def test_connections(run, api):
    api.connections["redis_default"] = {"conn_type": "redis", "host": "r", "password": "p@ss"}
    run("connects")
    said = api.xcoms["connects/return_value"]
    assert said["password"] == "p@ss"
    assert said["port"] is None


def test_a_missing_connection_is_said(run, api):
    run("has_no_connection")
    assert api.xcoms["has_no_connection/return_value"]["refused"].startswith("CONNECTION_NOT_FOUND")


def test_variables_are_read_written_and_deleted(run, api):
    api.variables["colour"] = "red"
    run("varies")
    first, put, second, deleted, last = api.xcoms["varies/return_value"]
    assert (first["value"], second["value"]) == ("red", "blue")
    assert put is None
    assert deleted["ok"] is True
    assert last["refused"].startswith("VARIABLE_NOT_FOUND")


def test_xcoms_are_typed(run, api):
    api.xcoms["upstream/return_value"] = {"list": [1, 2.5, None, True], "text": "é"}
    run("exchanges")
    assert api.xcoms["exchanges/return_value"] == {
        "got": {"list": [1, 2.5, None, True], "text": "é"},
        "large": 9007199254740993,
        "text": "한국어",
    }


def test_asset_events(run, api):
    run("fills_an_asset")
    (told,) = api.states
    assert told["task_outlets"] == [{"name": "a", "uri": "x://a", "type": "Asset"}]
    key = {"name": "a", "uri": "x://a"}
    assert told["outlet_events"] == [{"dest_asset_key": key, "extra": {"records": 7}}]


def test_a_request_that_the_supervisor_does_not_know_does_not_hang_the_task(run, api):
    run("asks_for_the_unknown")
    assert api.xcoms["asks_for_the_unknown/return_value"]["refused"] == (
        "the supervisor does not answer"
    )


def test_a_refusal_of_the_api_comes_to_the_task(run, api, monkeypatch):
    monkeypatch.setattr("airflow.sdk.api.client.Client.request.retry.stop", lambda _: True)
    api.down.add("connections")
    run("connects")
    said = api.xcoms["connects/return_value"]["refused"]
    assert said.startswith("API_SERVER_ERROR, status 500")


@pytest.mark.parametrize("map_index", [-1, 3])
def test_the_task_knows_what_it_is(run, api, map_index):
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    run("tells_what_it_is", map_index=map_index, context_carrier=carrier)
    said = api.xcoms["tells_what_it_is/return_value"]
    assert said["ti"]["task_id"] == "tells_what_it_is"
    assert said["ti"]["map_index"] == map_index
    assert said["ti"]["context_carrier"] == carrier
    assert said["ti_context"]["should_retry"] is True
    assert said["ti_context"]["dag_run"]["logical_date"] == "2026-11-22T22:34:00.000000Z"


def test_airflow_has_no_field_for_arguments():
    """So a task cannot be given those of its stub. This fails with an Airflow that has one."""
    definitions = json.loads(SCHEMA.read_text())["$defs"]
    fields: set[str] = set()
    seen: set[str] = set()
    wanted = ["StartupDetails"]
    while wanted:
        name = wanted.pop()
        seen.add(name)
        fields |= definitions[name].get("properties", {}).keys()
        wanted += set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(definitions[name]))) - seen
    assert {"ti", "ti_context", "map_index", "xcom_keys_to_clear"} <= fields
    deferred = {"next_kwargs"}
    assert {name for name in fields if re.search("arg|param|bind", name)} == deferred


EXAMPLE = ROOT / "common/supervisor/example"


@pytest.fixture(scope="module")
def greeter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the example, built as a separate project with the installed library."""
    folder = tmp_path_factory.mktemp("example")
    installed = folder / "installed"
    build = PROGRAMS.parent
    command("cmake", "--install", build, "--component", "supervisor", "--prefix", installed)
    shutil.copytree(EXAMPLE, folder / "greeter")
    prefix = f"-DCMAKE_PREFIX_PATH={installed}"
    command("cmake", "-S", folder / "greeter", "-B", folder / "build", prefix)
    command("cmake", "--build", folder / "build")
    return folder / "build/greeter"


@pytest.fixture
def greet(greeter: Path, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    make_bundle(greeter, "greeter", {}, tmp_path)
    return lambda: supervise(api, tmp_path, "greeter", "greet", monkeypatch)


def test_the_example_is_built_against_what_is_installed(greet, api):
    api.variables["name"] = "Airflow"
    outcome = greet()
    assert state(api) == "success"
    assert api.xcoms == {"greet/return_value": {"greeting": "Hello, Airflow"}}
    assert outcome.events("info", "greeter") == ["Hello, Airflow"]
    assert len((EXAMPLE / "main.cpp").read_text().splitlines()) <= 40


def test_the_example_fails_for_good_where_a_retry_does_not_help(greet, api):
    outcome = greet()
    assert state(api) == "failed"
    assert outcome.events("error", "greeter")[0].startswith("VARIABLE_NOT_FOUND")


def test_the_example_tries_again_where_it_helps(greet, api, monkeypatch):
    monkeypatch.setattr("airflow.sdk.api.client.Client.request.retry.stop", lambda _: True)
    api.down.add("variables")
    greet()
    (told,) = api.states
    assert (told["state"], told["retry_delay_seconds"]) == ("up_for_retry", 60)
