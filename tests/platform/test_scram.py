"""Runs compose.scram.yaml: the brokers with logins, and the job that creates the clients' user."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack import LOCAL, Stack, await_true, engine

FILES = (
    "compose.yaml",
    "compose.scram.yaml",
    str(LOCAL / "compose.local.yaml"),
    str(LOCAL / "compose.local.scram.yaml"),
)


# Earlier versions send SCRAM's nonce twice, which Kafka 4 rejects.
FIRST_LIBRDKAFKA = (2, 6, 1)


def librdkafka_version() -> tuple[int, ...]:
    """The version in the images, which have the same release as this machine."""
    query = ["dpkg-query", "--show", "--showformat=${Version}", "librdkafka1"]
    version = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    return tuple(int(part) for part in version.split("-")[0].split("."))


def exit_code(stack: Stack, service: str) -> int | None:
    """Returns None while the job runs or waits for another one."""
    container = stack.containers().get(service)
    if container is None or container["State"]["Status"] != "exited":
        return None
    code: int = container["State"]["ExitCode"]
    return code


@pytest.fixture(scope="module")
def guarded(docker: Path) -> Iterator[Stack]:
    stack = Stack(docker, "steamflow-test-scram", *FILES)
    try:
        # This job waits for the user, and the job that creates the user waits for the brokers.
        stack.up("topics")
        await_true(lambda: exit_code(stack, "topics") is not None, 120, "the topics are created")
        yield stack
    finally:
        stack.down()


def test_scram_users_are_made_and_strangers_refused(guarded, config):
    assert exit_code(guarded, "kafka-users") == 0
    said = engine("logs", guarded.containers()["topics"]["Id"])
    job = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    if librdkafka_version() < FIRST_LIBRDKAFKA:
        assert exit_code(guarded, "topics") == 77
        assert "2.6.1" in job["error"]["message"]
        return
    assert exit_code(guarded, "topics") == 0, said
    assert {topic["action"] for topic in job["topics"]} == {"created"}

    variable = "AIRFLOW_CONN_KAFKA_DEFAULT"
    connection = json.loads(guarded.config["services"]["topics"]["environment"][variable])
    connection["extra"]["sasl.password"] = "wrong"
    wrong = {variable: json.dumps(connection)}
    assert guarded.run("topics", "kafka-create-topics", **wrong).returncode == 77
    none = {variable: config["services"]["topics"]["environment"][variable]}
    done = guarded.run("topics", "kafka-create-topics", "--deadline", "5", **none)
    assert done.returncode in {75, 77}
