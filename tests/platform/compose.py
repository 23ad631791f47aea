"""The content of compose.yaml, as docker-compose reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]

Configuration = dict[str, Any]


def copy_of_docker(folder: Path) -> Path:
    """A copy of docker/ without the files that docker/init may have created there, and the other
    files of the checkout that compose.yaml names."""
    ignore = shutil.ignore_patterns(".env", "certificates", "alertmanager")
    shutil.copytree(ROOT / "docker", folder / "docker", ignore=ignore)
    shutil.copytree(ROOT / "dags", folder / "dags")
    return folder / "docker"


def run_init(docker: Path) -> None:
    done = subprocess.run([docker / "init"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def docker_compose(
    docker: Path, files: Sequence[str], *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs docker-compose on these files, with only .env and these variables as its environment."""
    named = [argument for file in files for argument in ("--file", file)]
    return subprocess.run(
        ["docker-compose", *named, *arguments],
        check=False,
        cwd=docker,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(docker),
            "COMPOSE_HTTP_TIMEOUT": "600",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=900,
    )


def configuration(docker: Path, *files: str, **variables: str) -> Configuration:
    done = docker_compose(docker, files or ("compose.yaml",), "config", **variables)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def env_file(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def is_job(service: dict[str, Any]) -> bool:
    return service.get("restart") == "no"


def size(text: str | int) -> int:
    """The bytes of '512m', of '2g', of the value of '-Xmx512m', or of a number."""
    units = {"k": 2**10, "m": 2**20, "g": 2**30}
    text = str(text).lower().removesuffix("b")
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)
