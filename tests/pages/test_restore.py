"""An operator who has only docs/operations.md loses PostgreSQL and Redis, restores them, and
finds every record once."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commands import commands
from conftest import CACHE, ROOT, World

SOURCES = [
    "steam-current-players",
    "steam-news",
    "steam-player-summaries",
    "steam-recently-played-games",
]
RESTORED = "steamflow_restored"  # the name on the page
POSTGRES = "postgres://steamflow@localhost/postgres"
TOPICS = ["topic_currPlayer", "steam_news", "topic_GetUserInfo", "rct_plyd_games"]


def done(world: World, text: str, **environment: str) -> str:
    ended = world.shell(text, **environment)
    assert ended.returncode == 0, f"{text}: {ended.stdout[-2000:]}{ended.stderr}"
    return ended.stdout


def observe(world: World, at: datetime) -> None:
    """Runs each source once, at a given time."""
    for source in SOURCES:
        options = (
            "" if source == "steam-current-players" else "--redis-url redis://localhost:6379/0"
        )
        done(world, f"{source} {options} --logical-date {at:%Y-%m-%dT%H:%MZ}")


def in_kafka(world: World, topic: str) -> Counter[str]:
    """Returns how often each event id was delivered."""
    read = f"kcat -C -q -e -b localhost:9092 -t {topic} -o beginning -f '%h\\n'"
    return Counter(re.findall(r"event_id=([^,\n]+)", done(world, read)))


def in_postgres(world: World, database: str, topic: str) -> Counter[str]:
    query = f"SELECT event_id FROM steamflow.records WHERE topic = '{topic}'"
    url = f"postgres://steamflow@localhost/{database}"
    return Counter(done(world, f"psql -qAt {url} -c {shlex.quote(query)}").split())


def test_every_record_is_there_once(world: World, tmp_path: Path) -> None:
    page = (ROOT / "docs/operations.md").read_text()
    section = page.split("\n## Backup and restore\n")[1].split("\n## ")[0]
    texts = [command.text for command in commands(section)]
    (dump,) = [text for text in texts if text.startswith("pg_dump ")]
    restore = [text for text in texts if text != dump]
    # The client must be at least as new as the server.
    folders = {f"{path.parent}" for path in CACHE.glob("postgres-*/**/pg_dump")}
    paths = ":".join([*folders, world.environment["PATH"]])

    def typed(text: str) -> str:
        return done(world, f"cd {shlex.quote(str(tmp_path))} && {text}", PATH=paths)

    now = datetime.now(UTC)
    typed("kafka-create-topics --brokers localhost:9092")
    sink = "kafka-to-postgres --brokers localhost:9092 --postgres-url "
    observe(world, now - timedelta(hours=2))
    typed(f"{sink}postgres://steamflow@localhost/steamflow")
    typed(dump)
    observe(world, now - timedelta(hours=1))
    typed(f"{sink}postgres://steamflow@localhost/steamflow")

    host, port = world.environment["REDIS"].split(":")
    typed(f"redis-cli -h {host} -p {port} flushall")
    typed(f"dropdb --if-exists --maintenance-db={POSTGRES} steamflow_restored")
    observe(world, now + timedelta(minutes=2))  # its own pass
    try:
        for text in restore:
            typed(text)
        for topic in TOPICS:
            delivered, stored = in_kafka(world, topic), in_postgres(world, RESTORED, topic)
            assert delivered.keys() == stored.keys(), topic
            assert set(stored.values()) == {1}, topic
        assert max(in_kafka(world, "steam_news").values()) > 1, "Redis was not lost"
        passes = {event.split("/")[1] for event in in_postgres(world, RESTORED, "rct_plyd_games")}
        assert len(passes) > 1, "Redis was not lost"
    finally:
        typed(f"dropdb --if-exists --maintenance-db={POSTGRES} {RESTORED}")
