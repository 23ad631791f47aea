"""A table of windows in PostgreSQL, written through the JDBC driver that Spark itself uses."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

KEY = "window_start, window_end, appid"


class WindowTable:
    """Only one query writes the table, and only one application at a time. The session that stores the
    windows holds an advisory lock, which PostgreSQL releases when the process ends."""

    def __init__(self, spark: SparkSession, options: dict[str, str], name: str, columns: str):
        """`columns` are the definitions of the columns beside the key. Creates a missing table."""
        self.options = options | {"reWriteBatchedInserts": "true", "truncate": "true"}
        self.table, self.staging = f"steamflow.{name}", f"steamflow.{name}_staging"
        self.stored = 0  # rows
        self.names = [column.split()[0] for column in columns.split(", ")]
        properties = spark._jvm.java.util.Properties()
        for option in options.items():
            properties.setProperty(*option)
        driver = spark._jvm.org.postgresql.Driver()
        self.connection = driver.connect(options["url"], properties)
        if self.value(f"SELECT pg_try_advisory_lock(hashtext('{self.table}'))") != "t":
            raise BlockingIOError(f"another application writes {self.table}")
        if self.value(f"SELECT to_regclass('{self.staging}')") is None:
            self.execute(f"""
                CREATE SCHEMA IF NOT EXISTS steamflow;
                CREATE TABLE {self.table} (
                  window_start timestamptz, window_end timestamptz, appid bigint, {columns},
                  PRIMARY KEY ({KEY}));
                CREATE UNLOGGED TABLE {self.staging} (LIKE {self.table})""")

    def value(self, sql: str) -> Any:
        """The first value of the first row, as text."""
        statement = self.connection.createStatement()
        rows = statement.executeQuery(sql)
        rows.next()
        text = rows.getString(1)
        statement.close()
        return text

    def execute(self, sql: str) -> int:
        """How many rows the statement changed."""
        statement = self.connection.createStatement()
        changed = statement.executeUpdate(sql)
        statement.close()
        return changed

    def upsert(self, windows: DataFrame) -> None:
        """Inserts the windows, or replaces those that the table has, all or none. The executors write
        in parallel into the staging table. DISTINCT is needed because a part is written twice if its
        executor is lost. Storing the same windows again changes nothing."""
        windows.write.format("jdbc").options(**self.options, dbtable=self.staging).mode(
            "overwrite"
        ).save()
        columns = ", ".join(self.names)
        new = ", ".join(f"{name} = excluded.{name}" for name in self.names)
        self.stored += self.execute(f"""
            INSERT INTO {self.table} ({KEY}, {columns})
            SELECT DISTINCT {KEY}, {columns} FROM {self.staging}
            ON CONFLICT ({KEY}) DO UPDATE SET {new}""")
