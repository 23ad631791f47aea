"""Checks that apply to every DAG in dags/: its file, the programs that it runs and their
descriptions, and that parsing needs only the files."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import DAGS, ROOT
from described import descriptions

DAG_IDS = sorted(path.stem for path in DAGS.glob("*.py"))
SPARK = ROOT / "docker/spark"


def program_tasks(dag: Any) -> list[Any]:
    """The tasks that run a program of steamflow, including mapped tasks."""
    ours = ("SteamflowOperator", "BashTask")
    return [task for task in dag.tasks if task.task_type in ours]


def is_mapped(task: Any) -> bool:
    return hasattr(task, "expand_input")


def argv(task: Any) -> list[str]:
    exec_, *arguments = shlex.split(task.bash_command)
    assert exec_ == "exec"
    return arguments


def settings_of(program: str) -> set[str]:
    """The names in the environment of the Variables and Connections that a program reads. The Spark
    applications have no description, so their source is searched."""
    if (SPARK / program).exists():
        source = "".join(path.read_text() for path in SPARK.iterdir() if path.is_file())
        return {*re.findall(r"AIRFLOW_(?:VAR|CONN)_[A-Z_]+", source), "AIRFLOW_VAR_PUSHGATEWAY_URL"}
    described = descriptions()[program]
    variables = {f"AIRFLOW_VAR_{each['name']}" for each in described["variables"]}
    return variables | {f"AIRFLOW_CONN_{each['id'].upper()}" for each in described["connections"]}


def options_of(command: list[str]) -> dict[str, Any]:
    """What the command line gives to the options of its program, each as the description has it."""
    program, *words = command
    options = {each["name"]: each for each in descriptions()[program]["options"]}
    given: dict[str, Any] = {}
    while words:
        name = words.pop(0)
        option = options[name]
        schema = option["schema"]
        value: Any = schema["type"] == "boolean" or words.pop(0)
        if not re.search("{[{%]", str(value)):  # no template of Airflow
            if schema["type"] in ("integer", "number"):
                value = json.loads(value)
            many = schema["type"] == "array"
            jsonschema.validate([value] if many else value, schema)
        given[name] = value
        assert not set(option.get("excludes", ())) & set(given)
    return given


def described_tasks(dag: Any) -> list[tuple[Any, list[str]]]:
    """The tasks whose programs have a description, and their command lines."""
    commands = [(task, argv(task)) for task in program_tasks(dag)]
    return [(task, command) for task, command in commands if not (SPARK / command[0]).exists()]


def test_one_file_each(load_dags):
    dags = load_dags()
    assert sorted(dags) == DAG_IDS
    for dag_id, dag in dags.items():
        assert Path(dag.fileloc).stem == dag_id


def test_the_package_beside_them_is_not_searched_for_dags(dag_bag):
    """A module of a runtime imports its provider, which a worker with another runtime may not
    have."""
    searched = {Path(each.file).name for each in dag_bag().dagbag_stats}
    assert searched == {f"{dag_id}.py" for dag_id in DAG_IDS}


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_dag(load_dags, dag_id):
    dag = load_dags()[dag_id]
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert "steamflow" in dag.tags
    assert len(dag.doc_md) > 50
    assert program_tasks(dag)


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_program_is_given_what_it_reads_and_no_more(load_dags, dag_id):
    for task in program_tasks(load_dags()[dag_id]):
        given = {name for name in task.env if re.match("AIRFLOW_(VAR|CONN)_", name)}
        read = settings_of(argv(task)[0])
        if "AIRFLOW_VAR_<NAME>" in read:
            given = {name for name in given if not name.startswith("AIRFLOW_VAR_")}
        assert given <= read, task.task_id


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_arguments_are_options_of_the_program(load_dags, dag_id):
    for _task, command in described_tasks(load_dags()[dag_id]):
        assert set(options_of(command)) == {word for word in command if word.startswith("--")}


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_an_outlet_is_a_topic_that_the_program_fills(load_dags, dag_id):
    for task, command in described_tasks(load_dags()[dag_id]):
        topic = options_of(command).get("--topic")
        topics = [topic] if topic else descriptions()[command[0]]["topics"]
        assert {outlet.uri for outlet in task.outlets} <= {f"steamflow/{each}" for each in topics}


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_airflow_waits_longer_than_the_program(load_dags, dag_id):
    """The programs end by themselves at their deadline, or 5 s after a SIGTERM."""
    dag = load_dags()[dag_id]
    for task, (program, *words) in described_tasks(dag):
        options = {each["name"]: each for each in descriptions()[program]["options"]}
        otherwise = options["--deadline"]["schema"]["default"]
        deadline = options_of([program, *words]).get("--deadline", otherwise)
        assert task.execution_timeout.total_seconds() > deadline + 5
    for task in program_tasks(dag):
        assert task.execution_timeout.total_seconds() > 50 + 5
        assert task.retries == 3
        assert task.retry_exponential_backoff


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_shards_are_of_a_program_that_takes_them(load_dags, dag_id):
    whole = load_dags()[dag_id]
    for task in program_tasks(load_dags(SHARDS="3")[dag_id]):
        if is_mapped(task):
            command = argv(whole.get_task(task.task_id))
            assert task.expand_input.value == {
                "argv": [[*command, "--shard", f"{shard}/3"] for shard in range(3)]
            }
            assert options_of([*command, "--shard", "0/3"])["--shard"] == "0/3"


def test_empty_settings_are_unset(load_dags):
    assert sorted(load_dags(RUNTIME="", BIN="", IMAGE="", SHARDS="")) == DAG_IDS


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RUNTIME", "podman", "expected bash, native, docker or kubernetes"),
        ("RUNTIME", "Bash", "expected bash, native, docker or kubernetes"),
        ("SHARDS", "0", "expected a number from 1 to 999"),
        ("SHARDS", "-1", "expected a number from 1 to 999"),
        ("SHARDS", "1000", "expected a number from 1 to 999"),
        ("SHARDS", "two", "expected a number from 1 to 999"),
        ("SHARDS", "2\n", "expected a number from 1 to 999"),
        ("BIN", "build/bin", "expected an absolute path"),
        ("IMAGE", "steam flow", "expected the name of an image"),
        ("DOCKER_NETWORK", "a b", "expected the name of a network"),
        ("KUBERNETES_SECRET", "A b", "expected the name of a Secret"),
    ],
)
def test_a_bad_setting_fails_every_import(dag_bag, name, value, expected):
    bag = dag_bag(**{name: value})
    assert not bag.dags
    assert {os.path.basename(path) for path in bag.import_errors} >= {f"{d}.py" for d in DAG_IDS}
    for error in bag.import_errors.values():
        assert f"AIRFLOW_VAR_STEAMFLOW_{name} is {value!r}, {expected}" in error


PARSE = """
import socket, sqlite3, sys
import airflow.models
try:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import Connection, Variable
except ImportError:
    from airflow.models import Connection, DagBag, Variable

def refuse(*arguments, **keywords):
    raise AssertionError(f"a DAG file read from outside: {arguments}")

Variable.get = Connection.get = Connection.get_connection_from_secrets = refuse
airflow.models.Variable.get = airflow.models.Connection.get_connection_from_secrets = refuse
socket.socket.connect = socket.getaddrinfo = sqlite3.connect = refuse
bag = DagBag(sys.argv[1])
print(*bag.import_errors.values())
print("parsed", *sorted(bag.dags))
"""


@pytest.mark.parametrize("runtime", ["bash", "docker", "kubernetes"])
def test_parsing_reads_neither_database_nor_network(runtime):
    """Every function that reaches Airflow's settings, a database or the network raises, also for
    settings that are not set, and the database does not exist."""
    parsed = subprocess.run(
        [sys.executable, "-c", PARSE, str(DAGS)],
        env=os.environ
        | {
            "PYTHONPATH": str(DAGS),
            "AIRFLOW_VAR_STEAMFLOW_RUNTIME": runtime,
            "AIRFLOW_VAR_STEAMFLOW_SHARDS": "2",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nonexistent/airflow.db",
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = parsed.stdout.splitlines()
    assert lines[-1:] == [" ".join(["parsed", *DAG_IDS])], parsed.stdout + parsed.stderr
