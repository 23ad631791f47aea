"""A walk over accounts, and what must hold for it however its runs end."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from conftest import KEY, PROGRAMS, command

START = 76561197960434622  # where a walk begins


@dataclass
class Walk:
    brokers: str
    redis: str
    steam: str
    topic: str

    def create_topics(self, folder: Path) -> None:
        topics = {
            name: {"partitions": 3, "replication": 1, "config": {}}
            for name in (self.topic, "steam_dead_letters")
        }
        (folder / "topics.json").write_text(json.dumps(topics))
        create = (PROGRAMS / "kafka-create-topics", "--file", folder / "topics.json")
        command(*create, "--brokers", self.brokers)

    def cursor(self) -> int:
        host, port = self.redis.split(":")
        key = f"last_user_id@{self.topic}"
        return int(command("redis-cli", "-h", host, "-p", port, "get", key) or START)

    def delivered(self) -> dict[int, set[str]]:
        """The event ids that Kafka has for each account."""
        read = ("kcat", "-C", "-q", "-e", "-b", self.brokers, "-t", self.topic, "-o", "beginning")
        found: dict[int, set[str]] = {}
        for line in command(*read, "-f", r"%k\t%h\n").splitlines():
            key, headers = line.split("\t")
            (event_id,) = (each for each in headers.split(",") if each.startswith("event_id="))
            found.setdefault(int(key), set()).add(event_id)
        return found

    def accounts(self, first: int, count: int) -> set[int]:
        """The accounts that exist among the `count` ids from `first` downward."""
        walk = ["--no-cursor", "--sink", "stdout", "--start-id", str(first), "--count", str(count)]
        environment = {"AIRFLOW_VAR_STEAM_API_URL": self.steam, "AIRFLOW_VAR_STEAM_API_KEY": KEY}
        done = subprocess.run(
            [PROGRAMS / "steam-player-summaries", *walk, "--deadline", "300"],
            check=True,
            capture_output=True,
            text=True,
            env=environment | {"AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "-1"},
        )
        return {int(json.loads(line)["key"]) for line in done.stdout.splitlines()[:-1]}

    def check(self, before: int) -> None:
        """Checks I1, I2 and I3 after a run, however it ended."""
        cursor, delivered = self.cursor(), self.delivered()
        assert cursor <= before
        if cursor < before:
            missing = self.accounts(before, before - cursor) - delivered.keys()
            assert not missing, "which the cursor has passed"
        assert all(len(event_ids) == 1 for event_ids in delivered.values())
