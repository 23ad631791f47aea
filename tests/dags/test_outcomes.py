"""The reaction of Airflow to a program's outcome, in a real `airflow dags test` with a program
that ends as requested."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import DAGS, airflow_home

# Called as `fake FOLDER OUTCOME`: notes its call in FOLDER and ends as a steamflow program would.
FAKE = r"""#!/bin/sh
name=$2${4%/*}
echo >>"$1/$name.calls"
env >"$1/$name.environment"
result() {
  printf '{"task":"fake","status":"%s","exit_code":%s,"error":%s}\n' "$1" "$2" "$3"
}
case $2 in
  0) echo '{"a record":1}'; result success 0 null ;;
  99) result skipped 99 '{"kind":"skipped","message":"the budget is spent"}'; exit 99 ;;
  killed) kill -KILL $$ ;;
  silent) exit 0 ;;
  *) result failed "$2" "{\"kind\":\"any\",\"message\":\"the cause of $2\"}"; exit "$2" ;;
esac
"""

DAG_FILE = """
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, task
from steamflow.task import steamflow_task

@task
def consume(result):
    assert isinstance(result, dict), repr(result)
    assert result["exit_code"] == 0 and result["task"] == "fake"

@task
def consume_all(results):
    assert [result["task"] for result in results] == ["fake"] * 3

def shards(dag_id):
    return steamflow_task(
        "shards",
        ["fake", f"{FOLDER}/{dag_id}", "0"],
        variables=["STEAM_API_KEY", "STEAM_GAMES", "NOT_DEFINED"],
        connections=["kafka_default", "redis_default"],
        sharded=True,
    )

arguments = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}

with DAG("native", render_template_as_native_obj=True, **arguments):
    shards("native")

with DAG("outcomes", **arguments):
    for outcome in ("0", "64", "65", "70", "74", "75", "77", "78", "99", "143", "killed", "silent"):
        program = steamflow_task(f"exit_{outcome}", ["fake", f"{FOLDER}/outcomes", outcome])
        program.retries = 1
        program.retry_delay = timedelta(seconds=0)
        if outcome == "0":
            consume(program.output)
    steamflow_task("missing", ["no-such-program"])
    steamflow_task("not_executable", ["not-executable"])
    consume_all(shards("outcomes").output)
"""

FOR_GOOD = ["exit_64", "exit_65", "exit_77", "exit_78", "exit_silent", "missing", "not_executable"]
TRIED_AGAIN = ["exit_70", "exit_74", "exit_75", "exit_143", "exit_killed"]
KEY = "0123456789ABCDEF0123456789ABCDEF"
GAMES = '{"몬스터 헌터": 582010, "it\'s \\"quoted\\" $HOME": 1}'
KAFKA = {
    "conn_type": "kafka",
    "host": "Broker-1.Example",
    "port": 9092,
    "extra": {
        "sasl.password": 'p@ss:/?#%&+ "quoted" \\비밀🔑',
        "ssl.key.pem": "-----\nAB+/==\n-----",
    },
}


class Run(NamedTuple):
    output: str
    states: dict[str, str]
    calls: dict[str, int]
    environments: dict[str, dict[str, str]]
    rendered: str


@pytest.fixture(scope="module")
def run_dag(tmp_path_factory: pytest.TempPathFactory, airflow: Any) -> Callable[[str], Run]:
    folder = tmp_path_factory.mktemp("outcomes")
    dags, programs = folder / "dags", folder / "bin"
    for each in (dags, programs, folder / "native", folder / "outcomes"):
        each.mkdir()
    (programs / "fake").write_text(FAKE)
    (programs / "fake").chmod(0o755)
    (programs / "not-executable").write_text("")
    shutil.copytree(DAGS / "steamflow", dags / "steamflow")
    (dags / "outcomes.py").write_text(f"FOLDER = {str(folder)!r}\n{DAG_FILE}")

    def run(dag_id: str) -> Run:
        output = airflow(
            *("dags", "test", dag_id),
            check=False,  # Airflow 2 reports a failed run by its exit code, Airflow 3 does not
            AIRFLOW__CORE__DAGS_FOLDER=str(dags),
            AIRFLOW_VAR_STEAMFLOW_BIN=str(programs),
            AIRFLOW_VAR_STEAMFLOW_SHARDS="3",
            AIRFLOW_VAR_STEAM_API_KEY=KEY,
            AIRFLOW_VAR_STEAM_GAMES=GAMES,
            AIRFLOW_CONN_KAFKA_DEFAULT=json.dumps(KAFKA),
            SSL_CERT_DIR="/etc/ssl/certs",
            OF_THE_WORKER_ONLY="secret",
        )
        with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
            instances = database.execute(
                "SELECT task_id, map_index, state FROM task_instance WHERE dag_id = ?", (dag_id,)
            ).fetchall()
            rendered = database.execute(
                "SELECT rendered_fields FROM rendered_task_instance_fields WHERE dag_id = ?",
                (dag_id,),
            ).fetchall()
        notes = folder / dag_id
        return Run(
            output=output,
            states={f"{name}{'' if i < 0 else f'[{i}]'}": state for name, i, state in instances},
            calls={path.stem: len(path.read_text()) for path in notes.glob("*.calls")},
            environments={
                path.stem: dict(line.split("=", 1) for line in path.read_text().splitlines())
                for path in notes.glob("*.environment")
            },
            rendered=str(rendered),
        )

    return run


@pytest.fixture(scope="module")
def run(run_dag: Callable[[str], Run]) -> Run:
    return run_dag("outcomes")


def test_success_passes_on_a_dict(run):
    assert run.states["exit_0"] == "success"
    assert run.states["consume"] == "success"


def test_nothing_to_do_is_skipped(run):
    assert run.states["exit_99"] == "skipped"
    assert run.calls["99"] == 1
    assert "fake: exit code 99: the budget is spent" in run.output


@pytest.mark.parametrize("task_id", FOR_GOOD)
def test_what_retrying_cannot_mend_fails_at_once(run, task_id):
    assert run.states[task_id] == "failed"
    assert run.calls.get(task_id.removeprefix("exit_"), 1) == 1


@pytest.mark.parametrize("task_id", TRIED_AGAIN)
def test_what_retrying_may_mend_is_tried_again(run, task_id):
    assert run.calls[task_id.removeprefix("exit_")] == 2
    assert run.states[task_id] == "failed"


def test_the_cause_is_in_the_exception(run):
    for code in (64, 65, 70, 74, 75, 77, 78, 143):
        assert f"fake: exit code {code}: the cause of {code}" in run.output
    assert "no-such-program is not installed" in run.output
    assert "fake: exit code 0: no output" in run.output


def test_shards_are_mapped_and_their_results_are_dicts(run):
    for shard in range(3):
        assert run.states[f"shards[{shard}]"] == "success"
        assert run.calls[f"0{shard}"] == 1
        assert run.environments[f"0{shard}"]["AIRFLOW_CTX_MAP_INDEX"] == str(shard)
    assert run.states["consume_all"] == "success"
    assert run.environments["0"]["AIRFLOW_CTX_MAP_INDEX"] == "-1"


def test_a_program_gets_what_it_needs_and_no_more(run):
    environment = run.environments["01"]
    names = {name for name in environment if not name.startswith("AIRFLOW_CTX_")}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {  # these belong to the shell
        "PATH",
        "SSL_CERT_DIR",
        "TRACEPARENT",
        "AIRFLOW_VAR_STEAM_API_KEY",
        "AIRFLOW_VAR_STEAM_GAMES",
        "AIRFLOW_VAR_NOT_DEFINED",
        "AIRFLOW_VAR_PUSHGATEWAY_URL",
        "AIRFLOW_CONN_KAFKA_DEFAULT",
        "AIRFLOW_CONN_REDIS_DEFAULT",
    } | ({"SSL_CERT_FILE"} & set(os.environ))
    assert environment["AIRFLOW_VAR_STEAM_API_KEY"] == KEY
    assert environment["AIRFLOW_VAR_STEAM_GAMES"] == GAMES
    assert environment["AIRFLOW_VAR_NOT_DEFINED"] == ""
    assert environment["AIRFLOW_CONN_REDIS_DEFAULT"] == ""
    assert json.loads(environment["AIRFLOW_CONN_KAFKA_DEFAULT"]) == KAFKA


def test_templates_rendered_as_native_objects_give_a_program_the_same(run, run_dag):
    def given(run: Run, shard: int) -> dict[str, str]:
        environment = run.environments[f"0{shard}"]
        return {name: environment[name] for name in environment if not_of_this_run.match(name)}

    not_of_this_run = re.compile("AIRFLOW_(VAR|CONN|CTX_TRY_NUMBER|CTX_MAP_INDEX)")
    native = run_dag("native")
    for shard in range(3):
        assert native.states[f"shards[{shard}]"] == "success", native.output
        assert given(native, shard) == given(run, shard)


def test_a_program_knows_its_run(run):
    environment = run.environments["01"]
    assert environment["AIRFLOW_CTX_DAG_ID"] == "outcomes"
    assert environment["AIRFLOW_CTX_TASK_ID"] == "shards"
    assert environment["AIRFLOW_CTX_DAG_RUN_ID"].startswith("manual__20")
    assert environment["AIRFLOW_CTX_TRY_NUMBER"] == "1"
    assert run.environments["75"]["AIRFLOW_CTX_TRY_NUMBER"] == "2"
    assert datetime.fromisoformat(environment["AIRFLOW_CTX_LOGICAL_DATE"]).utcoffset() is not None


def test_rendered_fields_hold_no_secret(run):
    """Airflow stores the fields in its database and shows them on its web page."""
    assert "AIRFLOW_CONN_KAFKA_DEFAULT" in run.rendered
    for secret in (KEY, "p@ss", "AB+/", "Broker-1"):
        assert secret not in run.rendered
