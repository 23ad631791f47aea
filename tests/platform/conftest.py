"""What all tests of the platform start from: docker/ as docker/init leaves it, and the servers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compose import Configuration, configuration, copy_of_docker, env_file, run_init
from local import BROKERS, PROGRAMS, Local, result_of

KEY = "0123456789ABCDEF0123456789ABCDEF"


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_of_docker(tmp_path_factory.mktemp("checkout"))
    run_init(folder)
    return folder


@pytest.fixture(scope="session")
def dotenv(docker: Path) -> dict[str, str]:
    return env_file(docker / ".env")


@pytest.fixture(scope="session")
def config(docker: Path) -> Configuration:
    return configuration(docker)


@pytest.fixture(scope="session")
def platform(
    docker: Path, config: Configuration, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Local]:
    local = Local(docker, config, tmp_path_factory.mktemp("platform"))
    try:
        local.start_brokers()
        local.start_redis()
        local.start_postgres("postgres")
        local.await_healthy(*BROKERS, "redis")
        yield local
    finally:
        local.stop()


@pytest.fixture(scope="session")
def topics(platform: Local) -> dict[str, Any]:
    """The result of the job of that name."""
    return result_of(platform.run_job("topics"))


@pytest.fixture(scope="session")
def worker(platform: Local, topics: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What a task is given on Airflow's worker, with a stand-in for Steam."""
    standin = subprocess.Popen(
        [PROGRAMS / "steam-standin", "--port", "0", "--key", KEY, "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with standin:  # closes its standard input, at which it ends
        assert standin.stdout
        yield platform.environment("airflow-worker") | {
            "AIRFLOW_VAR_STEAM_API_KEY": KEY,
            "AIRFLOW_VAR_STEAM_API_URL": standin.stdout.readline().strip(),
        }
