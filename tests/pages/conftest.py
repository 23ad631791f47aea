"""The servers that the commands on pages use. They are started here and not shared, because the
pages use fixed names for topics, tables and indices, and must not see the data of other tests."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "tests/services"
PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
CACHE = Path(os.environ.get("STEAMFLOW_CACHE", ROOT / ".cache"))
KEY = "0123456789ABCDEF0123456789ABCDEF"


def run(*arguments: str | Path) -> str:
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout.strip()


@dataclass
class World:
    """The servers, at the addresses that the pages use."""

    addresses: dict[str, str]
    environment: dict[str, str]

    def shell(self, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
        for shown, real in self.addresses.items():
            text = text.replace(shown, real)
        return subprocess.run(
            ["bash", "-c", text],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment | environment,
            timeout=300,
        )


@contextlib.contextmanager
def pushgateway() -> Iterator[str]:
    """The host:port of a Pushgateway from Debian's package."""
    run(SERVICES / "prometheus", "fetch")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = CACHE / "prometheus/programs/usr/bin/prometheus-pushgateway"
    with subprocess.Popen(
        [program, f"--web.listen-address={address}"], stderr=subprocess.DEVNULL
    ) as process:
        try:
            run("curl", "-s", "--retry", "60", "--retry-connrefused", f"http://{address}/-/ready")
            yield address
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    started: list[tuple[str, Path]] = []

    def server(name: str, *options: str) -> str:
        folder = tmp_path_factory.mktemp(name)
        started.append((name, folder))
        return run(SERVICES / name, "start", folder, *options)

    standin = subprocess.Popen(
        [PROGRAMS / "steam-standin", "--key", KEY, "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with pushgateway() as gateway, standin:  # closes its standard input, so that it ends
        assert standin.stdout
        steam = standin.stdout.readline().strip()
        try:
            kafka = server("kafka")
            redis = server("redis")
            postgres = server("postgres")
            search = server("search", "--engine", "elasticsearch")
            connect = server("connect", "--brokers", kafka)
            environment = {
                "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
                "PGPASSWORD": "steamflow",
                "REDIS": redis,
                "AIRFLOW_VAR_STEAM_API_KEY": KEY,
                "AIRFLOW_VAR_STEAM_API_URL": steam,
                "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(
                    {"conn_type": "kafka", "extra": {"bootstrap.servers": kafka}}
                ),
                "AIRFLOW_VAR_CONNECT_POSTGRES_ADDRESS": f"{postgres}/steamflow",
                "AIRFLOW_VAR_CONNECT_POSTGRES_USER": "steamflow",
                "AIRFLOW_VAR_CONNECT_POSTGRES_PASSWORD": "steamflow",
            }
            addresses = {
                "localhost:9092": kafka,
                "localhost:6379": redis,
                "steamflow@localhost/": f"steamflow@{postgres}/",
                "http://localhost:9200": search,
                "http://localhost:8083": connect,
                "localhost:9091": gateway,
                "http://127.0.0.1:40209": steam,
            }
            yield World(addresses, environment)
        finally:
            for name, folder in reversed(started):
                run(SERVICES / name, "stop", folder)
