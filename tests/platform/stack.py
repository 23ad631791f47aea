"""compose.yaml in a Docker engine. STEAMFLOW_TEST_DOCKER is its address, and
tests/platform/build and tests/docker/build have built the images there. compose.local.yaml uses
these instead of a registry's images."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compose import ROOT, Configuration, configuration, docker_compose, is_job

sys.path.insert(0, str(ROOT / "tests/harness"))
from described import as_described

CACHE = Path(os.environ.get("STEAMFLOW_CACHE", ROOT / ".cache")).resolve()
PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
LOCAL = ROOT / "tests/platform"


def await_true(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)


def result_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The result line of a program that has succeeded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return as_described(json.loads(done.stdout.splitlines()[-1]))


def engine(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", "--host", os.environ["STEAMFLOW_TEST_DOCKER"], *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Stack:
    """The containers, networks and volumes of one project."""

    def __init__(self, docker: Path, project: str, *files: str):
        self.docker, self.project, self.files = docker, project, files
        self.variables = {
            "DOCKER_HOST": os.environ["STEAMFLOW_TEST_DOCKER"],
            "STEAMFLOW_CACHE": str(CACHE),
            "STEAMFLOW_BIN": str(PROGRAMS),
        }
        self.config: Configuration = configuration(docker, *files, **self.variables)

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        named = ("--project-name", self.project, *arguments)
        return docker_compose(self.docker, self.files, *named, **self.variables)

    def up(self, *services: str) -> None:
        done = self.compose("up", "--detach", *services)
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        done = self.compose("down", "--volumes", "--timeout", "1")
        assert done.returncode == 0, done.stdout + done.stderr

    def left(self) -> list[str]:
        """The containers, networks and volumes that still exist."""
        of_this = ("--filter", f"label=com.docker.compose.project={self.project}", "--quiet")
        lists = (("ps", "--all"), ("network", "ls"), ("volume", "ls"))
        return [each for kind in lists for each in engine(*kind, *of_this).split()]

    def containers(self) -> dict[str, dict[str, Any]]:
        """The engine's description of each service's container."""
        project = f"label=com.docker.compose.project={self.project}"
        own = ("--filter", project, "--filter", "label=com.docker.compose.oneoff=False")
        found = json.loads(engine("inspect", *engine("ps", "--all", "--quiet", *own).split()))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def unsettled(self) -> dict[str, str]:
        """The states of servers that are not healthy, and of jobs that have not succeeded."""
        states = {}
        for name, container in self.containers().items():
            state = container["State"]
            status, good = state["Status"], {"healthy", "running"}
            if is_job(self.config["services"][name]):
                good = {"done"}
                if status == "exited":
                    status = "done" if state["ExitCode"] == 0 else "failed"
            elif status == "running" and "Health" in state:
                status = state["Health"]["Status"]
            if status not in good:
                states[name] = status
        return states

    def await_settled(self, seconds: float) -> None:
        def is_settled() -> bool:
            states = self.unsettled()
            assert "failed" not in states.values(), states
            return not states

        try:
            await_true(is_settled, seconds, "all are healthy")
        except AssertionError:
            for name, status in self.unsettled().items():
                print(f"{name}: {status}", self.log(name), sep="\n")
            raise

    def await_from(
        self, service: str, condition: Callable[[], bool], seconds: float, what: str
    ) -> None:
        """Waits until the service has done something. If it does not, the log of the service is
        printed."""
        try:
            await_true(condition, seconds, what)
        except AssertionError:
            print(self.log(service))
            raise

    def log(self, service: str) -> str:
        done = self.compose("logs", "--no-color", "--tail", "100", service)
        return done.stdout

    def run(
        self, service: str, *command: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in a new container."""
        given = [part for item in variables.items() for part in ("-e", "=".join(item))]
        return self.compose("run", "--rm", "--no-deps", "-T", *given, service, *command)

    def execute(
        self, service: str, *command: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the running container of the service."""
        given = [part for item in variables.items() for part in ("--env", "=".join(item))]
        return self.compose("exec", "-T", *given, service, *command)

    def published(self, service: str) -> str:
        (port,) = self.containers()[service]["NetworkSettings"]["Ports"].values()
        return f"127.0.0.1:{port[0]['HostPort']}"

    def query(self, sql: str) -> str:
        """Runs a query in the database of the records, with its password."""
        connect = 'PGPASSWORD=$POSTGRES_PASSWORD psql -U "$POSTGRES_USER" -h localhost'
        command = f'{connect} --no-psqlrc --tuples-only --no-align --command "$SQL"'
        done = self.execute("postgres", "sh", "-c", command, SQL=sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def kafka_metric(self, name: str) -> float:
        """The sum of the exporter's values with this name, or NaN if there are none."""
        address = "http://kafka-exporter:9308/metrics"
        done = self.execute("airflow-worker", "curl", "--silent", address)
        values = re.findall(rf"^{name}{{.*}} (\S+)$", done.stdout, re.MULTILINE)
        return sum(map(float, values)) if values else math.nan


class MemoryCgroup:
    """The kernel's counters for a container, in version 1 or 2 of their interface."""

    def __init__(self, container: dict[str, Any]):
        lines = Path(f"/proc/{container['State']['Pid']}/cgroup").read_text().splitlines()
        paths = {line.split(":")[1]: line.split(":", 2)[2] for line in lines}
        self.is_old = "memory" in paths
        root = "/sys/fs/cgroup/memory" if self.is_old else "/sys/fs/cgroup"
        self.folder = Path(root + paths["memory" if self.is_old else ""])

    def limit(self) -> int:
        """In bytes."""
        name = "memory.limit_in_bytes" if self.is_old else "memory.max"
        return int((self.folder / name).read_text())

    def used(self) -> int:
        """In bytes, without the page cache, which can be reclaimed."""
        return self._value("memory.stat", "total_rss" if self.is_old else "anon")

    def kills(self) -> int:
        """The number of processes that were killed because the limit was reached."""
        return self._value("memory.oom_control" if self.is_old else "memory.events", "oom_kill")

    def _value(self, file: str, name: str) -> int:
        found = re.search(rf"^{name} (\d+)$", (self.folder / file).read_text(), re.MULTILINE)
        assert found, name
        return int(found[1])
