"""The windows of the Spark application, run on local cores, against SQL over the raw store."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import ROOT, store_records
from records import first_and_second_part, produce, third_part

ENVIRONMENT = Path(sys.executable).parents[1]  # with Spark in it
QUERIES = ("player_counts_5m", "player_counts_1h", "most_played_games_1d")
COUNTS_SQL = """
WITH samples AS (
  SELECT date_bin(%(width)s, event_time, '2000-01-01 00:00Z') AS start,
         (value->>'appid')::bigint AS appid, value->>'game' AS game,
         (value->>'player_count')::bigint AS players
  FROM steamflow.records
  WHERE topic = 'topic_currPlayer' AND value ? 'player_count'
    AND event_time < now() + interval '1 day' AND event_id <> ALL (%(late)s)
)
SELECT start, start + %(width)s::interval, appid, max(game), count(*), min(players),
       sum(players)::float8 / count(*), max(players)
FROM samples GROUP BY start, appid ORDER BY start, appid
"""
MOST_PLAYED_SQL = """
SELECT start, start + interval '1 day', (value->>'appid')::bigint AS appid, max(value->>'name'),
       count(DISTINCT value->>'steam_id')
FROM steamflow.records, generate_series(
  date_bin('1 hour', event_time, '2000-01-01 00:00Z') - interval '23 hours',
  date_bin('1 hour', event_time, '2000-01-01 00:00Z'), interval '1 hour') AS start
WHERE topic = 'rct_plyd_games' GROUP BY start, appid ORDER BY start, appid
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """docker/spark as it lies in an image, with the jars in it. For little data less is compiled:
    with its own settings a run takes twice as long. Batches follow each other sooner."""
    folder = tmp_path_factory.mktemp("program") / "spark"
    shutil.copytree(ROOT / "docker/spark", folder)
    text = (folder / "steam_windows.py").read_text()
    assert text.count('INTERVAL = "30 seconds"') == 1
    text = text.replace('INTERVAL = "30 seconds"', 'INTERVAL = "1 second"')
    (folder / "steam_windows.py").write_text(text)
    with (folder / "conf/spark-defaults.conf").open("a") as settings:
        settings.write(
            "spark.sql.codegen.wholeStage false\n"
            "spark.sql.codegen.factoryMode NO_CODEGEN\n"
            "spark.sql.shuffle.partitions 2\n"
        )
    (folder / "jars").symlink_to(ENVIRONMENT / "jars")
    return folder / "steam-windows"


@dataclass
class Application:
    """A process group of its own, whose output goes to a file."""

    process: subprocess.Popen[bytes]
    output: Path

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 600
        while not condition():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.02)

    def result(self) -> dict[str, Any]:
        """Of the run, which it waits for: the last line, with nothing but warnings before it."""
        try:
            self.process.wait(600)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self.output.read_text()) from error
        text = self.output.read_text()
        result: dict[str, Any] = json.loads(text.splitlines()[-1])
        assert result["exit_code"] == self.process.returncode, text
        return result


@dataclass
class Spark:
    program: Path
    folder: Path
    environment: dict[str, str]

    @contextmanager
    def run(self, *arguments: str, **environment: str) -> Iterator[Application]:
        output = self.folder / f"{time.monotonic_ns()}.log"
        with output.open("w") as file:
            application = Application(
                subprocess.Popen(
                    [self.program, *arguments],
                    env=self.environment | environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                ),
                output,
            )
        try:
            yield application
        finally:
            if application.process.poll() is None:
                application.kill()

    def has(self, what: str, batch: int) -> bool:
        """Whether the checkpoint of every query has the batch's offsets, or its commit."""
        return all(
            (self.folder / "checkpoint" / query / what / str(batch)).exists() for query in QUERIES
        )


@pytest.fixture
def spark(program: Path, tmp_path: Path, brokers: str, postgres: str) -> Spark:
    environment = {
        "PATH": f"{ENVIRONMENT}/bin:{os.environ['PATH']}",
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AIRFLOW_VAR_SPARK_MASTER": "local[2]",
        "AIRFLOW_VAR_SPARK_CHECKPOINT": f"file://{tmp_path}/checkpoint",
        "AIRFLOW_CONN_KAFKA_DEFAULT": f"kafka://{brokers}",
        "AIRFLOW_CONN_POSTGRES_DEFAULT": postgres,
    }
    return Spark(program, tmp_path, environment)


@pytest.fixture
def database(postgres: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres, autocommit=True, options="-c timezone=UTC") as connection:
        yield connection


def stored(database: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(
        f"SELECT * FROM steamflow.{query} ORDER BY window_start, appid"
    ).fetchall()


def assert_windows_are_those_of_the_raw_store(
    database: psycopg.Connection, late: list[str]
) -> None:
    for query, width in (("player_counts_5m", "5 minutes"), ("player_counts_1h", "1 hour")):
        expected = database.execute(COUNTS_SQL, {"width": width, "late": late}).fetchall()
        assert len(expected) > 100
        assert stored(database, query) == expected
    expected = database.execute(MOST_PLAYED_SQL).fetchall()
    assert len(expected) > 500
    assert stored(database, "most_played_games_1d") == expected


def test_windows_are_exact_after_kills(spark, brokers, postgres, database):
    _, second = first_and_second_part()

    def has_stored(query: str) -> bool:
        known = database.execute("SELECT to_regclass(%s)", [f"steamflow.{query}"]).fetchone()
        return known != (None,) and stored(database, query) != []

    # Without --once it goes on until it is killed: here in the first batch, when a query has stored
    # its windows, and hardly told its checkpoint.
    with spark.run() as application:
        application.wait_until(lambda: spark.has("offsets", 0) and any(map(has_stored, QUERIES)))
        application.kill()

    # And when a query is about to store the windows of what came while it ran, which a lock keeps
    # it from.
    waiting = "SELECT FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
    table = "steamflow.player_counts_1h"
    with psycopg.connect(postgres) as locking, spark.run() as application:
        application.wait_until(lambda: spark.has("commits", 0))
        locking.execute(f"LOCK TABLE {table} IN SHARE MODE")
        produce(brokers, second)
        application.wait_until(lambda: database.execute(waiting, [table]).fetchone() is not None)
        with spark.run("--once") as other:  # the windows are the first one's
            result = other.result()
            assert result["exit_code"] == 75
            assert "another application writes steamflow" in result["error"]["message"]
        application.kill()

    with spark.run("--once") as application:
        result = application.result()
    assert (result["task"], result["status"], result["error"]) == ("steam-windows", "success", None)
    store_records(brokers, postgres)
    assert_windows_are_those_of_the_raw_store(database, late=[])

    # What comes too late is counted, and changes nothing.
    on_time, late = third_part()
    produce(brokers, on_time + late)
    with spark.run("--once") as application:
        result = application.result()
    counts = {"records": 1 + len(late), "ignored": 0, "late": len(late), "windows": 1}
    assert result["queries"] == {
        "player_counts_5m": counts,
        "player_counts_1h": counts,
        "most_played_games_1d": {"records": 1, "ignored": 0, "late": 0, "windows": 24},
    }
    store_records(brokers, postgres)
    assert_windows_are_those_of_the_raw_store(database, [record.event_id for record in late])


@pytest.mark.parametrize(
    ("variable", "value", "exit_code", "message"),
    [
        ("AIRFLOW_VAR_SPARK_CHECKPOINT", "", 78, "no checkpoint: set AIRFLOW_VAR_SPARK_CHECKPOINT"),
        ("AIRFLOW_CONN_POSTGRES_DEFAULT", "postgres://me:secret@127.0.0.1:9/db", 75, "refused"),
    ],
)
def test_a_run_that_cannot_begin_says_why(spark, variable, value, exit_code, message):
    with spark.run("--once", **{variable: value}) as application:
        result = application.result()
        assert (result["status"], result["exit_code"]) == ("failed", exit_code)
        assert message in result["error"]["message"]
        assert "secret" not in application.output.read_text()
