"""A table of Apache Iceberg that has each record of its topics once, by topic and event id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

CATALOG, NAMESPACE = "lake", "steamflow"
# The columns that every table has.
ENVELOPE = {
    "topic": "string",
    "event_id": "string",
    "event_time": "timestamp",
    "id_time": "timestamp",  # the time in the event id; null if it has none
    "arrival": "timestamp",  # Kafka's time
    "partition": "int",
    "offset": "bigint",
    "key": "string",
    "value": "string",  # as received; null for a tombstone
}
# With "serializable", a merge fails if another one has committed meanwhile. So two applications cannot
# both insert a record.
PROPERTIES = {
    "format-version": "2",
    "write.merge.mode": "merge-on-read",
    "write.merge.isolation-level": "serializable",
    "write.metadata.delete-after-commit.enabled": "true",
}
PLACE = "struct(arrival, partition, offset)"
# Iceberg's exceptions for a commit that another one has overtaken.
OVERTAKEN = {
    f"org.apache.iceberg.exceptions.{name}"
    for name in ("CommitFailedException", "ValidationException")
}


def definitions(columns: dict[str, str]) -> str:
    return ", ".join(f"`{name}` {type_}" for name, type_ in columns.items())


class LakeTable:
    def __init__(self, spark: SparkSession, name: str, fields: dict[str, str]):
        """`fields` are the types of the columns beside those of ENVELOPE. Missing columns are added to
        the table."""
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
        """Inserts the records that the table does not have, all or none. Of several records with one
        event id, the table keeps the one that arrived first, in whatever order they are merged. Merging
        the same records again changes nothing."""
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
        """Combines five or more small files of a day into large ones, and removes files that no
        snapshot of the last week uses. Returns the number of rewritten files."""
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
    """An SQL condition for the days of the table that can contain the records: `first` and `last` are
    the earliest and latest times in their event ids, and `undated` of them have none."""
    dated = f"held.id_time BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}'"
    conditions = ([dated] if first else []) + (["held.id_time IS NULL"] if undated else [])
    return " OR ".join(conditions) or "false"
