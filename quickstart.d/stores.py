"""The contents of Kafka, PostgreSQL and Elasticsearch, as text for the terminal. The addresses
are those of .quickstart/env."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from typing import Any

SAMPLES = 2
TOPIC = "rct_plyd_games"  # its record is shown from all three
MOST_PLAYED_SQL = """
SELECT name AS game, count(DISTINCT steam_id) AS players,
       round(sum(playtime_2weeks) / 60.0) AS hours_in_2_weeks
FROM steamflow.recently_played_games GROUP BY name
ORDER BY players DESC, hours_in_2_weeks DESC, game LIMIT 3
"""
MOST_PLAYED_SEARCH = {
    "size": 0,
    "aggs": {
        "games": {
            "terms": {"field": "name.keyword", "size": 3},
            "aggs": {"minutes": {"sum": {"field": "playtime_2weeks"}}},
        }
    },
}


def cut(line: str) -> str:
    width = shutil.get_terminal_size((160, 24)).columns
    return line if len(line) <= width else line[: width - 1] + "…"


def consume(topic: str, *options: str) -> list[str]:
    """The lines that kcat prints for a topic, from its beginning."""
    brokers = json.loads(os.environ["AIRFLOW_CONN_KAFKA_DEFAULT"])["extra"]["bootstrap.servers"]
    argv = ["kcat", "-C", "-q", "-e", "-b", brokers, "-t", topic, "-o", "beginning", *options]
    return subprocess.run(argv, capture_output=True, check=True).stdout.decode().splitlines()


def query(sql: str, *options: str) -> str:
    argv = ["psql", "--no-psqlrc", *options, "--command", sql]
    argv.append(os.environ["AIRFLOW_CONN_POSTGRES_DEFAULT"])
    environment = os.environ | {"PAGER": ""}
    return subprocess.run(
        argv, capture_output=True, check=True, text=True, env=environment
    ).stdout.rstrip()


def search(index: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{os.environ['AIRFLOW_CONN_ELASTICSEARCH_DEFAULT']}/{index}"
    headers = {"Content-Type": "application/json"}
    # New documents become visible to searches within a second, or now.
    for path, data in (("_refresh", b""), ("_search", json.dumps(body).encode())):
        request = urllib.request.Request(f"{url}/{path}", data, headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            result: dict[str, Any] = json.load(answer)
    return result


def samples(topic: str) -> str:
    """The first records of a topic."""
    lines = consume(topic, "-c", str(SAMPLES), "-f", "  %k: %s\\n")
    return "\n".join(cut(line) for line in lines)


def comparison(result: dict[str, Any]) -> str:
    """The result of the reconciliation: a table of records, or an empty text if it did not run."""
    rows = [("topic", "acknowledged", "Kafka", "PostgreSQL", "Elasticsearch")]
    for topic, found in result["topics"].items():
        held = [str(found[store]["held"]) for store in ("postgres", "elasticsearch")]
        rows.append((topic, str(found["acknowledged"]), str(found["kafka"]), *held))
    return "\n".join("{:<18} {:>12} {:>6} {:>11} {:>14}".format(*row) for row in rows)


def one_record_everywhere() -> str:
    """The first record of a topic in each of the three stores."""
    headers, value = consume(TOPIC, "-c", "1", "-f", "%h\\t%s\\n")[0].split("\t")
    event_id = dict(header.split("=", 1) for header in headers.split(","))["event_id"]
    row = query(
        f"SELECT value FROM steamflow.records WHERE event_id = '{event_id}'", "--tuples-only"
    )
    found = search(TOPIC, {"query": {"ids": {"values": [event_id]}}})["hits"]["hits"]
    places = {
        "Kafka": value,
        "PostgreSQL": row.strip(),
        "Elasticsearch": json.dumps(found[0]["_source"], ensure_ascii=False) if found else "",
    }
    lines = [cut(f"  {name + ':':<15}{record}") for name, record in places.items()]
    return "\n".join([f"The record {event_id} in", *lines])


def questions() -> str:
    """Queries that a person would send to each store."""
    newest = consume("topic_currPlayer", "-f", "  %k: %s\\n")
    games = search(TOPIC, MOST_PLAYED_SEARCH)["aggregations"]["games"]["buckets"]
    lines = [
        f"  {game['key']}: {game['doc_count']} players, {game['minutes']['value'] / 60:.0f} hours"
        for game in games
    ]
    return "\n".join(
        [
            "How many play now? (Kafka, topic_currPlayer)",
            *(cut(line) for line in newest),
            "",
            "What has been played most? (PostgreSQL, steamflow.recently_played_games)",
            query(MOST_PLAYED_SQL),
            "",
            "What has been played most? (Elasticsearch, rct_plyd_games)",
            *lines,
        ]
    )
