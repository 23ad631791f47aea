"""Runs the applications of docker/spark on local cores, each in its own process group."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import ROOT

ENVIRONMENT = Path(sys.executable).parents[1]  # with Spark in it


def lay(folder: Path, module: str, changes: dict[str, str]) -> Path:
    """Copies docker/spark as it is in the image, with the jars, and changes some text of a module. The
    settings are changed too: with so little data, compiling less halves the time of a run."""
    program = folder / "docker/spark"
    shutil.copytree(ROOT / "docker/spark", program)
    for schema in ROOT.glob("tasks/*/record.schema.json"):
        copy = folder / schema.relative_to(ROOT)
        copy.parent.mkdir(parents=True)
        shutil.copy(schema, copy)
    text = (program / module).read_text()
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    (program / module).write_text(text)
    with (program / "conf/spark-defaults.conf").open("a") as settings:
        settings.write(
            "spark.sql.codegen.wholeStage false\n"
            "spark.sql.codegen.factoryMode NO_CODEGEN\n"
            "spark.sql.shuffle.partitions 2\n"
        )
    (program / "jars").symlink_to(ENVIRONMENT / "jars")
    return program


@dataclass
class Application:
    """A running application, in its own process group. Its output goes to a file."""

    process: subprocess.Popen[bytes]
    output: Path

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 600
        while not condition():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.02)

    def result(self) -> dict[str, Any]:
        """Waits for the end of the run and returns its result, the last line. Only warnings may
        precede it."""
        try:
            self.process.wait(600)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self.output.read_text()) from error
        text = self.output.read_text()
        last = text.splitlines()[-1]
        assert last.startswith("{"), text
        result: dict[str, Any] = json.loads(last)
        assert result["exit_code"] == self.process.returncode, text
        return result


@dataclass
class Spark:
    program: Path
    folder: Path
    environment: dict[str, str]

    @contextmanager
    def run(self, *arguments: str, **environment: str) -> Iterator[Application]:
        output = self.folder / f"{time.monotonic_ns()}.log"
        with output.open("w") as file:
            application = Application(
                subprocess.Popen(
                    [self.program, *arguments],
                    env=self.environment | environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                ),
                output,
            )
        try:
            yield application
        finally:
            if application.process.poll() is None:
                application.kill()


def local_spark(program: Path, folder: Path, brokers: str) -> Spark:
    """A Spark on two local cores, with the Kafka of the tests and the checkpoint in the folder."""
    environment = {
        "PATH": f"{ENVIRONMENT}/bin:{os.environ['PATH']}",
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AIRFLOW_VAR_SPARK_MASTER": "local[2]",
        "AIRFLOW_VAR_SPARK_CHECKPOINT": f"file://{folder}/checkpoint",
        "AIRFLOW_CONN_KAFKA_DEFAULT": f"kafka://{brokers}",
    }
    return Spark(program, folder, environment)
