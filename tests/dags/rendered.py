"""A task whose templates Airflow has rendered, the command line and environment that it passes
to its program, and the outcomes that a program may have."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    Connection,
)
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.standard.operators.bash import BashOperator
from conftest import KEY

KAFKA = {"conn_type": "kafka", "extra": {"sasl.password": 'p"w\\비밀'}}
ENVIRONMENT = {
    "AIRFLOW_CTX_DAG_ID": "steam_usrinfo_dag",
    "AIRFLOW_CTX_TASK_ID": "player_summaries",
    "AIRFLOW_CTX_DAG_RUN_ID": "manual__1",
    "AIRFLOW_CTX_TRY_NUMBER": "2",
    "AIRFLOW_CTX_MAP_INDEX": "-1",
    "AIRFLOW_CTX_LOGICAL_DATE": "2026-11-22T22:34:00+00:00",
    "TRACEPARENT": "",
    "AIRFLOW_VAR_STEAM_API_KEY": KEY,
    "AIRFLOW_VAR_STEAM_API_URL": "",
    "AIRFLOW_VAR_STEAM_TIMEZONE": "",
    "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "",
    "AIRFLOW_VAR_PUSHGATEWAY_URL": "",
    "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(KAFKA),
    "AIRFLOW_CONN_REDIS_DEFAULT": "",
}
SUCCESS = {"task": "steam-player-summaries", "status": "success", "exit_code": 0, "error": None}
# the exit code, and the result for Airflow
FAILURES = [
    *((code, AirflowFailException) for code in (64, 65, 77, 78)),
    *((code, AirflowException) for code in (70, 74, 75, 143)),
    (99, AirflowSkipException),
]


def failure(exit_code: int) -> dict[str, Any]:
    error = {"kind": "any", "message": f"the cause of {exit_code}"}
    return SUCCESS | {"status": "failed", "exit_code": exit_code, "error": error}


def rendered(task: Any, **ti: Any) -> Any:
    """The task after Airflow has rendered its templates, for a manual run on Airflow 3, which
    has no logical date."""
    ti |= {"dag_id": task.dag_id, "task_id": task.task_id, "try_number": 2, "map_index": -1}
    run_after = datetime(2026, 11, 22, 22, 34, tzinfo=UTC)
    context = {
        "task": task,
        "ti": SimpleNamespace(**ti),
        "run_id": "manual__1",
        "dag_run": SimpleNamespace(logical_date=None, run_after=run_after),
        "params": {"overload_factor": 1000},
        "var": {"value": {"STEAM_API_KEY": KEY}},
        "conn": {"kafka_default": Connection.from_json(json.dumps(KAFKA), "kafka_default")},
    }
    task.render_template_fields(context)
    return task


def given(task: Any) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment of a rendered task of any runtime."""
    if isinstance(task, BashOperator):
        return shlex.split(task.bash_command)[1:], task.env
    if isinstance(task, DockerOperator):
        return task.command, task.environment
    return task.arguments, {each.name: each.value for each in task.env_vars}
