"""A Kafka and a PostgreSQL for the session, with the first part of the records in the topics."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from records import first_and_second_part, produce

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
SERVICES = ROOT / "tests/services"

sys.path.insert(0, str(ROOT / "docker/spark"))


def command(*arguments: str | Path, **environment: str) -> str:
    done = subprocess.run(
        arguments,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database."""
    folder = tmp_path_factory.mktemp("postgres")
    address = command(SERVICES / "postgres", "start", folder)
    yield f"postgres://steamflow:steamflow@{address}/steamflow"
    command(SERVICES / "postgres", "stop", folder)


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("kafka")
    address = command(SERVICES / "kafka", "start", folder)
    command(PROGRAMS / "kafka-create-topics", "--brokers", address)
    first, _ = first_and_second_part()
    produce(address, first)
    yield address
    command(SERVICES / "kafka", "stop", folder)


def store_records(brokers: str, postgres: str) -> None:
    """Runs kafka-to-postgres until the raw store has all records of the topics."""
    command(
        *(PROGRAMS / "kafka-to-postgres", "--brokers", brokers),
        AIRFLOW_CONN_POSTGRES_DEFAULT=postgres,
    )
