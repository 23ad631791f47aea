"""Compares the Iceberg tables of the Spark application, read by pyiceberg, with the raw store."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from application import end
from conftest import store_records
from lake import run
from notebook import executed, outputs
from pyiceberg.catalog.sql import SqlCatalog
from records import (
    COUNTS,
    NEWS,
    PLAYED,
    PROFILES,
    WATCHED,
    after,
    player_count,
    produce,
    state_and_news,
)
from submitted import Application, Spark, lay, local_spark

TOPICS = {
    "player_counts": {COUNTS},
    "recently_played_games": {PLAYED},
    "players": {PROFILES, WATCHED},
    "news": {NEWS},
}
RAW_SQL = """
SELECT topic, event_id, event_time, partition, "offset", key, value
FROM steamflow.records WHERE topic = ANY (%s)
"""


@dataclass
class Lake:
    """The folder of the tables, read by a library other than Spark's."""

    folder: Path

    def has_tables(self) -> bool:
        """Whether all tables have been created."""
        if not (self.folder / "catalog.sqlite").exists():
            return False
        with closing(self.database()) as database:
            known = "SELECT 1 FROM sqlite_master WHERE name = 'iceberg_tables'"
            if database.execute(known).fetchone() is None:
                return False
            tables = database.execute("SELECT count(*) FROM iceberg_tables").fetchone()
        return bool(tables == (len(TOPICS),))

    def database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "catalog.sqlite", isolation_level=None)

    def catalog(self) -> SqlCatalog:
        uri = f"sqlite:///{self.folder}/catalog.sqlite"
        return SqlCatalog("lake", uri=uri, warehouse=f"file://{self.folder}")

    def rows(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (
            self.catalog().load_table(f"steamflow.{name}").scan().to_arrow().to_pylist()
        )
        return rows

    def files(self, name: str) -> set[Path]:
        return set((self.folder / "steamflow" / name / "data").rglob("*.parquet"))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application, changed: batches are so small that there are several, and it waits longer for a
    locked catalog."""
    changes = {
        "RECORDS_A_BATCH = 1_000_000": "RECORDS_A_BATCH = 400",
        "busy_timeout=60000": "busy_timeout=600000",
    }
    return lay(tmp_path_factory.mktemp("program"), "lake.py", changes) / "steam-lake"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def spark(program: Path, tmp_path: Path, brokers: str, lake: Lake) -> Spark:
    spark = local_spark(program, tmp_path, brokers)
    spark.environment["AIRFLOW_VAR_SPARK_WAREHOUSE"] = str(lake.folder)
    return spark


def seconds(time: datetime) -> float:
    return time.timestamp()


def assert_tables_are_the_raw_store(lake: Lake, postgres: str, letters: set[str]) -> None:
    """The tables have each record of the raw store once, with the same data, and the records that the
    raw store refused."""
    with psycopg.connect(postgres) as database:
        for name, topics in TOPICS.items():
            expected = {
                (topic, event_id): (seconds(time), *rest)
                for topic, event_id, time, *rest in database.execute(RAW_SQL, [list(topics)])
            }
            assert len(expected) > 40
            rows = [row for row in lake.rows(name) if row["event_id"] not in letters]
            held = {
                (row["topic"], row["event_id"]): (
                    seconds(row["event_time"]),
                    *(row[column] for column in ("partition", "offset", "key")),
                    None if row["value"] is None else json.loads(row["value"]),
                )
                for row in rows
            }
            assert held == expected
            assert len(rows) == len(held)


def assert_columns_are_the_tables(lake: Lake, postgres: str) -> None:
    """The columns of the two stores have the same values."""
    with psycopg.connect(postgres) as database:
        for name, columns in {
            "player_counts": ("game", "appid", "player_count"),
            "recently_played_games": ("steam_id", "appid", "name", "playtime_2weeks"),
        }.items():
            expected = database.execute(
                f"SELECT event_id, {', '.join(columns)} FROM steamflow.{name}"
            ).fetchall()
            held = {
                row["event_id"]: [str(row[column]) for column in columns] for row in lake.rows(name)
            }
            for event_id, *fields in expected:
                assert held[event_id] == [str(field) for field in fields]


def assert_days_are_those_of_the_event_ids(lake: Lake) -> None:
    """The days matter because a merge reads only some of them."""
    for name in ("player_counts", "recently_played_games"):
        for row in lake.rows(name):
            if found := re.search(r"/(2\d{3}-\S{11}Z)(/|$)", row["event_id"]):
                time = datetime.strptime(found[1], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
                assert row["id_time"] == time
        days = {path.parent.name for path in lake.files(name)}
        assert {f"id_time_day={row['id_time']:%Y-%m-%d}" for row in lake.rows(name)} <= days


def await_files(application: Application, lake: Lake, before: dict[str, set[Path]]) -> None:
    """Waits until the application has written data files for these tables. They belong to a table only
    after a commit."""
    application.wait_until(lambda: all(lake.files(name) - before[name] for name in before))


def test_tables_hold_each_record_once(spark, lake, brokers, postgres, monkeypatch):
    records, refused = state_and_news()
    produce(brokers, records + refused)
    letters = {record.event_id for record in refused}
    store_records(brokers, postgres)

    # Killed in the middle of the first batches: their files are written, but nothing is committed.
    with spark.run() as application:
        application.wait_until(lake.has_tables)
        with closing(lake.database()) as database:
            database.execute("BEGIN IMMEDIATE")
            await_files(application, lake, {name: set() for name in TOPICS})
            application.kill()

    # Killed when a batch is in its table, just before or after the checkpoint has it.
    with spark.run() as application:
        application.wait_until(lambda: any(lake.rows(name) for name in TOPICS))
        application.kill()

    with spark.run() as application:
        result = application.result()
    assert (result["task"], result["status"], result["error"]) == ("steam-lake", "success", None)
    assert_tables_are_the_raw_store(lake, postgres, letters)
    assert_columns_are_the_tables(lake, postgres)
    assert_days_are_those_of_the_event_ids(lake)
    held = {name: lake.rows(name) for name in TOPICS}
    assert {name: table["rows"] for name, table in result["tables"].items()} == {
        name: len(rows) for name, rows in held.items()
    }
    assert letters <= {row["event_id"] for row in held["news"]}
    assert result["tables"]["recently_played_games"]["compacted_files"] >= 5
    far = next(row for row in held["news"] if row["gid"] == "far")
    assert (far["appid"], far["feed_appid"], far["date"], far["id_time"]) == (
        None,
        570,
        2**40,
        None,
    )
    assert far["tags"] is None

    monkeypatch.setenv("AIRFLOW_VAR_SPARK_WAREHOUSE", str(lake.folder))
    (players,) = outputs(executed(spark.folder, monkeypatch, brokers, postgres), "lake-players")
    assert "name 2 at 30" in players["text/plain"]
    gone = next(record.key for record in records if record.is_tombstone)
    assert gone in {row["key"] for row in held["players"]}
    assert gone not in players["text/plain"]

    # Two applications merge the same records at the same time and are both about to commit. One
    # succeeds, and the other one reports that it was too late.
    checkpoint, other = spark.folder / "checkpoint", spark.folder / "other"
    shutil.copytree(checkpoint, other)
    minute = timedelta(minutes=1)  # a minute without other records, which come every three
    produce(brokers, [player_count("Palworld", after(20) + minute, 8)])
    before = {"player_counts": lake.files("player_counts")}
    with closing(lake.database()) as database:
        database.execute("BEGIN IMMEDIATE")
        with spark.run() as first:
            await_files(first, lake, before)
            before = {"player_counts": lake.files("player_counts")}
            with spark.run(AIRFLOW_VAR_SPARK_CHECKPOINT=f"file://{other}") as second:
                await_files(second, lake, before)
                database.execute("ROLLBACK")
                results = [application.result() for application in (first, second)]
    assert sorted(result["exit_code"] for result in results) == [0, 75]
    (late,) = (result for result in results if result["exit_code"] == 75)
    table = "lake.steamflow.player_counts"
    assert f"another application has written {table}" in late["error"]["message"]

    # Without a checkpoint everything is merged again, repeats included. The schema has a new property,
    # so the table has a new column.
    produce(brokers, [records[0], refused[0], records[-2]])
    shutil.rmtree(checkpoint)
    path = spark.program.parents[2] / "tasks/steam_news/record.schema.json"
    schema = json.loads(path.read_text())
    schema["properties"]["later"] = {"type": "string"}
    path.write_text(json.dumps(schema))
    with spark.run() as application:
        result = application.result()
    assert result["exit_code"] == 0
    assert result["tables"]["news"]["unreadable"] == 2  # that dead letter and its repeat
    store_records(brokers, postgres)
    assert_tables_are_the_raw_store(lake, postgres, letters)
    assert len(lake.rows("player_counts")) == len(held["player_counts"]) + 1
    assert {row["later"] for row in lake.rows("news")} == {None}

    # The tables are lost, but the checkpoint is not: the application fails rather than leave a gap.
    shutil.rmtree(lake.folder)
    with spark.run() as application:
        result = application.result()
    assert result["exit_code"] == 78
    assert "no longer exists: delete its checkpoint" in result["error"]["message"]


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AIRFLOW_VAR_SPARK_CHECKPOINT", "", "no checkpoint: set AIRFLOW_VAR_SPARK_CHECKPOINT"),
        ("AIRFLOW_VAR_SPARK_WAREHOUSE", "", "no tables: set AIRFLOW_VAR_SPARK_WAREHOUSE"),
        ("AIRFLOW_VAR_SPARK_WAREHOUSE", "s3://bucket", "is not the path of a folder"),
    ],
)
def test_a_run_that_cannot_begin_says_why(spark, monkeypatch, capsys, variable, value, message):
    for name, own in (spark.environment | {variable: value}).items():
        monkeypatch.setenv(name, own)
    assert end("steam-lake", run) == 78
    result = json.loads(capsys.readouterr().out)
    assert (result["status"], result["exit_code"]) == ("failed", 78)
    assert message in result["error"]["message"]
