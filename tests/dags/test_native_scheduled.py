"""A source as a native task by Airflow's own scheduler and LocalExecutor, with real Kafka."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import DAGS, PROGRAMS, ROOT, airflow_home, command
from supervised import coordinator_settings
from test_scheduled import components, settings, until  # noqa: F401

DAG_ID, TASK_ID = "steam_current_player_dag", "current_players"


@pytest.fixture
def home(tmp_path: Path, airflow: Any) -> Path:
    for folder in ("dags", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copytree(DAGS / "steamflow", tmp_path / "dags/steamflow")
    shutil.copy(DAGS / f"{DAG_ID}.py", tmp_path / "dags")
    shutil.copy(Path(airflow_home.name) / "empty.db", tmp_path / "airflow.db")
    bundle = [ROOT / "docker/dispatcher/steamflow-bundle", "--output", tmp_path / "bundles"]
    command(*bundle, "--dispatcher", PROGRAMS / "steamflow", tmp_path / f"dags/{DAG_ID}.py")
    return tmp_path


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """An environment without Variables and Connections, because they are in Airflow's database."""
    return (
        settings(home)
        | coordinator_settings(home / "bundles")
        | {
            "AIRFLOW_VAR_STEAMFLOW_RUNTIME": "native",
            "AIRFLOW_VAR_STEAMFLOW_BIN": str(PROGRAMS),
            "AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL": "https://grafana.example",
        }
    )


def test_a_source_fills_its_topic(home, environment, brokers, steam, airflow, request):
    def query(sql: str) -> list[Any]:
        with sqlite3.connect(home / "airflow.db") as database:
            return database.execute(sql).fetchall()

    def logs() -> str:
        return "\n".join(path.read_text() for path in home.glob("**/*.log"))

    command(PROGRAMS / "kafka-create-topics", "--brokers", brokers)
    connection = {"conn_type": "kafka", "extra": {"bootstrap.servers": brokers}}
    airflow(
        *("connections", "add", "kafka_default", "--conn-json", json.dumps(connection)),
        **environment,
    )
    airflow("variables", "set", "STEAM_API_URL", steam, **environment)
    request.getfixturevalue("components")

    until(lambda: query("SELECT dag_id FROM serialized_dag"), 400, logs)
    airflow("dags", "unpause", DAG_ID, **environment)
    over = "SELECT state, run_id FROM dag_run WHERE state IN ('success', 'failed')"
    state, run_id = until(lambda: query(over), 400, logs)[0]
    assert state == "success", logs()

    def xcom(key: str) -> Any:
        given = query(f"SELECT value FROM xcom WHERE key = '{key}' AND run_id = '{run_id}'")
        return json.loads(given[0][0])

    result = xcom("return_value")
    assert result["kafka"]["records"] == result["kafka"]["acknowledged"] > 0
    assert result["run"]["run_id"] == run_id
    assert xcom("_link_DashboardLink").startswith("https://grafana.example/d/steamflow-kafka?")
    (extra,) = query("SELECT extra FROM asset_event ORDER BY timestamp LIMIT 1")[0]
    assert json.loads(extra)["acknowledged"] == result["kafka"]["acknowledged"]
    said = command("kcat", "-C", "-q", "-e", "-b", brokers, "-t", "topic_currPlayer")
    assert '"player_count":' in said
