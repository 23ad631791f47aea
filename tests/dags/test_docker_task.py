"""The content of the container that a task starts, and the outcome of the task, with the
engine's client replaced."""

from __future__ import annotations

import io
import json
import tarfile
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from docker.errors import APIError, NotFound
from rendered import ENVIRONMENT, FAILURES, SUCCESS, failure, rendered


class Engine:
    """Docker's API client, with only the calls for the life of a container."""

    def __init__(self, exit_code: int, lines: list[str], fault: BaseException | None = None):
        self.exit_code, self.lines, self.fault = exit_code, lines, fault
        self.created: dict[str, Any] = {}
        self.files: dict[str, str] = {}
        self.events: list[str] = []

    def images(self, name: str) -> list[str]:
        return [name]

    def create_host_config(self, **options: Any) -> dict[str, Any]:
        return options

    def create_container(self, **options: Any) -> dict[str, str]:
        self.created = options
        return {"Id": "a-container"}

    def put_archive(self, _: str, path: str, archive: bytes) -> None:
        if isinstance(self.fault, ConnectionError):
            raise self.fault
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            (file,) = tar.getmembers()
            content = tar.extractfile(file)
            assert content and file.mode == 0o444
            self.files[path + file.name] = content.read().decode()

    def attach(self, **_: Any) -> list[bytes]:
        return [f"{line}\n".encode() for line in self.lines]

    def start(self, _: str) -> None:
        self.events.append("start")
        if self.fault:
            raise self.fault

    def wait(self, _: str) -> dict[str, int]:
        return {"StatusCode": self.exit_code}

    def inspect_container(self, _: str) -> dict[str, Any]:
        return {"State": {"ExitCode": self.exit_code}}

    def stop(self, _: str, timeout: int) -> None:
        assert 5 < timeout < 60  # longer than the program's grace period, and shorter than the
        # client's own timeout
        if "remove" in self.events:
            raise NotFound("no such container")
        self.events.append("stop")

    def remove_container(self, _: str) -> None:
        self.events.append("remove")


@pytest.fixture
def docker_task(load_dags):
    def make(engine: Engine, **settings: str) -> Any:
        dag = load_dags(RUNTIME="docker", **settings)["steam_usrinfo_dag"]
        task = rendered(dag.get_task("player_summaries"))
        task.hook = SimpleNamespace(api_client=engine, client_created=True)
        return task

    return make


def test_docker_container(docker_task):
    engine = Engine(0, [json.dumps(SUCCESS)])
    task = docker_task(engine, IMAGE="registry/steamflow:1.0", DOCKER_NETWORK="pipeline")
    assert task.execute({}) == SUCCESS
    assert engine.created["image"] == "registry/steamflow:1.0"
    assert engine.created["command"] == ["steam-player-summaries"]
    run = {
        name: text
        for name, text in ENVIRONMENT.items()
        if name.startswith("AIRFLOW_CTX_") or name == "TRACEPARENT"
    }
    assert engine.created["environment"] == run
    (content,) = engine.files.values()
    assert list(engine.files) == ["/run/steamflow/environment"]
    variables = dict(line.split("=", 1) for line in content.removesuffix("\0").split("\0"))
    assert run | variables == ENVIRONMENT
    assert engine.created["host_config"]["network_mode"] == "pipeline"
    assert engine.created["host_config"]["mem_limit"] == "256M"
    assert engine.created["host_config"]["mounts"] == []
    assert engine.events == ["start", "stop", "remove"]


def test_docker_defaults(docker_task):
    engine = Engine(0, [json.dumps(SUCCESS)])
    docker_task(engine).execute({})
    assert engine.created["image"] == "steamflow:latest"
    assert engine.created["host_config"]["network_mode"] is None


def test_docker_result_is_found_among_other_lines(docker_task):
    """Docker merges stdout and stderr in no fixed order."""
    lines = ['{"task":"a record"}', json.dumps(SUCCESS), "warning: retried", "[1]", "12"]
    assert docker_task(Engine(0, lines)).execute({}) == SUCCESS


@pytest.mark.parametrize(("exit_code", "exception"), FAILURES)
def test_docker_failure(docker_task, exit_code, exception):
    engine = Engine(exit_code, ["a line", json.dumps(failure(exit_code))])
    with pytest.raises(exception, match=f"the cause of {exit_code}") as raised:
        docker_task(engine).execute({})
    assert type(raised.value) is exception
    assert engine.events == ["start", "stop", "remove"]


def test_docker_killed_without_a_result(docker_task):
    with pytest.raises(AirflowException, match="exit code 137: a line") as raised:
        docker_task(Engine(137, ["a line"])).execute({})
    assert type(raised.value) is AirflowException


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), APIError("no such program")])
def test_docker_container_is_stopped_before_it_is_removed(docker_task, fault):
    """A timeout is an exception in execute, and on_kill is called only after it."""
    engine = Engine(0, [], fault)
    task = docker_task(engine)
    with pytest.raises(type(fault)):
        task.execute({})
    task.on_kill()
    assert engine.events == ["start", "stop", "remove"]


def test_docker_container_without_its_variables_is_removed(docker_task):
    engine = Engine(0, [], ConnectionError("the engine is gone"))
    with pytest.raises(ConnectionError):
        docker_task(engine).execute({})
    assert engine.events == ["remove"]
