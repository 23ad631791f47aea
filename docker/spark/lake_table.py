"""A table of Apache Iceberg that holds each record of its topics once, by topic and event id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

CATALOG, NAMESPACE = "lake", "steamflow"
# What a table has of every record, whatever its topic.
ENVELOPE = {
    "topic": "string",
    "event_id": "string",
    "event_time": "timestamp",
    "id_time": "timestamp",  # what the event id names; null where it names none
    "arrival": "timestamp",  # Kafka's
    "partition": "int",
    "offset": "bigint",
    "key": "string",
    "value": "string",  # as it came; null: a tombstone
}
# A merge that another one has overtaken fails, so that two applications cannot both insert a record.
PROPERTIES = {
    "format-version": "2",
    "write.merge.mode": "merge-on-read",
    "write.merge.isolation-level": "serializable",
    "write.metadata.delete-after-commit.enabled": "true",
}
PLACE = "struct(arrival, partition, offset)"
# What Iceberg refuses a commit with that another one has overtaken.
OVERTAKEN = {
    f"org.apache.iceberg.exceptions.{name}"
    for name in ("CommitFailedException", "ValidationException")
}


def definitions(columns: dict[str, str]) -> str:
    return ", ".join(f"`{name}` {type_}" for name, type_ in columns.items())


class LakeTable:
    def __init__(self, spark: SparkSession, name: str, fields: dict[str, str]):
        """`fields` are the types of the columns beside the envelope's; the table gets those that it
        does not have."""
        self.spark, self.table = spark, f"{CATALOG}.{NAMESPACE}.{name}"
        self.failure: Exception | None = None  # of a merge
        self.is_new = not spark.catalog.tableExists(self.table)
        if self.is_new:
            properties = ", ".join(f"'{name}' = '{value}'" for name, value in PROPERTIES.items())
            spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{NAMESPACE}")
            spark.sql(f"""
                CREATE TABLE {self.table} ({definitions(ENVELOPE | fields)}) USING iceberg
                PARTITIONED BY (days(id_time)) TBLPROPERTIES ({properties})""")
        known = spark.table(self.table).columns
        if missing := {name: type_ for name, type_ in fields.items() if name not in known}:
            spark.sql(f"ALTER TABLE {self.table} ADD COLUMNS ({definitions(missing)})")

    def merge(self, records: DataFrame) -> None:
        """Inserts those that the table does not have, all or none. Of repeats it keeps the one that
        came first, whatever the order in which they are merged. Again with the same records it
        changes nothing."""
        spark = records.sparkSession
        first = (
            records.groupBy("topic", "event_id")
            .agg(f.expr(f"min_by(struct(*), {PLACE}) AS record"))
            .select("record.*")
            .persist()
        )
        try:
            days = first.agg(
                f.min("id_time").cast("string"),
                f.max("id_time").cast("string"),
                f.count_if(f.col("id_time").isNull()),
            ).first()
            assert days is not None
            spark.sql(
                f"""
                MERGE INTO {self.table} AS held USING {{records}} AS record
                ON held.topic = record.topic AND held.event_id = record.event_id
                   AND ({within(*days)})
                WHEN MATCHED AND struct(record.arrival, record.partition, record.offset)
                  < struct(held.arrival, held.partition, held.offset) THEN UPDATE SET *
                WHEN NOT MATCHED THEN INSERT *""",
                records=first,
            )
        except Py4JJavaError as error:
            if error.java_exception.getClass().getName() not in OVERTAKEN:
                raise
            raise BlockingIOError(
                f"another application has written {self.table} meanwhile:"
                " the next run merges what it has not"
            ) from error
        finally:
            first.unpersist()

    def tidy(self) -> int:
        """Makes large files of small ones, five of a day or more, and then removes what no snapshot
        of the last week has: how many files it has rewritten."""
        system, table = f"CALL {CATALOG}.system", f"table => '{self.table}'"
        (rewritten,) = self.spark.sql(f"{system}.rewrite_data_files({table})").collect()
        files = int(rewritten["rewritten_data_files_count"])
        if files > 0:
            week = datetime.now(UTC) - timedelta(days=7)
            older = f"older_than => TIMESTAMP '{week:%Y-%m-%d %H:%M:%S}'"
            self.spark.sql(f"{system}.expire_snapshots({table}, {older})").collect()
            self.spark.sql(f"{system}.remove_orphan_files({table}, {older})").collect()
        return files

    def rows(self) -> int:
        return self.spark.table(self.table).count()


def within(first: str | None, last: str | None, undated: int) -> str:
    """Which days of the table can hold the records: it is their event ids that name them."""
    dated = f"held.id_time BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}'"
    conditions = ([dated] if first else []) + (["held.id_time IS NULL"] if undated else [])
    return " OR ".join(conditions) or "false"
