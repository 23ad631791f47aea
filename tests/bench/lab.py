"""The servers that the benchmarks run against, and the commands that are measured."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from measure import Cost, execute

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
TOPIC = "bench_players"
FIRST_ID = 76561198000000000
API_KEY = "benchmark"


class Lab(ExitStack):
    """Starts each server when it is first used. Closing the lab stops all of them."""

    def __init__(self, binaries: Path, folder: Path, quick: bool) -> None:
        super().__init__()
        folder.mkdir()
        self.binaries = binaries
        self.folder = folder
        self.quick = quick
        self._brokers = ""
        self._redis = ""
        self._postgres = ""
        self._elasticsearch = ""
        self._connect = ""
        self._standins: dict[tuple[str, ...], tuple[str, int]] = {}

    def size(self, full: int) -> int:
        """The amount of work: with --quick it is a hundredth."""
        return full // 100 if self.quick else full

    def rounds(self, full: int) -> int:
        return 1 if self.quick else full

    @property
    def brokers(self) -> str:
        if not self._brokers:
            self._brokers = self._service("kafka", self.folder / "kafka")
            topics = self.folder / "topics.json"
            # The brokers delete whatever exceeds these sizes, so that runs do not fill the disk.
            config = {"retention.bytes": 16 << 20, "segment.bytes": 16 << 20}
            spec = {"partitions": 12, "replication": 1, "config": config}
            topics.write_text(json.dumps({TOPIC: spec}))
            create = [str(self.binaries / "kafka-create-topics"), "--file", str(topics)]
            execute([*create, "--brokers", self._brokers])
        return self._brokers

    @property
    def redis(self) -> str:
        self._redis = self._redis or self._service("redis", self.folder / "redis")
        return self._redis

    @property
    def postgres(self) -> str:
        self._postgres = self._postgres or self._service("postgres", self.folder / "postgres")
        return self._postgres

    @property
    def elasticsearch(self) -> str:
        if not self._elasticsearch:
            folder = self.folder / "search"
            self._elasticsearch = self._service("search", folder, "--engine", "elasticsearch")
        return self._elasticsearch

    @property
    def connect(self) -> str:
        if not self._connect:
            folder = self.folder / "connect"
            self._connect = self._service("connect", folder, "--brokers", self.brokers)
        return self._connect

    def server_pids(self) -> list[int]:
        """The processes of Kafka, Redis and every stand-in."""
        files = [self.folder / "kafka" / "broker-1.pid", self.folder / "redis" / "pid"]
        pids = [int(file.read_text().split()[0]) for file in files]
        return pids + [pid for _, pid in self._standins.values()]

    def standin(self, *options: str) -> str:
        """The address of a stand-in with these options."""
        if options not in self._standins:
            command = [str(self.binaries / "steam-standin"), "--exit-with-stdin", *options]
            process = self._launch(command)
            self._standins[options] = (self._first_line(process), process.pid)
        return self._standins[options][0]

    def tls(self, backend: str) -> tuple[str, Path]:
        """Puts HTTP/2 over TLS in front of a stand-in. Returns its address and the folder of its
        certificate authority."""
        state = self.folder / f"tls-{backend.rpartition(':')[2]}"
        process = self._launch([str(TESTS / "fakes" / "tls_proxy"), backend, str(state)])
        return self._first_line(process), state / "ca"

    def task(self, name: str, api: str, *arguments: str, **environment: str) -> Cost:
        """One run of a task, which must succeed and whose records must all be acknowledged."""
        cost = execute(
            [str(self.binaries / name), "--deadline", "600", *arguments],
            {
                "AIRFLOW_VAR_STEAM_API_KEY": API_KEY,
                "AIRFLOW_VAR_STEAM_API_URL": api,
                "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "-1",
                **environment,
            },
        )
        result = json.loads(cost.output.splitlines()[-1])
        sink = result.get("kafka") or result["sink"]
        if sink.get("acknowledged", sink["records"]) != sink["records"]:
            raise RuntimeError(f"{name}: {cost.output}")
        return replace(cost, records=sink["records"])

    def fill(self, topic: str, accounts: int) -> int:
        """Creates the topic and the topic of dead letters, and writes the played games of this
        many accounts to the topic. Returns the number of records."""
        topics = {
            name: {"partitions": 6, "replication": 1, "config": {}}
            for name in (topic, "steam_dead_letters")
        }
        file = self.folder / f"{topic}.json"
        file.write_text(json.dumps(topics))
        create = str(self.binaries / "kafka-create-topics")
        execute([create, "--file", str(file), "--brokers", self.brokers])
        api = self.standin("--every-player", "--no-gzip")
        walk = ["--no-cursor", "--start-id", str(FIRST_ID), "--count", str(accounts)]
        sink = ["--brokers", self.brokers, "--topic", topic]
        return self.task("steam-recently-played-games", api, *walk, *sink).records

    def rival(self, name: str, *arguments: str) -> Cost:
        """One run of a Python program that does the same as a task."""
        script = Path(__file__).resolve().parent / "rivals" / f"{name}.py"
        cost = execute([sys.executable, str(script), *arguments])
        return replace(cost, records=json.loads(cost.output.splitlines()[-1])["records"])

    def _service(self, name: str, folder: Path, *options: str) -> str:
        script = str(TESTS / "services" / name)
        self.callback(subprocess.run, [script, "stop", str(folder)], check=True)
        start = [script, "start", str(folder), *options]
        return subprocess.run(start, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def _launch(self, command: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.callback(process.wait)
        self.callback(process.terminate)
        return process

    @staticmethod
    def _first_line(process: subprocess.Popen[str]) -> str:
        assert process.stdout
        line = process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{process.args!r} ended before it listened")
        return line
