"""Runs runDag in a real `airflow dags test`: it starts the five DAGs, and runs the overload test
only on request."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import airflow_home
from test_structure import FILLS_A_TOPIC

CHECK = """#!/bin/sh
echo '{"task":"pipeline-check","status":"success","exit_code":0,"error":null}'
"""


@pytest.fixture
def run_dag(tmp_path: Path, airflow: Any) -> Any:
    (tmp_path / "pipeline-check").write_text(CHECK)
    (tmp_path / "pipeline-check").chmod(0o755)
    airflow("dags", "reserialize")
    airflow("dags", "unpause", "--treat-dag-id-as-regex", ".*", "--yes")

    def run(*arguments: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
        """Returns the output, the states of the tasks, and the dag ids and run ids that were
        started."""
        output = airflow(
            *("dags", "test", "runDag", *arguments),
            check=False,
            AIRFLOW_VAR_STEAMFLOW_BIN=str(tmp_path),
        )
        with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
            states = dict(
                database.execute("SELECT task_id, state FROM task_instance WHERE dag_id = 'runDag'")
            )
            started = database.execute(
                "SELECT dag_id, run_id FROM dag_run WHERE run_id LIKE 'runDag%'"
            ).fetchall()
        return output, states, started

    return run


def test_overload_is_asked_for_and_not_installed(run_dag):
    output, states, started = run_dag("--conf", '{"overload": true, "overload_factor": 3}')
    assert {dag_id for dag_id, _ in started} == FILLS_A_TOPIC
    assert len({run_id for _, run_id in started}) == 1
    assert {state for name, state in states.items() if name != "overload_test"} == {"success"}
    assert states["overload_test"] == "failed"
    assert "kafka-load-test is not installed" in output
