"""Compares the windows of the Spark application, run on local cores, with SQL over the raw store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import store_records
from records import COUNTS, delete_records, first_and_second_part, produce, third_part
from submitted import Spark, lay, local_spark

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
    """The application, changed to make batches more often."""
    quicker = {'INTERVAL = "30 seconds"': 'INTERVAL = "1 second"'}
    return lay(tmp_path_factory.mktemp("program"), "steam_windows.py", quicker) / "steam-windows"


@pytest.fixture
def spark(program: Path, tmp_path: Path, brokers: str, postgres: str) -> Spark:
    spark = local_spark(program, tmp_path, brokers)
    spark.environment["AIRFLOW_CONN_POSTGRES_DEFAULT"] = postgres
    return spark


def has(spark: Spark, what: str, batch: int) -> bool:
    """Whether the checkpoint of every query has this batch's offsets or commit."""
    return all(
        (spark.folder / "checkpoint" / query / what / str(batch)).exists() for query in QUERIES
    )


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

    # Without --once it runs until it is killed: here in the first batch, when a query has stored its
    # windows, just before or after the checkpoint has this.
    with spark.run() as application:
        application.wait_until(lambda: has(spark, "offsets", 0) and any(map(has_stored, QUERIES)))
        application.kill()

    # Killed again while a lock keeps a query from storing the windows of the records that came during
    # the run.
    waiting = "SELECT FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
    table = "steamflow.player_counts_1h"
    with psycopg.connect(postgres) as locking, spark.run() as application:
        application.wait_until(lambda: has(spark, "commits", 0))
        locking.execute(f"LOCK TABLE {table} IN SHARE MODE")
        produce(brokers, second)
        application.wait_until(lambda: database.execute(waiting, [table]).fetchone() is not None)
        with spark.run("--once") as other:  # the first application owns the windows
            result = other.result()
            assert result["exit_code"] == 75
            assert "another application writes steamflow" in result["error"]["message"]
        application.kill()

    with spark.run("--once") as application:
        result = application.result()
    assert (result["task"], result["status"], result["error"]) == ("steam-windows", "success", None)
    store_records(brokers, postgres)
    assert_windows_are_those_of_the_raw_store(database, late=[])

    # Late records are counted and change nothing.
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

    # Kafka deletes a record that was not read.
    produce(brokers, on_time)
    delete_records(brokers, COUNTS)
    with spark.run("--once") as application:
        result = application.result()
    assert (result["exit_code"], result["error"]["kind"]) == (65, "data")
    assert "Kafka deleted records" in result["error"]["message"]


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
