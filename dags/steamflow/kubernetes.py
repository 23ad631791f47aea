"""The kubernetes runtime: runs a program in its own pod."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.common.compat.sdk import AirflowException
from kubernetes.client import (
    V1Capabilities,
    V1EnvVar,
    V1EnvVarSource,
    V1KeyToPath,
    V1Pod,
    V1PodSecurityContext,
    V1ResourceRequirements,
    V1SeccompProfile,
    V1SecretKeySelector,
    V1SecretVolumeSource,
    V1SecurityContext,
    V1Volume,
    V1VolumeMount,
)
from kubernetes.client.exceptions import ApiException

from steamflow.outcome import EXIT_SKIPPED, outcome, result_in
from steamflow.program import MEMORY_LIMIT, STOP_SECONDS, Program
from steamflow.settings import IMAGE, KUBERNETES_SECRET

CONTAINER_START_SECONDS = 60
SECRETS = re.compile("AIRFLOW_CONN_.*|AIRFLOW_VAR_.*(KEY|PASSWORD)")

# The user of the image. It is set explicitly because the sidecar's image would run as root.
POD_SECURITY = V1PodSecurityContext(
    run_as_non_root=True,
    run_as_user=65532,
    run_as_group=65532,
    seccomp_profile=V1SeccompProfile(type="RuntimeDefault"),
)
CONTAINER_SECURITY = V1SecurityContext(
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    capabilities=V1Capabilities(drop=["ALL"]),
)

# The key of the Secret with the certificate of a private authority, and the folder that it is mounted
# in. If one of the variables is set, a program looks only there. There are two so that a program finds
# the private authority and those of the image.
AUTHORITY = "certificate.pem"
AUTHORITY_FOLDER = "/run/steamflow"
AUTHORITY_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def secret_variable(name: str) -> V1EnvVar:
    # Optional, so that a variable missing in the Secret is unset and the program reports it.
    key = V1SecretKeySelector(name=KUBERNETES_SECRET, key=name, optional=True)
    return V1EnvVar(name=name, value_from=V1EnvVarSource(secret_key_ref=key))


def pod_variable(name: str, value: str) -> V1EnvVar:
    if KUBERNETES_SECRET and SECRETS.fullmatch(name):
        return secret_variable(name)
    return V1EnvVar(name=name, value=value)


def authority() -> dict[str, Any]:
    """The pod options that mount the certificate of the Secret as a file."""
    items = [V1KeyToPath(key=AUTHORITY, path=AUTHORITY)]
    source = V1SecretVolumeSource(secret_name=KUBERNETES_SECRET, items=items, optional=True)
    mount = V1VolumeMount(name="authority", mount_path=AUTHORITY_FOLDER, read_only=True)
    return {
        "volumes": [V1Volume(name="authority", secret=source)],
        "volume_mounts": [mount],
    }


class KubernetesTask(Program, KubernetesPodOperator):
    """Runs a program in its own pod. Its result is the file that the XCom sidecar reads."""

    def __init__(self, *, argv: Sequence[str], environment: dict[str, str], **kwargs: Any):
        self.program = argv[0]
        variables = [pod_variable(name, value) for name, value in environment.items()]
        if KUBERNETES_SECRET:
            variables += map(secret_variable, AUTHORITY_VARIABLES)
            kwargs |= authority()
        super().__init__(
            name=self.program,
            image=IMAGE,
            arguments=list(argv),
            env_vars=variables,
            security_context=POD_SECURITY,
            container_security_context=CONTAINER_SECURITY,
            container_resources=V1ResourceRequirements(limits={"memory": MEMORY_LIMIT}),
            automount_service_account_token=False,
            startup_timeout_seconds=CONTAINER_START_SECONDS,
            termination_grace_period=STOP_SECONDS,
            do_xcom_push=True,
            skip_on_exit_code=EXIT_SKIPPED,
            log_pod_spec_on_failure=False,  # it contains the environment
            **kwargs,
        )

    def build_pod_request_obj(self, context: Any = None, **options: Any) -> V1Pod:
        """Restricts the sidecar like the program. The base class adds the sidecar last."""
        pod = super().build_pod_request_obj(context, **options)
        for container in pod.spec.containers:
            container.security_context = container.security_context or CONTAINER_SECURITY
        return pod

    def execute(self, context: Any) -> dict[str, Any]:
        return outcome(self.program, 0, result_in(super().execute(context)), "")

    def cleanup(
        self, pod: Any, remote_pod: Any, xcom_result: Any = None, context: Any = None
    ) -> None:
        """Is called at the end in any case, and raises an exception if the program failed."""
        if remote_pod and self.exit_code(remote_pod) is None:
            # If the result could not be read, remote_pod is still the pod as it was at its start.
            with contextlib.suppress(ApiException, AirflowException):
                remote_pod = self.pod_manager.read_pod(remote_pod)
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        except AirflowException as error:
            exit_code = self.exit_code(remote_pod)
            if not exit_code:
                raise  # evicted, or never started
            outcome(self.program, exit_code, result_in(xcom_result), str(error))

    def exit_code(self, pod: Any) -> int | None:
        """The exit code of the container; None if it has not ended or is unknown. The result cannot
        tell it, because a program may fail without writing one."""
        for container in pod.status.container_statuses or []:
            ended = container.state and container.state.terminated
            if container.name == self.base_container_name and ended:
                code: int = ended.exit_code
                return code
        return None
