"""Copies the records of Kafka topics into tables of Apache Iceberg, which keep each record once, for
years. It reads all topics whose records have a JSON Schema; each property is a column.

    steam-lake

It ends when everything that was in the topics at the start is stored. The last line on stdout is the
result, in the form of the programs' result lines.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from application import EVENT_ID_HEADER, checkpoint_folder, end
from connections import SettingError, iceberg_properties, kafka_options
from lake_table import CATALOG, ENVELOPE, LakeTable
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.streaming import StreamingQuery

TASKS = Path(__file__).resolve().parents[2] / "tasks"
RECORDS_A_BATCH = 1_000_000  # a killed run loses at most one batch of work
UNREADABLE = "_unreadable"

# The event time, as in the other sinks: `timestamp`, or else Kafka's time. For a player it is the
# version, which must not lie in the future by more than a day.
OWN_TIME = "coalesce(`timestamp`, date_trunc('second', arrival))"
VERSION = (
    f"least({OWN_TIME}, date_trunc('second', arrival) + INTERVAL 1 DAY, now() + INTERVAL 1 DAY)"
)
IN_TIME = "BETWEEN unix_timestamp('2000-01-01 00:00:00') AND unix_timestamp('2099-12-31 23:59:59')"
PUBLISHED = f"coalesce(if(`date` {IN_TIME}, timestamp_seconds(`date`), NULL), {OWN_TIME})"
# The first part of an event id that is a time; the other sinks find the month of a record in the same
# way. Seconds are added if they are missing, because Spark cannot parse a time without them.
ID_TIME = r"""get(filter(transform(
  filter(split(event_id, '/'), part -> part RLIKE
    '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?Z$'),
  part -> try_to_timestamp(regexp_replace(part, '^(.{16})Z$', '$1:00Z'))), time -> time IS NOT NULL), 0)"""


@dataclass(frozen=True)
class Table:
    name: str
    task: str  # the source that has the schema of the records
    event_time: str

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = json.loads((TASKS / self.task / "record.schema.json").read_text())
        return schema

    def topics(self) -> list[str]:
        return str(self.schema()["title"]).split(", ")

    def fields(self) -> dict[str, str]:
        properties = self.schema()["properties"]
        return {name: column_type(property_) for name, property_ in properties.items()}


TABLES = (
    Table("player_counts", "steam_current_players", OWN_TIME),
    Table("recently_played_games", "steam_recently_played_games", OWN_TIME),
    Table("players", "steam_player_summaries", VERSION),
    Table("news", "steam_news", PUBLISHED),
)


def column_type(property_: dict[str, Any]) -> str:
    """The SQL type of a property. If there are several types, the first is the API's current one."""
    types = property_["type"]
    type_ = types if isinstance(types, str) else types[0]
    if type_ == "array":
        return f"array<{column_type(property_['items'])}>"
    if property_.get("format") == "date-time":
        return "timestamp"
    return {"string": "string", "integer": "bigint"}[type_]


def column(name: str, type_: str) -> str:
    """SQL for a column. As in the other sinks, values of another type and negative numbers become
    null."""
    value = f"record.`{name}`"
    if type_ == "timestamp":
        value = f"try_to_timestamp({value})"
    elif type_ == "bigint":
        value = f"try_cast(if({value} RLIKE '^[0-9]+$', {value}, NULL) AS bigint)"
    return f"{value} AS `{name}`"


@dataclass(frozen=True)
class Settings:
    kafka: dict[str, str]
    catalog: dict[str, str]  # Iceberg's properties of the catalog
    checkpoint: str

    @classmethod
    def read(cls) -> Settings:
        return cls(kafka_options(), catalog_properties(), f"{checkpoint_folder()}/lake")


def catalog_properties() -> dict[str, str]:
    """The properties of the configured catalog, or else of one in the folder of the tables."""
    if properties := iceberg_properties():
        return properties
    folder = os.environ.get("AIRFLOW_VAR_SPARK_WAREHOUSE", "")
    if not folder:
        raise SettingError(
            "no tables: set AIRFLOW_VAR_SPARK_WAREHOUSE or AIRFLOW_CONN_ICEBERG_DEFAULT"
        )
    if not folder.startswith("/"):
        raise SettingError("AIRFLOW_VAR_SPARK_WAREHOUSE is not the path of a folder")
    Path(folder).mkdir(parents=True, exist_ok=True)
    # SQLite serializes the writers. Iceberg's catalog without a database, a mere folder, does not.
    uri = f"jdbc:sqlite:{folder}/catalog.sqlite?busy_timeout=60000"
    properties = {"warehouse": f"file://{folder}", "type": "jdbc", "uri": uri}
    return properties | {"jdbc.schema-version": "V1"}  # Iceberg warns about the older V0


def records_of(spark: SparkSession, table: Table, kafka: dict[str, str]) -> DataFrame:
    """Every record of the table's topics. A record whose value cannot be parsed has only the
    value, and no columns."""
    fields = table.fields()
    values = ", ".join(
        f"`{name}` {type_ if type_.startswith('array') else 'string'}"
        for name, type_ in (*fields.items(), (UNREADABLE, "string"))
    )
    options = f"map('columnNameOfCorruptRecord', '{UNREADABLE}')"
    records = (
        spark.readStream.format("kafka")
        .options(**kafka)
        .option("subscribe", ",".join(table.topics()))
        .option("startingOffsets", "earliest")
        .option("includeHeaders", True)
        .option("maxOffsetsPerTrigger", RECORDS_A_BATCH)
        .option("kafka.isolation.level", "read_committed")
        .load()
        .selectExpr(
            "topic",
            f"coalesce({EVENT_ID_HEADER}, concat_ws('/', topic,"
            " date_format(timestamp, \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\"), partition, offset))"
            " AS event_id",
            "timestamp AS arrival",
            "partition",
            "offset",
            "cast(key AS string) AS key",
            "cast(value AS string) AS value",
            f"from_json(cast(value AS string), '{values}', {options}) AS record",
        )
        .selectExpr(
            *("topic", "event_id", "arrival", "partition", "offset", "key", "value"),
            f"record.{UNREADABLE} IS NOT NULL AS {UNREADABLE}",
            *(column(name, type_) for name, type_ in fields.items()),
        )
        .withColumns({"event_time": f.expr(table.event_time), "id_time": f.expr(ID_TIME)})
    )
    return records.observe(
        table.name, f.count("*").alias("records"), f.count_if(UNREADABLE).alias("unreadable")
    ).select(*ENVELOPE, *fields)


def has_progress(spark: SparkSession, checkpoint: str) -> bool:
    path = spark._jvm.org.apache.hadoop.fs.Path(f"{checkpoint}/commits")
    files = path.getFileSystem(spark._jsc.hadoopConfiguration())
    return bool(files.exists(path)) and len(files.listStatus(path)) > 0


def start(spark: SparkSession, table: Table, held: LakeTable, settings: Settings) -> StreamingQuery:
    """Starts the query of a table. After a kill it resumes at the checkpoint and merges the unfinished
    batch again."""

    def merge(batch: DataFrame, _: int) -> None:
        try:
            held.merge(batch)
        except Exception as error:
            held.failure = error  # Spark passes on only the text of the traceback
            raise

    checkpoint = f"{settings.checkpoint}/{table.name}"
    if held.is_new and has_progress(spark, checkpoint):
        raise SettingError(
            f"{held.table} no longer exists: delete its checkpoint {checkpoint} to refill it"
        )
    return (
        records_of(spark, table, settings.kafka)
        .writeStream.queryName(table.name)
        .option("checkpointLocation", checkpoint)
        .foreachBatch(merge)
        .trigger(availableNow=True)
        .start()
    )


def counts(query: StreamingQuery, held: LakeTable) -> dict[str, int]:
    """What the query read in its batches, as far as Spark remembers them (the last 100), and the number
    of rows in the table."""
    observed = [
        batch["observedMetrics"][query.name]
        for batch in query.recentProgress
        if batch["observedMetrics"]
    ]
    return {
        "records": sum(metrics["records"] for metrics in observed),
        "unreadable": sum(metrics["unreadable"] for metrics in observed),
        "compacted_files": held.tidy(),
        "rows": held.rows(),
    }


def run() -> dict[str, Any]:
    settings = Settings.read()
    builder = SparkSession.builder.appName("steam-lake")
    builder = builder.config(
        f"spark.sql.catalog.{CATALOG}", "org.apache.iceberg.spark.SparkCatalog"
    )
    # Each query has its own session. A table cached in this session would not show their commits.
    for name, value in (settings.catalog | {"cache-enabled": "false"}).items():
        builder = builder.config(f"spark.sql.catalog.{CATALOG}.{name}", value)
    spark = builder.getOrCreate()
    try:
        held = [LakeTable(spark, table.name, table.fields()) for table in TABLES]
        queries = [start(spark, *pair, settings) for pair in zip(TABLES, held, strict=True)]
        for query, table in zip(queries, held, strict=True):
            try:
                query.awaitTermination()
            except StreamingQueryException as stopped:
                raise table.failure or stopped from None
        return {"tables": {q.name: counts(q, t) for q, t in zip(queries, held, strict=True)}}
    finally:
        spark.stop()


def main() -> int:
    argparse.ArgumentParser(prog="steam-lake", description=__doc__).parse_args()
    return end("steam-lake", run)


if __name__ == "__main__":
    sys.exit(main())
