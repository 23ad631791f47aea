"""Aggregates records of Kafka topics into PostgreSQL, with Spark Structured Streaming: the player
counts of each game in windows of 5 minutes and of an hour, and how many accounts played each game in
a sliding day.

    steam-windows [--once]

The last line on stdout is the result, in the form of the programs' result lines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from application import EVENT_ID_HEADER, checkpoint_folder, end
from connections import kafka_options, postgres_options
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming import StreamingQuery
from window_table import WindowTable

# How long event ids are remembered and windows stay open. A record that is older than the newest one
# of its topic by more than this is late and left out. Retries of a source repeat ids within hours.
DELAY = "1 day"
INTERVAL = "30 seconds"  # between two batches, without --once


@dataclass(frozen=True)
class Query:
    """A query from a topic to a table. The checkpoint and the table have its name."""

    name: str
    topic: str
    fields: dict[str, str]  # of the record, beside appid and timestamp
    number: str  # the required field; a record without it is ignored
    windows: Callable[[DataFrame], DataFrame]
    columns: str  # of the table, beside its key


@dataclass(frozen=True)
class Settings:
    kafka: dict[str, str]
    postgres: dict[str, str]
    checkpoint: str
    trigger: dict[str, Any]

    @classmethod
    def read(cls, once: bool) -> Settings:
        trigger: dict[str, Any] = {"availableNow": True} if once else {"processingTime": INTERVAL}
        return cls(kafka_options(), postgres_options(), checkpoint_folder(), trigger)


def player_counts(width: str) -> Callable[[DataFrame], DataFrame]:
    """The samples of each game in adjacent windows of this width."""

    def windows(events: DataFrame) -> DataFrame:
        return events.groupBy(f.window("time", width), "appid").agg(
            f.max("game").alias("game"),
            f.count("*").alias("samples"),
            f.min("player_count").alias("lowest"),
            f.avg("player_count").alias("mean"),
            f.max("player_count").alias("highest"),
        )

    return windows


def most_played_games(events: DataFrame) -> DataFrame:
    """How many accounts have played each game, in windows of a day that start every hour."""
    return (
        events.withColumn("window", f.window("time", "1 day", "1 hour"))
        .dropDuplicates(["window", "appid", "steam_id"])
        .groupBy("window", "appid")
        .agg(f.max("name").alias("name"), f.count("*").alias("accounts"))
    )


PLAYER_COUNT_FIELDS = {"game": "string", "player_count": "bigint"}
PLAYER_COUNT_COLUMNS = "game text, samples bigint, lowest bigint, mean float8, highest bigint"
QUERIES = (
    Query(
        "player_counts_5m",
        "topic_currPlayer",
        PLAYER_COUNT_FIELDS,
        "player_count",
        player_counts("5 minutes"),
        PLAYER_COUNT_COLUMNS,
    ),
    Query(
        "player_counts_1h",
        "topic_currPlayer",
        PLAYER_COUNT_FIELDS,
        "player_count",
        player_counts("1 hour"),
        PLAYER_COUNT_COLUMNS,
    ),
    Query(
        "most_played_games_1d",
        "rct_plyd_games",
        {"steam_id": "bigint", "name": "string"},
        "steam_id",
        most_played_games,
        "name text, accounts bigint",
    ),
)


def events_of(spark: SparkSession, query: Query, kafka: dict[str, str]) -> DataFrame:
    """The records of a topic, each event id once: the first one in its partition, as in PostgreSQL's
    `records`. Records without a usable number or time are counted and left out; a time in the future
    would make all other records late."""
    fields = {"appid": "bigint"} | query.fields
    values = ", ".join(f"`{name}` string" for name in (*fields, "timestamp"))
    records = (
        spark.readStream.format("kafka")
        .options(**kafka)
        .option("subscribe", query.topic)
        .option("startingOffsets", "earliest")
        .option("includeHeaders", True)
        .option("kafka.isolation.level", "read_committed")
        .load()
        .selectExpr(
            f"coalesce({EVENT_ID_HEADER}, concat_ws('/', topic, partition, offset)) AS event_id",
            "timestamp AS arrival",
            f"from_json(cast(value AS string), '{values}') AS record",
        )
        .selectExpr(
            "event_id",
            "arrival",
            "coalesce(try_to_timestamp(record.timestamp), arrival) AS time",
            *(f"try_cast(record.`{name}` AS {type_}) AS {name}" for name, type_ in fields.items()),
        )
    )
    usable = f.expr(
        f"appid IS NOT NULL AND {query.number} IS NOT NULL"
        " AND time >= '2000-01-01' AND time <= arrival + INTERVAL 1 DAY"
    )
    return (
        records.observe(
            query.name, f.count("*").alias("records"), f.count_if(~usable).alias("ignored")
        )
        .where(usable)
        .withWatermark("time", DELAY)
        .dropDuplicatesWithinWatermark(["event_id"])
    )


def start(
    spark: SparkSession, query: Query, table: WindowTable, settings: Settings
) -> StreamingQuery:
    """Starts the query. After a kill it resumes at the checkpoint: it repeats the unfinished batch with
    the same records and the same state, and stores the same windows."""

    def store(batch: DataFrame, _: int) -> None:
        columns = batch.columns[1:]  # after the window
        table.upsert(
            batch.select("window.start", "window.end", *columns).toDF(
                "window_start", "window_end", *columns
            )
        )

    return (
        query.windows(events_of(spark, query, settings.kafka))
        .writeStream.queryName(query.name)
        .outputMode("update")
        .option("checkpointLocation", f"{settings.checkpoint}/{query.name}")
        .foreachBatch(store)
        .trigger(**settings.trigger)
        .start()
    )


def counts(query: StreamingQuery, table: WindowTable) -> dict[str, int]:
    """What the query did in its batches, as far as Spark remembers them (the last 100)."""
    progress = query.recentProgress
    observed = [
        batch["observedMetrics"][query.name] for batch in progress if batch["observedMetrics"]
    ]
    return {
        "records": sum(metrics["records"] for metrics in observed),
        "ignored": sum(metrics["ignored"] for metrics in observed),
        "late": sum(
            operator["numRowsDroppedByWatermark"]
            for batch in progress
            for operator in batch["stateOperators"]
        ),
        "windows": table.stored,
    }


def run(settings: Settings) -> dict[str, dict[str, int]]:
    """Runs the queries. With availableNow, they end when everything that was in the topics at the start
    is stored. Otherwise they run until one of them fails."""
    spark = SparkSession.builder.appName("steam-windows").getOrCreate()
    try:
        tables = [WindowTable(spark, settings.postgres, q.name, q.columns) for q in QUERIES]
        queries = [start(spark, *pair, settings) for pair in zip(QUERIES, tables, strict=True)]
        spark.streams.awaitAnyTermination()  # raises the exception of a failed query, as the next line does
        for query in queries:
            query.awaitTermination()
        return {
            query.name: counts(query, table) for query, table in zip(queries, tables, strict=True)
        }
    finally:
        # The others would still write to the log when the result is written.
        for query in spark.streams.active:
            query.stop()
        spark.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="steam-windows", description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="end when everything that is in the topics now is stored",
    )
    once = parser.parse_args().once
    return end("steam-windows", lambda: {"queries": run(Settings.read(once))})


if __name__ == "__main__":
    sys.exit(main())
