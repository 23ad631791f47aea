"""Runs a native task under the real supervisor of Airflow 3.3. The test itself answers for Airflow's
execution API."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import socket
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import msgspec
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.execution_time.coordinator import reset_coordinator_manager
from airflow.sdk.execution_time.supervisor import supervise_task
from conftest import ROOT

COORDINATOR = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
RUN_ID = "scheduled__2026-11-22T22:34:00+00:00"


def packer() -> ModuleType:
    """steamflow-bundle as a module."""
    path = str(ROOT / "docker/dispatcher/steamflow-bundle")
    loader = importlib.machinery.SourceFileLoader("steamflow_bundle", path)
    spec = importlib.util.spec_from_loader("steamflow_bundle", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def coordinator_settings(bundles: Path) -> dict[str, str]:
    coordinators = {
        "bundles": {"classpath": COORDINATOR, "kwargs": {"executables_root": [str(bundles)]}}
    }
    return {
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps({"native": "bundles"}),
    }


def make_bundle(program: Path, dag_id: str, tasks: dict[str, Any], folder: Path) -> Path:
    """Makes a bundle from any program and returns its path."""
    pack = packer()
    content = program.read_bytes()
    manifest = pack.manifest_of("by_hand.py", "1.0", dag_id, tasks)
    source = b"# by hand\n"
    digest = pack.hashlib.sha256(content).digest()
    trailer = pack.TRAILER.pack(len(source), len(manifest), 1, digest, bytes(12), pack.MAGIC)
    bundle = folder / dag_id
    pack.write(bundle, content + source + manifest + trailer)
    return bundle


def ask(program: Path, question: dict[str, Any]) -> Any:
    """A program's answer to a question, which is the only message of the connection."""

    def send(peer: socket.socket, message: list[Any]) -> None:
        payload = msgspec.msgpack.encode(message)
        peer.sendall(len(payload).to_bytes(4, "big") + payload)

    with (
        socket.create_server(("127.0.0.1", 0)) as comm,
        socket.create_server(("127.0.0.1", 0)) as logs,
    ):
        addresses = ("{}:{}".format(*server.getsockname()) for server in (comm, logs))
        process = subprocess.Popen([program, *map("{}={}".format, ("--comm", "--logs"), addresses)])
        with process, comm.accept()[0] as peer, logs.accept()[0]:
            send(peer, [0, question, None])
            with peer.makefile("rb") as stream:
                number, answer = msgspec.msgpack.decode(
                    stream.read(int.from_bytes(stream.read(4), "big"))
                )
            send(peer, [number, None, None])
            assert process.wait(60) == 0
    return answer


@dataclass
class Api:
    """The part of Airflow's execution API that a task can see."""

    variables: dict[str, str] = field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    xcoms: dict[str, Any] = field(default_factory=dict)
    should_retry: bool = True
    logical_date: str | None = "2026-11-22T22:34:00Z"
    xcom_keys_to_clear: list[str] = field(default_factory=list)
    down: set[str] = field(default_factory=set)  # parts of paths that get the answer 500
    states: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def context(self) -> dict[str, Any]:
        run = {
            "dag_id": "supervised",
            "run_id": RUN_ID,
            "logical_date": self.logical_date,
            "data_interval_start": None,
            "data_interval_end": None,
            "run_after": "2026-11-22T22:35:00Z",
            "start_date": "2026-11-22T22:35:01.5Z",
            "end_date": None,
            "run_type": "scheduled",
            "state": "running",
            "consumed_asset_events": [],
            "partition_key": None,
        }
        return {
            "dag_run": run,
            "max_tries": 3,
            "should_retry": self.should_retry,
            "xcom_keys_to_clear": self.xcom_keys_to_clear,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.strip("/")
        self.asked.append(f"{request.method} {path}")
        if any(part in path for part in self.down):
            return httpx.Response(500, json={"detail": "down"})
        kind, _, rest = path.partition("/")
        body = json.loads(request.content) if request.content else None
        if kind == "task-instances":
            if rest.endswith("/run"):
                return httpx.Response(200, json=self.context())
            if rest.endswith("/state"):
                self.states.append(body)
            if rest.endswith("/validate-inlets-and-outlets"):
                return httpx.Response(200, json={"inactive_assets": []})
            return httpx.Response(204)
        if kind == "variables":
            return self.variable(request.method, rest, body)
        if kind == "connections":
            if rest not in self.connections:
                return httpx.Response(404, json={"detail": {"reason": "not_found"}})
            empty = dict.fromkeys(("host", "schema", "login", "password", "port", "extra"))
            return httpx.Response(200, json=empty | {"conn_id": rest} | self.connections[rest])
        assert kind == "xcoms"
        key = "/".join(rest.split("/")[-2:])
        if request.method == "POST":
            self.xcoms[key] = body
            return httpx.Response(201, json={"message": "ok"})
        if request.method == "DELETE":
            self.xcoms.pop(key, None)
            return httpx.Response(200, json={"message": "ok"})
        return httpx.Response(200, json={"key": key, "value": self.xcoms[key]})

    def variable(self, method: str, key: str, body: Any) -> httpx.Response:
        if method == "PUT":
            self.variables[key] = body["val"]
            return httpx.Response(201, json={"message": "ok"})
        if key not in self.variables:
            return httpx.Response(404, json={"detail": {"reason": "not_found"}})
        if method == "DELETE":
            del self.variables[key]
            return httpx.Response(204)
        return httpx.Response(200, json={"key": key, "value": self.variables[key]})


@dataclass
class Outcome:
    exit_code: int
    log: list[dict[str, Any]]  # the records in the file of the task's log

    def events(self, level: str, logger: str = "") -> list[str]:
        return [
            line["event"]
            for line in self.log
            if line["level"] == level and (not logger or line.get("logger") == logger)
        ]


def run_task(api: Any, log: Path, **ti: Any) -> int:
    """Has the supervisor, in this process, run a task."""
    instance = TaskInstance(
        id=uuid.uuid4(), run_id=RUN_ID, try_number=1, dag_version_id=uuid.uuid4(), **ti
    )
    return supervise_task(
        ti=instance,
        bundle_info=BundleInfo(name="dags-folder", version=None),
        dag_rel_path=f"{instance.dag_id}.py",
        token="",
        client=Client(base_url=None, dry_run=True, token="", transport=httpx.MockTransport(api)),
        log_path=str(log),
    )


def supervise(
    api: Api, bundles: Path, dag_id: str, task_id: str, monkeypatch: Any, **ti: Any
) -> Outcome:
    for name, value in coordinator_settings(bundles).items():
        monkeypatch.setenv(name, value)
    reset_coordinator_manager()
    log = bundles / f"{task_id}.log"
    log.unlink(missing_ok=True)
    exit_code = run_task(api, log, dag_id=dag_id, task_id=task_id, queue="native", **ti)
    lines = log.read_text().splitlines()
    return Outcome(exit_code, [json.loads(line) for line in lines])
