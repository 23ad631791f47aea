"""row_costs.py [--records N]

Prints the table of docker/spark/README.md, "What a row costs", measured with N records of each kind
(default 100,000). It has the bytes per record in PostgreSQL (tables and indexes, of the raw store and of
the kind) and in Iceberg (the files of the current snapshot, after compaction). It needs the environment
that `run` uses."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
from conftest import PROGRAMS, SERVICES, command
from pyiceberg.catalog.sql import SqlCatalog
from records import (
    COUNTS,
    FIRST_ACCOUNT,
    GAMES,
    NEWS,
    PLAYED,
    PROFILES,
    Record,
    after,
    game_played,
    news,
    player_count,
    produce,
    profile,
)
from submitted import lay, local_spark

TABLES = {
    COUNTS: "player_counts",
    PLAYED: "recently_played_games",
    PROFILES: "players",
    NEWS: "news",
}
WORDS = [f"word{i}" for i in range(3000)]


def full_profile(account: int, chance: random.Random) -> Record:
    """A record with all fields that the API has for a public profile."""
    record = profile(PROFILES, account, after(account % 40), f"player {chance.randrange(10**6)}")
    avatar = f"https://avatars.steamstatic.com/{chance.randbytes(20).hex()}"
    return replace(
        record,
        fields=(record.fields or {})
        | {
            "communityvisibilitystate": 3,
            "profilestate": 1,
            "profileurl": f"https://steamcommunity.com/profiles/{account}/",
            "avatar": f"{avatar}.jpg",
            "avatarmedium": f"{avatar}_medium.jpg",
            "avatarfull": f"{avatar}_full.jpg",
            "avatarhash": avatar[-40:],
            "lastlogoff": 1_790_000_000 + chance.randrange(10**6),
            "primaryclanid": "103582791429521408",
            "timecreated": 1_200_000_000 + chance.randrange(10**8),
            "personastateflags": 0,
        },
    )


def full_game(account: int, chance: random.Random) -> Record:
    begun = after(account % 40)
    record = game_played(
        account, chance.randrange(10, 50_000, 10), begun, begun + timedelta(minutes=3)
    )
    return replace(
        record,
        fields=(record.fields or {})
        | {
            "playtime_2weeks": chance.randrange(10_000),
            "playtime_forever": chance.randrange(300_000),
            "playtime_windows_forever": chance.randrange(300_000),
            "playtime_mac_forever": 0,
            "playtime_linux_forever": 0,
            "playtime_deck_forever": 0,
            "img_icon_url": chance.randbytes(20).hex(),
        },
    )


def item(number: int, chance: random.Random) -> Record:
    record = news(f"{number}", chance.randbytes(6).hex(), after(number % 40))
    return replace(
        record,
        fields=(record.fields or {})
        | {
            "url": f"https://steamstore-a.akamaihd.net/news/externalpost/{number}",
            "contents": " ".join(chance.choices(WORDS, k=200)),
            "feedlabel": "Community Announcements",
            "author": "someone",
        },
    )


def made(topic: str, number: int, chance: random.Random) -> Record:
    if topic == COUNTS:
        game = [*GAMES][number % len(GAMES)]
        time = after(40) - timedelta(minutes=number // len(GAMES))
        return player_count(game, time, chance.randrange(10**6))
    if topic == PLAYED:
        return full_game(FIRST_ACCOUNT - number, chance)
    return (
        full_profile(FIRST_ACCOUNT - number, chance) if topic == PROFILES else item(number, chance)
    )


def in_postgres(brokers: str, postgres: str, topic: str) -> int:
    """The number of bytes by which the database grows."""
    sizes = []
    with psycopg.connect(postgres, autocommit=True) as database:
        for drained in (False, True):
            if drained:
                command(
                    *(PROGRAMS / "kafka-to-postgres", "--brokers", brokers, "--topic", topic),
                    *("--deadline", "280"),
                    AIRFLOW_CONN_POSTGRES_DEFAULT=postgres,
                )
                database.execute("VACUUM")
            row = database.execute("SELECT pg_database_size(current_database())").fetchone()
            assert row
            sizes.append(row[0])
    return sizes[1] - sizes[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    number = parser.parse_args().records
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kafka, server = folder / "kafka", folder / "postgres"
        try:
            brokers = command(SERVICES / "kafka", "start", kafka)
            address = command(SERVICES / "postgres", "start", server)
            postgres = f"postgres://steamflow:steamflow@{address}/steamflow"
            command(PROGRAMS / "kafka-create-topics", "--brokers", brokers)
            bytes_ = {}
            for topic in TABLES:
                values = 0
                for begin in range(0, number, 10_000):
                    numbers = range(begin, min(begin + 10_000, number))
                    records = [made(topic, i, chance) for i in numbers]
                    values += sum(len(record.value() or "") for record in records)
                    produce(brokers, records)
                bytes_[topic] = [values, in_postgres(brokers, postgres, topic)]
            program = lay(folder, "lake.py", {}) / "steam-lake"
            spark = local_spark(program, folder, brokers)
            with spark.run(AIRFLOW_VAR_SPARK_WAREHOUSE=f"{folder}/lake") as application:
                result = application.result()
            assert result["exit_code"] == 0, result
            catalog = SqlCatalog(
                "lake", uri=f"sqlite:///{folder}/lake/catalog.sqlite", warehouse=""
            )
            for topic, table in TABLES.items():
                assert result["tables"][table]["rows"] == number
                files = catalog.load_table(f"steamflow.{table}").inspect.files().to_pylist()
                bytes_[topic].append(sum(file["file_size_in_bytes"] for file in files))
        finally:
            command(SERVICES / "postgres", "stop", server)
            command(SERVICES / "kafka", "stop", kafka)
    print("| bytes a record | its JSON | PostgreSQL | Iceberg |\n|---|---|---|---|")
    for topic, sizes in bytes_.items():
        costs = " | ".join(f"{size / number:.0f}" for size in sizes)
        print(f"| `{topic}` | {costs} |")


if __name__ == "__main__":
    sys.exit(main())
