"""Runs the service airflow-cleaner of docker/compose.yaml, with its own commands, on Airflow's
real database."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT, airflow_home

COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())


def test_old_runs_are_deleted(airflow: Any) -> None:
    script = COMPOSE["services"]["airflow-cleaner"]["command"][-1].replace("\\\n", "")
    (line,) = [line.strip() for line in script.splitlines() if "airflow db clean" in line]
    date = '"$$(date --utc --date "-$$KEEP_DAYS days" +%F)"'
    assert date in line
    clean = line.replace(date, "2026-01-01").split()[1:]

    for _ in range(3):
        airflow("dags", "test", "steam_test_dags", check=False)
    with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
        query = "SELECT id FROM dag_run WHERE dag_id = 'steam_test_dags' ORDER BY id"
        runs = [run for (run,) in database.execute(query)][-3:]
        assert len(runs) == 3
        database.execute("UPDATE dag_run SET start_date = '2025-12-31' WHERE id = ?", runs[:1])
    database.close()
    airflow(*clean)
    with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
        assert [run for (run,) in database.execute(query)][-2:] == runs[1:]
        assert runs[0] not in [run for (run,) in database.execute(query)]
        archives = "SELECT name FROM sqlite_master WHERE name LIKE '_airflow_deleted%'"
        assert database.execute(archives).fetchall() == []
    database.close()
