"""The bundles of native tasks: what steamflow-bundle packs, what it refuses, and what a bundle answers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import DAGS, PROGRAMS, ROOT
from described import descriptions
from supervised import ask, packer


def test_the_bundles_have_the_tasks_of_the_dags(load_dags):
    queued = {
        dag_id: {task.task_id for task in dag.tasks if getattr(task, "is_stub", False)}
        for dag_id, dag in load_dags(RUNTIME="native", SHARDS="1").items()
    }
    packed = {
        dag[0]: set(dag[1])
        for path in DAGS.glob("*.py")
        if (dag := packer().dag_of(path.read_bytes(), descriptions()))
    }
    assert {dag_id: tasks for dag_id, tasks in queued.items() if tasks} == packed
    assert packed["runDag"] == {"pipeline_check"}, "the factor of the other is a template"


def test_a_bundle_says_what_the_operator_would_run(load_dags):
    for dag_id, dag in load_dags(RUNTIME="bash", SHARDS="1").items():
        packed = packer().dag_of((DAGS / f"{dag_id}.py").read_bytes(), descriptions())
        for task_id, said in packed[1].items() if packed else ():
            task = dag.get_task(task_id)
            assert task.bash_command == "exec " + " ".join(said["argv"])
            names = {
                name for name in task.env if name.startswith(("AIRFLOW_VAR_", "AIRFLOW_CONN_"))
            }
            assert names == {
                *(f"AIRFLOW_VAR_{name}" for name in said["variables"]),
                *(f"AIRFLOW_CONN_{name.upper()}" for name in said["connections"]),
            }
            assert [asset.uri for asset in task.outlets] == said["outlets"]


@pytest.mark.parametrize(
    ("call", "message"),
    {
        'steamflow_task("x", ARGV)': "line 4: steamflow_task: an argument is not a literal",
        'steamflow_task("x", ["steam-news"])\nDAG("y")': "2 DAGs, but expected 1",
        'steamflow_task("x", ["steam-nuws"])': "line 4: steamflow has no task steam-nuws",
        'steamflow_task("x", ["steam-news", "--appid=1"])': "line 4: steam-news has no --appid",
        'steamflow_task("x", ["steam-news"], variables=["STEAM_API_KEY"])': "no STEAM_API_KEY",
        'steamflow_task("x", ["steam-news"], connections=["kafka"])': "steam-news has no kafka",
        'steamflow_task("x", ["steam-news"], sharded=True)': "steam-news has no --shard",
        'steamflow_task("x")': "line 4: steamflow_task needs a task_id and an argv",
        'steamflow_task("x", [])': "line 4: steamflow_task needs a task_id and an argv",
        'steamflow_task("x", ["steam-news"], **ARGV)': "line 4: steamflow_task: ** hides",
        'steamflow_task("x", ["steam-news", 1])': "line 4: steamflow_task: argv: not a text",
        'steamflow_task("x", ["steam-news", "\\0"])': "line 4: steamflow_task: argv: not a text",
        'steamflow_task("x", "steam-news")': "line 4: steamflow_task: argv: not a list",
        'steamflow_task("x", ["steam-news"], environment={"A": 1})': "environment: not a text",
        'steamflow_task("x", ["steam-news"])\nsteamflow_task("x", ["steam-news"])': (
            "line 5: a second task x"
        ),
        'with TaskGroup("g"):\n  steamflow_task("x", ["steam-news"])': "line 5: a bundle cannot",
        '@task_group\ndef g():\n  steamflow_task("x", ["steam-news"])': "line 6: a bundle cannot",
        "from steamflow.task import steamflow_task as st": "line 4: steamflow_task is not called",
        "news = partial(steamflow_task, argv=ARGV)": "line 4: steamflow_task is not called",
        'DAG()\nsteamflow_task("x", ["steam-news"])': "line 4: DAG: the dag_id is not a literal",
        'DAG("../y")\nsteamflow_task("x", ["steam-news"])': "dag_id '../y' is invalid",
        "steamflow_task(": "never closed",
    }.items(),
)
def test_what_cannot_be_packed_is_named(tmp_path, call, message):
    dag_file = tmp_path / "one.py"
    dag_file.write_text(f'ARGV = ["a"]\nDAG("x")\n\n{call}\n')
    done = pack_files(tmp_path / "bundles", dag_file)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert message in done.stderr
    assert str(dag_file) in done.stderr


def pack_files(output: Path, *dag_files: Path, **options: Any) -> Any:
    return subprocess.run(
        [
            *(ROOT / "docker/dispatcher/steamflow-bundle", "--output", output),
            *("--dispatcher", PROGRAMS / "steamflow", *dag_files),
        ],
        check=False,
        capture_output=True,
        text=True,
        **options,
    )


def test_no_bundle_is_replaced_unless_all_can_be_made(tmp_path):
    bundles, second = tmp_path / "bundles", tmp_path / "steam_user_of_yesterday.py"
    bundles.mkdir()
    (bundles / "steam_user").write_text("of yesterday")
    second.write_bytes((DAGS / "steam_user.py").read_bytes())
    done = pack_files(bundles, DAGS / "steam_user.py", second)
    assert f"{second}: {DAGS / 'steam_user.py'} has the DAG steam_user already" in done.stderr
    assert [path.read_text() for path in bundles.iterdir()] == ["of yesterday"]


def test_a_bundle_that_cannot_be_put_in_its_place_is_not_left_beside_it(tmp_path):
    (tmp_path / "steam_user").mkdir()
    assert pack_files(tmp_path, DAGS / "steam_user.py").returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["steam_user"]


def test_bundles_are_made_in_the_folder_that_one_is_in(tmp_path):
    done = pack_files(Path("."), DAGS / "steam_user.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "steam_user\n"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "TaskHandlerParseRequest",
            {
                "type": "TaskHandlerParsingResult",
                "task_handlers": {
                    "steam_platform": [
                        {"task_id": task_id, "binding": "named", "params": None}
                        for task_id in ("connectors", "templates", "topics")
                    ]
                },
            },
        ),
        ("DagFileParseRequest", {"type": "DagFileParsingResult", "serialized_dags": []}),
    ],
)
def test_a_bundle_tells_the_dag_processor_what_it_runs(tmp_path, question, answer):
    """The questions are those of Airflow 3.4."""
    dispatcher = (PROGRAMS / "steamflow").read_bytes()
    bundle = packer().pack(dispatcher, descriptions(), DAGS / "steam_platform.py", tmp_path)
    about = {"file": str(bundle), "bundle_path": str(tmp_path), "bundle_name": "programs"}
    assert ask(bundle, about | {"type": question}) == answer | {"fileloc": str(bundle)}
