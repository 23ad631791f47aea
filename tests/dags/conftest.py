"""One Airflow home with its database for the whole session, and ways to load and run DAGs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"

# Before the first import of Airflow, which reads its configuration then.
airflow_home = tempfile.TemporaryDirectory(prefix="steamflow-dags-")
for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": airflow_home.name,
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home.name}/airflow.db",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}
sys.path.insert(0, str(DAGS))

LoadDags = Callable[..., dict[str, Any]]


@pytest.fixture
def dag_bag(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """dag_bag(SHARDS="2") parses dags/ with AIRFLOW_VAR_STEAMFLOW_SHARDS=2 in the environment."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag

    def load(**settings: str) -> Any:
        for setting, value in settings.items():
            monkeypatch.setenv(f"AIRFLOW_VAR_STEAMFLOW_{setting}", value)
        monkeypatch.delitem(sys.modules, "steamflow_task", raising=False)
        return DagBag(str(DAGS))

    return load


@pytest.fixture
def load_dags(dag_bag: Callable[..., Any]) -> LoadDags:
    """load_dags(RUNTIME="docker") is the DAGs by their id, all of which must import."""

    def load(**settings: str) -> dict[str, Any]:
        bag = dag_bag(**settings)
        assert bag.import_errors == {}
        return dict(bag.dags)

    return load


@pytest.fixture(scope="session")
def airflow() -> Callable[..., str]:
    """airflow("dags", "list", NAME="value") runs the command line with NAME in its environment, and
    returns its output. The database is made first, and a copy of it while it is empty."""

    def run(*arguments: str, check: bool = True, **environment: str) -> str:
        command = subprocess.run(
            ["airflow", *arguments],
            check=False,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        assert command.returncode == 0 or not check, command.stdout
        return command.stdout

    run("db", "migrate")
    shutil.copy(Path(airflow_home.name) / "airflow.db", Path(airflow_home.name) / "empty.db")
    return run
