"""The content of the pod that a task starts, and the outcome of the task, with the cluster
replaced."""

from __future__ import annotations

import json
import re
from typing import Any
from unittest.mock import MagicMock

import kubernetes_validate
import pytest
from airflow.providers.cncf.kubernetes.utils.pod_manager import (
    EMPTY_XCOM_RESULT,
    XComRetrievalError,
)
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from conftest import KEY, ROOT
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException
from rendered import ENVIRONMENT, FAILURES, SUCCESS, failure, rendered

VERSIONS = dict(
    re.findall("^([A-Z_]+)=(.*)$", (ROOT / "docker/versions.env").read_text(), re.MULTILINE)
)
KUBERNETES_VERSION = VERSIONS["KUBERNETES_VERSION"]


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


def test_kubernetes_takes_all_rights_from_the_pod(pod_task):
    """The profile `restricted` of a namespace requires this of every container, including the
    sidecar."""
    pod = pod_task().build_pod_request_obj()
    context = pod.spec.security_context
    assert context.run_as_non_root is True
    assert (
        context.run_as_user == context.run_as_group == 65532
    )  # the user of the image; the sidecar's user is root
    assert context.seccomp_profile.type == "RuntimeDefault"
    for container in pod.spec.containers:
        assert container.security_context.allow_privilege_escalation is False
        assert container.security_context.read_only_root_filesystem is True
        assert container.security_context.capabilities.drop == ["ALL"]


def test_kubernetes_leaves_the_sidecar_what_the_connection_says(pod_task):
    task = pod_task()
    own = {"runAsUser": 1}
    task.hook.get_xcom_sidecar_container_security_context.return_value = own
    assert task.build_pod_request_obj().spec.containers[1].security_context == own


def test_kubernetes_gives_the_pod_an_authority(pod_task):
    """The certificate for servers that no public authority has signed, if the Secret contains
    it."""
    assert not [each for each in pod_task().build_pod_request_obj().spec.volumes if each.secret]
    pod = pod_task(KUBERNETES_SECRET="steamflow-connections").build_pod_request_obj()
    (volume,) = (each for each in pod.spec.volumes if each.secret)
    assert (volume.secret.secret_name, volume.secret.optional) == ("steamflow-connections", True)
    assert [(item.key, item.path) for item in volume.secret.items] == [("certificate.pem",) * 2]
    (mount,) = (each for each in pod.spec.containers[0].volume_mounts if each.name == volume.name)
    assert (mount.mount_path, mount.read_only) == ("/run/steamflow", True)


def test_kubernetes_gives_the_pod_what_is_secret(pod_task):
    pod = pod_task(KUBERNETES_SECRET="steamflow-connections").build_pod_request_obj()
    program, _ = pod.spec.containers
    given = {each.name: each.value_from.secret_key_ref for each in program.env if each.value_from}
    secrets = {
        "AIRFLOW_VAR_STEAM_API_KEY",
        "AIRFLOW_CONN_KAFKA_DEFAULT",
        "AIRFLOW_CONN_REDIS_DEFAULT",
    }
    assert set(given) == secrets | {"SSL_CERT_FILE", "SSL_CERT_DIR"}
    for name, key in given.items():
        assert (key.name, key.key, key.optional) == ("steamflow-connections", name, True)
    plain = {each.name: each.value for each in program.env if not each.value_from}
    assert plain == {name: text for name, text in ENVIRONMENT.items() if name not in secrets}
    assert KEY not in str(pod) and "비밀" not in str(pod)


@pytest.mark.parametrize("secret", ["", "steamflow-connections"])
def test_kubernetes_takes_the_pod(pod_task, secret):
    """Validates the pod with the schemas of Kubernetes' API, which allow no unknown fields here."""
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
    """Runs the whole of execute on a cluster with the given responses. The result is the
    sidecar's copy of its file, which may be missing, or an error."""
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
    """This can only be another program, because each program of the project writes a result."""
    with pytest.raises(AirflowFailException, match="exit code 0: no output"):
        run_pod(pod_task(), 0, None)


def test_kubernetes_success_whose_result_cannot_be_read(pod_task):
    with pytest.raises(AirflowException) as raised:
        run_pod(pod_task(), 0, NO_SIDECAR)
    assert raised.value is NO_SIDECAR  # so that the task is retried


def test_kubernetes_pod_that_is_gone(pod_task):
    """The program may have ended or not, so the task is retried."""
    task = pod_task()
    with pytest.raises(AirflowException, match="Pod pod returned a failure") as raised:
        task.pod_manager = MagicMock()
        task.pod_manager.read_pod.side_effect = ApiException(status=404)
        task.client = MagicMock()
        task.cleanup(running_pod(), running_pod())
    assert type(raised.value) is AirflowException
