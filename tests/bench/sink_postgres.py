"""Kafka to PostgreSQL: rows per second, compared with psql's own bulk load and a Python
consumer."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace

import psycopg2
import requests
from lab import ROOT, Lab
from measure import Cost, Rounds, Row, cpu_per_million, execute, milliseconds, peak, rate, wall

TOPIC = "rct_plyd_games"
MOST_CPU = 2.0  # seconds per million rows
MOST_MEMORY = 64.0  # MiB
FIRST_ROW = 1.0  # seconds
EMPTY = 0.8  # seconds
DEBEZIUM_LIMIT = 600  # seconds, for a run that takes a minute

# psql loads the same rows into a staging table and then runs one statement like the sink's own.
COLUMNS = """steam_id, appid, name, playtime_2weeks, playtime_forever, playtime_windows_forever,
    playtime_mac_forever, playtime_linux_forever, playtime_deck_forever"""
EXPORT = f"""
CREATE TABLE staged AS
  SELECT event_id, event_time, topic, partition, "offset", key, value, month, {COLUMNS}
  FROM records JOIN recently_played_games USING (event_id, event_time, month)
"""
UPSERT = f"""
\\copy staged FROM '%s' WITH (FORMAT binary)
WITH fresh AS (
  INSERT INTO records (event_id, event_time, topic, partition, "offset", key, value, month)
  SELECT event_id, event_time, topic, partition, "offset", key, value, month FROM staged
  ON CONFLICT (topic, event_id, month) DO NOTHING RETURNING topic, partition, "offset"
), events AS (
  INSERT INTO recently_played_games (event_id, event_time, month, {COLUMNS})
  SELECT event_id, event_time, month, {COLUMNS} FROM staged JOIN fresh USING (topic, partition, "offset")
)
SELECT count(*) FROM fresh;
"""
EMPTY_TABLES = "TRUNCATE records, recently_played_games, sink_offsets"


class Sink:
    """A topic with records, a database, and programs that copy the records to the database."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.url = f"postgresql://steamflow:steamflow@{lab.postgres}/steamflow"
        self.database = psycopg2.connect(self.url, options="-c search_path=steamflow")
        self.database.autocommit = True
        self.records = lab.fill(TOPIC, lab.size(100_000))
        self.connectors = 0

    def execute(self, sql: str) -> list[tuple]:
        with self.database.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def command(self, *arguments: str) -> list[str]:
        program = str(self.lab.binaries / "kafka-to-postgres")
        return [program, "--brokers", self.lab.brokers, "--topic", TOPIC, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {"AIRFLOW_CONN_POSTGRES_DEFAULT": self.url}

    def run(self, *arguments: str) -> Cost:
        cost = execute(self.command("--deadline", "600", *arguments), self.environment)
        return replace(cost, records=json.loads(cost.output)["sink"]["inserted"])

    def ours(self, *arguments: str) -> Cost:
        self.execute(EMPTY_TABLES)
        return self.run(*arguments)

    def export(self) -> None:
        """Writes the rows of the tables to a file for psql, and creates its unlogged staging
        table."""
        self.rows = self.lab.folder / "rows"
        self.execute(EXPORT)
        with self.database.cursor() as cursor, self.rows.open("wb") as file:
            cursor.copy_expert("COPY staged TO STDOUT WITH (FORMAT binary)", file)
        self.execute("TRUNCATE staged; ALTER TABLE staged SET UNLOGGED")

    def psql(self) -> Cost:
        self.execute(f"{EMPTY_TABLES}, staged")
        script = self.lab.folder / "upsert.sql"
        script.write_text("SET search_path TO steamflow;\n" + UPSERT % self.rows)
        cost = execute(
            ["psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-f", str(script), self.url]
        )
        return replace(cost, records=int(cost.output.splitlines()[-1]))

    def python(self) -> Cost:
        self.execute(EMPTY_TABLES)
        arguments = [self.lab.brokers, TOPIC, self.url, str(self.records // 3)]
        return self.lab.rival("kafka_to_postgres", *arguments)

    def debezium(self) -> Cost:
        """Runs the connector from docker/connect in Kafka Connect, from its start to its last
        row."""
        self.execute("DROP TABLE IF EXISTS connect_records")
        config = json.loads((ROOT / "docker" / "connect" / "steam-postgres.json").read_text())
        config |= {
            "topics": TOPIC,
            "connection.url": f"jdbc:postgresql://{self.lab.postgres}/steamflow",
            "connection.username": "steamflow",
            "connection.password": "steamflow",
            "errors.deadletterqueue.topic.replication.factor": "1",
        }
        self.connectors += 1  # each has its own consumer group
        connector = f"{self.lab.connect}/connectors/bench-{self.connectors}"
        started = time.perf_counter()
        requests.put(f"{connector}/config", json=config, timeout=30).raise_for_status()
        while self._connect_rows() < self.records:
            status = requests.get(f"{connector}/status", timeout=30).text
            if "FAILED" in status or time.perf_counter() - started > DEBEZIUM_LIMIT:
                raise RuntimeError(f"Kafka Connect: {status}")
            time.sleep(0.2)
        wall = time.perf_counter() - started
        requests.delete(connector, timeout=30).raise_for_status()
        return Cost(wall, 0, 0, "", self.records)

    def _connect_rows(self) -> int:
        if self.execute("SELECT to_regclass('connect_records')")[0][0] is None:
            return 0
        return self.execute("SELECT count(*) FROM connect_records")[0][0]

    def first_row(self) -> Cost:
        """The time from the start of a run until other sessions see a row."""
        self.execute(EMPTY_TABLES)
        started = time.perf_counter()
        process = subprocess.Popen(self.command(), env=self.environment, stdout=subprocess.DEVNULL)
        has_ended = False
        while not self.execute("SELECT 1 FROM records LIMIT 1"):
            if has_ended:
                raise RuntimeError(f"kafka-to-postgres ended with {process.returncode}")
            has_ended = process.poll() is not None
        seen = time.perf_counter() - started
        process.wait()
        return Cost(seen, 0, 0, "")


def run(lab: Lab) -> list[Row]:
    sink = Sink(lab)
    sink.run()
    sink.export()
    tenth = str(sink.records // 10)
    runs = Rounds(
        lab.rounds(5),
        {
            "kafka-to-postgres": sink.ours,
            "psql": sink.psql,
            "Python": sink.python,
            "first row": sink.first_row,
            "nothing": sink.run,  # the previous run has left nothing to do
            "a tenth": lambda: sink.ours("--max-records", tenth),
        },
    )

    # The connector is slow, and its worker runs already, so it is measured alone and less often.
    connect = Rounds(
        lab.rounds(2), {"kafka-to-postgres": sink.ours, "Debezium on Connect": sink.debezium}
    )

    def row(runs: Rounds, other: str, least: float | None = None) -> Row:
        return Row(
            "rows a second",
            f"{runs.median('kafka-to-postgres', rate):,.3g}",
            other,
            f"{runs.median(other, rate):,.3g}",
            runs.ratio("kafka-to-postgres", other, rate),
            least=least,
        )

    def bound(what: str, value: float, text: str, most: float, unit: str) -> Row:
        return Row(what, text, "bound", f"{most:g}{unit}", value / most, most=1)

    cpu = runs.median("kafka-to-postgres", cpu_per_million)
    first = runs.median("first row", wall)
    nothing = runs.median("nothing", wall)
    memory, tenth_memory = runs.median("kafka-to-postgres", peak), runs.median("a tenth", peak)
    return [
        row(runs, "psql", least=0.9),
        row(runs, "Python"),
        row(connect, "Debezium on Connect"),
        bound("CPU s per million rows", cpu, f"{cpu:.3g}", MOST_CPU, ""),
        bound("first row visible", first, milliseconds(first), FIRST_ROW, " s"),
        bound("empty topic", nothing, milliseconds(nothing), EMPTY, " s"),
        bound("peak MiB", memory, f"{memory:.1f}", MOST_MEMORY, ""),
        Row(
            "peak MiB",
            f"{memory:.1f}",
            "a tenth of the rows",
            f"{tenth_memory:.1f}",
            memory / tenth_memory,
            most=1.25,
        ),
    ]
