"""What lands in a container or pod, and what becomes of its end, with the engine's client replaced:
the docker and kubernetes runtimes."""

from __future__ import annotations

import io
import json
import re
import tarfile
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import kubernetes_validate
import pytest
from airflow.providers.cncf.kubernetes.utils.pod_manager import (
    EMPTY_XCOM_RESULT,
    XComRetrievalError,
)
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    Connection,
)
from conftest import ROOT
from docker.errors import APIError, NotFound
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException

VERSIONS = dict(
    re.findall("^([A-Z_]+)=(.*)$", (ROOT / "docker/versions.env").read_text(), re.MULTILINE)
)
KUBERNETES_VERSION = VERSIONS["KUBERNETES_VERSION"]
KEY = "0123456789ABCDEF0123456789ABCDEF"
KAFKA = {"conn_type": "kafka", "extra": {"sasl.password": 'p"w\\비밀'}}
ENVIRONMENT = {
    "AIRFLOW_CTX_DAG_ID": "steam_usrinfo_dag",
    "AIRFLOW_CTX_TASK_ID": "player_summaries",
    "AIRFLOW_CTX_DAG_RUN_ID": "manual__1",
    "AIRFLOW_CTX_TRY_NUMBER": "2",
    "AIRFLOW_CTX_MAP_INDEX": "-1",
    "AIRFLOW_CTX_LOGICAL_DATE": "2026-11-22T22:34:00+00:00",
    "AIRFLOW_VAR_STEAM_API_KEY": KEY,
    "AIRFLOW_VAR_STEAM_API_URL": "",
    "AIRFLOW_VAR_STEAM_TIMEZONE": "",
    "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "",
    "AIRFLOW_VAR_PUSHGATEWAY_URL": "",
    "AIRFLOW_CONN_KAFKA_DEFAULT": json.dumps(KAFKA),
    "AIRFLOW_CONN_REDIS_DEFAULT": "",
}
SUCCESS = {"task": "steam-player-summaries", "status": "success", "exit_code": 0, "error": None}
# exit code, what Airflow is told
FAILURES = [
    *((code, AirflowFailException) for code in (64, 65, 77, 78)),
    *((code, AirflowException) for code in (70, 74, 75, 143)),
    (99, AirflowSkipException),
]


def failure(exit_code: int) -> dict[str, Any]:
    error = {"kind": "any", "message": f"the cause of {exit_code}"}
    return SUCCESS | {"status": "failed", "exit_code": exit_code, "error": error}


def rendered(task: Any) -> Any:
    """The task after Airflow rendered its templates, for a run by hand on Airflow 3, which has no
    logical date."""
    run_after = datetime(2026, 11, 22, 22, 34, tzinfo=UTC)
    context = {
        "task": task,
        "ti": SimpleNamespace(dag_id=task.dag_id, task_id=task.task_id, try_number=2, map_index=-1),
        "run_id": "manual__1",
        "dag_run": SimpleNamespace(logical_date=None, run_after=run_after),
        "var": {"value": {"STEAM_API_KEY": KEY}},
        "conn": {"kafka_default": Connection.from_json(json.dumps(KAFKA), "kafka_default")},
    }
    task.render_template_fields(context)
    return task


class Engine:
    """Docker's API client, as far as a container's life goes."""

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
        assert 5 < timeout < 60  # the program's grace, and the client's own timeout
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
    run = {name: text for name, text in ENVIRONMENT.items() if name.startswith("AIRFLOW_CTX_")}
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
    """A timeout comes as an exception out of execute, and on_kill only after it."""
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


@pytest.fixture
def pod_task(load_dags):
    def make(**settings: str) -> Any:
        dag = load_dags(RUNTIME="kubernetes", **settings)["steam_usrinfo_dag"]
        task = rendered(dag.get_task("player_summaries"))
        task.hook = MagicMock()
        task.hook.get_namespace.return_value = "steam"
        task.hook.get_xcom_sidecar_container_image.return_value = "alpine"
        task.hook.get_xcom_sidecar_container_resources.return_value = None
        task.hook.get_xcom_sidecar_container_security_context.return_value = None
        return task

    return make


def test_kubernetes_pod(pod_task):
    pod = pod_task(IMAGE="registry/steamflow:1.0").build_pod_request_obj()
    assert pod.metadata.name.startswith("steam-player-summaries-")
    assert pod.metadata.namespace == "steam"
    assert pod.spec.restart_policy == "Never"
    assert pod.spec.automount_service_account_token is False
    assert pod.spec.termination_grace_period_seconds == 10
    program, sidecar = pod.spec.containers
    assert sidecar.name == "airflow-xcom-sidecar"
    assert program.image == "registry/steamflow:1.0"
    assert not program.command  # the image's own entry point
    assert program.args == ["steam-player-summaries"]
    assert {each.name: each.value for each in program.env} == ENVIRONMENT
    assert program.resources.limits == {"memory": "256Mi"}
    assert "/airflow/xcom" in [mount.mount_path for mount in program.volume_mounts]


def test_kubernetes_gives_the_pod_what_is_secret(pod_task):
    pod = pod_task(KUBERNETES_SECRET="steamflow-connections").build_pod_request_obj()
    program, _ = pod.spec.containers
    given = {each.name: each.value_from.secret_key_ref for each in program.env if each.value_from}
    secrets = {
        "AIRFLOW_VAR_STEAM_API_KEY",
        "AIRFLOW_CONN_KAFKA_DEFAULT",
        "AIRFLOW_CONN_REDIS_DEFAULT",
    }
    assert set(given) == secrets
    for name, key in given.items():
        assert (key.name, key.key, key.optional) == ("steamflow-connections", name, True)
    plain = {each.name: each.value for each in program.env if not each.value_from}
    assert plain == {name: text for name, text in ENVIRONMENT.items() if name not in secrets}
    assert KEY not in str(pod) and "비밀" not in str(pod)


@pytest.mark.parametrize("secret", ["", "steamflow-connections"])
def test_kubernetes_takes_the_pod(pod_task, secret):
    """By the schemas of its API, which allow no unknown fields here."""
    task = pod_task(KUBERNETES_SECRET=secret)
    pod = ApiClient().sanitize_for_serialization(task.build_pod_request_obj())
    kubernetes_validate.validate(pod, KUBERNETES_VERSION, strict=True)
    pod["spec"]["containers"][0]["argz"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="argz"):
        kubernetes_validate.validate(pod, KUBERNETES_VERSION, strict=True)


def pod_in(state: k8s.V1ContainerState, phase: str) -> k8s.V1Pod:
    status = k8s.V1ContainerStatus(
        name="base", state=state, image="i", image_id="i", ready=False, restart_count=0
    )
    return k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(name="pod", namespace="steam", labels={}),
        spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base")]),
        status=k8s.V1PodStatus(phase=phase, container_statuses=[status]),
    )


def running_pod() -> k8s.V1Pod:
    return pod_in(k8s.V1ContainerState(running=k8s.V1ContainerStateRunning()), "Running")


def finished_pod(exit_code: int) -> k8s.V1Pod:
    ended = k8s.V1ContainerState(terminated=k8s.V1ContainerStateTerminated(exit_code=exit_code))
    return pod_in(ended, "Succeeded" if exit_code == 0 else "Failed")


def run_pod(task: Any, exit_code: int, result: dict[str, Any] | Exception | None) -> Any:
    """The whole of execute, on a cluster whose answers are given. The result is what the sidecar
    makes of its file, which may be missing, or an error."""
    pod = finished_pod(exit_code)
    task.client = MagicMock()
    task.pod_manager = MagicMock()
    if isinstance(result, Exception):
        task.pod_manager.extract_xcom.side_effect = result
    else:
        file = EMPTY_XCOM_RESULT if result is None else json.dumps(result)
        task.pod_manager.extract_xcom.return_value = f"{file}\n"
    task.pod_manager.await_pod_completion.return_value = pod
    task.pod_manager.read_pod.return_value = pod
    task.find_pod = MagicMock(return_value=running_pod())
    task.get_or_create_pod = MagicMock(return_value=pod)
    task.await_pod_start = MagicMock()
    task.pod_request_obj = task.build_pod_request_obj()
    return task.execute({"ti": MagicMock(), "task": task})


def test_kubernetes_success(pod_task):
    assert run_pod(pod_task(), 0, SUCCESS) == SUCCESS


@pytest.mark.parametrize(("exit_code", "exception"), FAILURES)
def test_kubernetes_failure(pod_task, exit_code, exception):
    with pytest.raises(exception, match=f"the cause of {exit_code}") as raised:
        run_pod(pod_task(), exit_code, failure(exit_code))
    assert type(raised.value) is exception


NO_SIDECAR = XComRetrievalError("airflow-xcom-sidecar container is not running!")


@pytest.mark.parametrize("missing", [None, NO_SIDECAR, {"a": "file of another program"}])
@pytest.mark.parametrize(
    ("exit_code", "exception"), [*FAILURES, (127, AirflowFailException), (137, AirflowException)]
)
def test_kubernetes_failure_without_a_result(pod_task, exit_code, exception, missing):
    with pytest.raises(exception, match="steam-player-summaries.*Pod pod returned") as raised:
        run_pod(pod_task(), exit_code, missing)
    assert type(raised.value) is exception
    assert KEY not in str(raised.value)


def test_kubernetes_success_without_a_result(pod_task):
    """Another program's, as each of ours writes one."""
    with pytest.raises(AirflowFailException, match="exit code 0: no output"):
        run_pod(pod_task(), 0, None)


def test_kubernetes_success_whose_result_cannot_be_read(pod_task):
    with pytest.raises(AirflowException) as raised:
        run_pod(pod_task(), 0, NO_SIDECAR)
    assert raised.value is NO_SIDECAR  # which is tried again


def test_kubernetes_pod_that_is_gone(pod_task):
    """Of a program that may have ended or not, so it is tried again."""
    task = pod_task()
    with pytest.raises(AirflowException, match="Pod pod returned a failure") as raised:
        task.pod_manager = MagicMock()
        task.pod_manager.read_pod.side_effect = ApiException(status=404)
        task.client = MagicMock()
        task.cleanup(running_pod(), running_pod())
    assert type(raised.value) is AirflowException


@pytest.mark.parametrize("runtime", ["docker", "kubernetes"])
def test_shards_in_containers(load_dags, runtime):
    dag = load_dags(RUNTIME=runtime, SHARDS="2")["steam_usrinfo_dag"]
    task = dag.get_task("player_summaries").unmap({"argv": ["steam-news", "--shard", "1/2"]})
    argv = task.command if runtime == "docker" else task.arguments
    assert argv == ["steam-news", "--shard", "1/2"]
