"""One Airflow home with its database for the whole session, functions that load and run DAGs in
it, and the servers that the programs use: a stand-in for the Steam Web API, Redis and Kafka."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
AIRFLOW_3 = version("apache-airflow").startswith("3.")
# These tests need a feature that only one of the versions has. They are ignored, because a skipped
# test would count as failed.
collect_ignore = (
    ["test_before_native.py"]
    if AIRFLOW_3
    else [
        "test_native.py",
        *(
            f"test_native_{part}.py"
            for part in ("bundles", "celery", "kills", "protocol", "scheduled")
        ),
    ]
)
PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
SERVICES = ROOT / "tests/services"
KEY = "0123456789ABCDEF0123456789ABCDEF"

# This comes before the first import of Airflow, which reads its configuration.
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
sys.path[:0] = [str(DAGS), str(ROOT / "tests/harness")]

from described import as_described, descriptions

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
        for name in [name for name in sys.modules if name.partition(".")[0] == "steamflow"]:
            monkeypatch.delitem(sys.modules, name)
        return DagBag(str(DAGS))

    return load


@pytest.fixture
def load_dags(dag_bag: Callable[..., Any]) -> LoadDags:
    """load_dags(RUNTIME="docker") returns the DAGs by their id. All of them must import."""

    def load(**settings: str) -> dict[str, Any]:
        bag = dag_bag(**settings)
        assert bag.import_errors == {}
        return dict(bag.dags)

    return load


@pytest.fixture(scope="session")
def airflow() -> Iterator[Callable[..., str]]:
    """airflow("dags", "list", NAME="value") runs the command line with NAME in its environment,
    and returns its output. The database is created first, and copied while it is empty."""
    output = Path(airflow_home.name) / "output"

    def run(*arguments: str, check: bool = True, **environment: str) -> str:
        """Uses a new process if the configuration differs, because the warm process has read its
        own."""
        if any(name.startswith("AIRFLOW__") for name in environment):
            with output.open("wb") as file:
                code = subprocess.run(
                    ["airflow", *arguments],
                    check=False,
                    env=os.environ | environment,
                    stdout=file,
                    stderr=file,
                    timeout=600,
                ).returncode
        else:
            request = [arguments, dict(os.environ | environment), str(output)]
            assert warm.stdin
            assert warm.stdout
            warm.stdin.write(json.dumps(request) + "\n")
            warm.stdin.flush()
            answered = select.select([warm.stdout], [], [], 600)[0]
            assert answered, f"{arguments} still runs: {output.read_text()}"
            code = int(warm.stdout.readline())
        text = output.read_text()
        assert code == 0 or not check, text
        return text

    warm = subprocess.Popen(
        [sys.executable, Path(__file__).parent / "warm_airflow.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        run("db", "migrate")
        shutil.copy(Path(airflow_home.name) / "airflow.db", Path(airflow_home.name) / "empty.db")
        yield run
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(warm.pid, signal.SIGKILL)  # together with a command that still runs
        warm.wait()


def command(*arguments: str | Path) -> str:
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


@dataclass
class Run:
    """The outcome of the newest run of a DAG."""

    output: str
    run_id: str
    states: dict[str, str]
    results: list[dict[str, Any]]


@dataclass
class Pipeline:
    airflow: Callable[..., str]
    environment: dict[str, str]
    brokers: str
    redis: str

    def run(self, dag_id: str, **environment: str) -> Run:
        output = self.airflow("dags", "test", dag_id, check=False, **self.environment | environment)
        with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
            runs = "SELECT run_id FROM dag_run WHERE dag_id = ? ORDER BY id DESC LIMIT 1"
            (run_id,) = database.execute(runs, (dag_id,)).fetchone()
            instances = "SELECT task_id, map_index, state FROM task_instance"
            of_run = " WHERE dag_id = ? AND run_id = ?"
            rows = database.execute(instances + of_run, (dag_id, run_id)).fetchall()
            states = {f"{name}{'' if i < 0 else f'[{i}]'}": state for name, i, state in rows}
            xcoms = database.execute(
                f"SELECT value FROM xcom {of_run} AND key = 'return_value' ORDER BY map_index",
                (dag_id, run_id),
            ).fetchall()
        results = [each for (value,) in xcoms if isinstance(each := json.loads(value), dict)]
        for result in results:
            if result.get("task") in descriptions():  # not of Spark's program, nor of Airflow
                as_described(result)
        return Run(output, run_id, states, results)

    def records(self, topic: str, run_id: str) -> list[str]:
        """The keys of the records that a run has written to a topic, which other tests may use
        too."""
        lines = command(
            *("kcat", "-C", "-q", "-e", "-b", self.brokers, "-t", topic, "-o", "beginning"),
            *("-f", r"%k\t%h\n"),
        ).splitlines()
        keys_and_headers = [line.split("\t") for line in lines]
        return [
            key for key, headers in keys_and_headers if f"run_id={run_id}" in headers.split(",")
        ]

    def asset_events(self, topic: str) -> list[dict[str, Any]]:
        """The extras of the events of a topic's asset, the oldest first."""
        asset, event = ("asset", "asset_event") if AIRFLOW_3 else ("dataset", "dataset_event")
        with sqlite3.connect(Path(airflow_home.name) / "airflow.db") as database:
            events = database.execute(
                f"SELECT {event}.extra FROM {event} JOIN {asset} ON {asset}.id = {asset}_id"
                " WHERE uri = ? ORDER BY timestamp",
                (f"steamflow/{topic}",),
            ).fetchall()
        return [json.loads(extra) for (extra,) in events]

    def redis_value(self, key: str) -> str:
        host, port = self.redis.split(":")
        return command("redis-cli", "-h", host, "-p", port, "get", key)

    def forget_walk(self, key: str) -> None:
        """Deletes the keys of a walk in Redis, as an operator does to start it from scratch."""
        host, port = self.redis.split(":")
        keys = [key, *(f"{key}:{part}" for part in ("pass", "reach", "failures", "grid"))]
        command("redis-cli", "-h", host, "-p", port, "del", *keys)


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("redis")
    yield command(SERVICES / "redis", "start", folder)
    command(SERVICES / "redis", "stop", folder)


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The session has its own Kafka, because Kafka remembers the positions of the sinks."""
    folder = tmp_path_factory.mktemp("kafka")
    yield command(SERVICES / "kafka", "start", folder)
    command(SERVICES / "kafka", "stop", folder)


@contextlib.contextmanager
def standin(*options: str) -> Iterator[str]:
    process = subprocess.Popen(
        [PROGRAMS / "steam-standin", "--port", "0", "--exit-with-stdin", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # closes its standard input, so that it ends
        assert process.stdout
        yield process.stdout.readline().strip()


@pytest.fixture(scope="session")
def steam() -> Iterator[str]:
    with standin("--key", KEY) as url:
        yield url


@dataclass
class FailingSteam:
    url: str

    def fail(self, match: dict[str, Any], **fault: Any) -> None:
        """Fails all calls that match, in this way."""
        fault |= {"match": match, "times": -1}
        httpx.post(f"{self.url}/standin/faults", json=fault).raise_for_status()

    def recover(self) -> None:
        httpx.delete(f"{self.url}/standin/faults").raise_for_status()


@pytest.fixture
def failing() -> Iterator[FailingSteam]:
    """A stand-in of the test's own, which takes any key."""
    with standin() as url:
        yield FailingSteam(url)


@pytest.fixture(scope="session")
def pipeline(airflow: Any, redis: str, brokers: str, steam: str) -> Pipeline:
    command(PROGRAMS / "kafka-create-topics", "--brokers", brokers)
    environment = {
        "AIRFLOW_VAR_STEAMFLOW_BIN": str(PROGRAMS),
        "AIRFLOW_VAR_STEAM_API_KEY": KEY,
        "AIRFLOW_VAR_STEAM_API_URL": steam,
        "AIRFLOW_CONN_REDIS_DEFAULT": f"redis://{redis}/0",
        "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(
            {"conn_type": "kafka", "extra": {"bootstrap.servers": brokers}}
        ),
    }
    airflow("dags", "reserialize")
    airflow("dags", "unpause", "--treat-dag-id-as-regex", ".*", "--yes")
    return Pipeline(airflow, environment, brokers, redis)
