"""The starting point of all tests of the platform: docker/ after docker/init has run."""

from __future__ import annotations

import random
import re
import socket
from pathlib import Path

import pytest
from compose import Configuration, configuration, copy_of_docker, env_file, run_init

KEY = "0123456789ABCDEF0123456789ABCDEF"


def free_port(tried: set[int]) -> int:
    """A port below the range from which the kernel takes the ports of outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as listener:
            if port not in tried and listener.connect_ex(("127.0.0.1", port)) != 0:
                tried.add(port)
                return port


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs docker/init with free ports and a key for Steam."""
    folder = copy_of_docker(tmp_path_factory.mktemp("checkout"))
    versions, tried = folder / "versions.env", set[int]()
    versions.write_text(
        re.sub(r"(?<=_PORT=)\d+", lambda _: str(free_port(tried)), versions.read_text())
    )
    run_init(folder)
    dotenv = folder / ".env"
    dotenv.write_text(re.sub("(?<=^STEAM_API_KEY=)", KEY, dotenv.read_text(), flags=re.MULTILINE))
    return folder


@pytest.fixture(scope="session")
def dotenv(docker: Path) -> dict[str, str]:
    return env_file(docker / ".env")


@pytest.fixture(scope="session")
def config(docker: Path) -> Configuration:
    return configuration(docker)
