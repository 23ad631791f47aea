"""compose.scram.yaml for real: the brokers with logins, and the job that makes the clients' user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack import LOCAL, Stack, engine

FILES = (
    "compose.yaml",
    "compose.scram.yaml",
    str(LOCAL / "compose.local.yaml"),
    str(LOCAL / "compose.local.scram.yaml"),
)


@pytest.fixture(scope="module")
def guarded(docker: Path) -> Iterator[Stack]:
    stack = Stack(docker, "steamflow-test-scram", *FILES)
    try:
        stack.up(
            "topics"
        )  # which waits for the user, as the job that makes it does for the brokers
        stack.await_settled(120)
        yield stack
    finally:
        stack.down()


def test_scram_users_are_made_and_strangers_refused(guarded, config):
    containers = guarded.containers()
    assert containers["kafka-users"]["State"]["ExitCode"] == 0
    job = json.loads(engine("logs", containers["topics"]["Id"]).splitlines()[-1])
    assert {topic["action"] for topic in job["topics"]} == {"created"}

    variable = "AIRFLOW_CONN_KAFKA_DEFAULT"
    connection = json.loads(guarded.config["services"]["topics"]["environment"][variable])
    connection["extra"]["sasl.password"] = "wrong"
    wrong = {variable: json.dumps(connection)}
    assert guarded.run("topics", "kafka-create-topics", **wrong).returncode == 77
    none = {variable: config["services"]["topics"]["environment"][variable]}
    done = guarded.run("topics", "kafka-create-topics", "--deadline", "5", **none)
    assert done.returncode in {75, 77}
