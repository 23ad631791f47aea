"""Makes the Airflow task that runs one steamflow program.

Where the programs run is the deployment's choice, read from the environment when a DAG file is
parsed, never from the database (an empty value is the default):

- `AIRFLOW_VAR_STEAMFLOW_RUNTIME`: `bash` (default), `docker` or `kubernetes`.
- `AIRFLOW_VAR_STEAMFLOW_BIN`: bash: the folder of the programs. Default: they are on PATH.
- `AIRFLOW_VAR_STEAMFLOW_IMAGE`: docker and kubernetes: the image. Default `steamflow:latest`.
- `AIRFLOW_VAR_STEAMFLOW_DOCKER_NETWORK`: docker: the network that reaches Kafka and Redis, where
  that is not Docker's default bridge.
- `AIRFLOW_VAR_STEAMFLOW_KUBERNETES_SECRET`: kubernetes: the Secret, in the pods' namespace, from which
  they get Connections, keys and passwords by reference; its keys are AIRFLOW_CONN_* and AIRFLOW_VAR_*.
  Default: Airflow writes them into the pod's specification.
- `AIRFLOW_VAR_STEAMFLOW_SHARDS`: how many tasks share the walk of a sharded DAG, 1 to 999.

In every runtime a task's XCom is its result line as a dict, exit code 99 is a skip, and an exit
code that trying again cannot mend fails the task at once.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import tarfile
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    Asset,
    mask_secret,
)
from airflow.providers.standard.operators.bash import BashOperator


def setting(name: str, pattern: str, expected: str, default: str = "") -> str:
    """The environment's AIRFLOW_VAR_STEAMFLOW_<name>; ValueError, which fails the import of every
    DAG, where it does not match the pattern."""
    variable = f"AIRFLOW_VAR_STEAMFLOW_{name}"
    value = os.environ.get(variable) or default
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{variable} is {value!r}, expected {expected}")
    return value


RUNTIME = setting("RUNTIME", "bash|docker|kubernetes", "bash, docker or kubernetes", "bash")
BIN = setting("BIN", "(/.*)?", "an absolute path")
IMAGE = setting("IMAGE", r"\S+", "the name of an image", "steamflow:latest")
DOCKER_NETWORK = setting("DOCKER_NETWORK", r"\S*", "the name of a network")
KUBERNETES_SECRET = setting("KUBERNETES_SECRET", "[a-z0-9.-]*", "the name of a Secret")
SHARDS = int(setting("SHARDS", "[1-9][0-9]{0,2}", "a number from 1 to 999", "1"))

# A program ends by its own --deadline (50 s) and at most 5 s after a SIGTERM. The rest of this is
# for the start of a container, so that Airflow steps in only where something hangs.
EXECUTION_TIMEOUT = timedelta(minutes=2)
CONTAINER_START_SECONDS = 60
STOP_SECONDS = 10
MEMORY_LIMIT = "256Mi"

EXIT_SKIPPED = 99
# Usage, bad data, refused credentials, configuration; and the shell's own "cannot be executed" and
# "not found".
EXITS_FOR_GOOD = {64, 65, 77, 78, 126, 127}

# What a program in the bash runtime takes over from the worker: where programs, certificates and
# the way out are. Nothing else, as a worker's environment holds Airflow's own secrets.
INHERITED = (
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
)

# Airflow sets these itself for bash only, without the map index, and without a logical date where a
# run has none: a manual run on Airflow 3, which is due at run_after.
RUN_CONTEXT = {
    "AIRFLOW_CTX_DAG_ID": "{{ ti.dag_id }}",
    "AIRFLOW_CTX_TASK_ID": "{{ ti.task_id }}",
    "AIRFLOW_CTX_DAG_RUN_ID": "{{ run_id }}",
    "AIRFLOW_CTX_TRY_NUMBER": "{{ ti.try_number }}",
    "AIRFLOW_CTX_MAP_INDEX": "{{ ti.map_index }}",
    "AIRFLOW_CTX_LOGICAL_DATE": "{{ (dag_run.logical_date or dag_run.run_after).isoformat() }}",
}


def result_line(lines: Iterable[str]) -> dict[str, Any]:
    """The last line that is a result; {} without one. Docker can put a log line after it."""
    for line in reversed(list(lines)):
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict) and "task" in value and "status" in value:
                return value
    return {}


def outcome(program: str, exit_code: int, result: dict[str, Any], last_line: str) -> dict[str, Any]:
    """The XCom of a program that succeeded; otherwise raises what Airflow shall do about it."""
    if exit_code == 0 and result:
        return result
    cause = (result.get("error") or {}).get("message") or last_line or "no output"
    message = f"{program}: exit code {exit_code}: {cause}"
    if exit_code == EXIT_SKIPPED:
        raise AirflowSkipException(message)
    if exit_code == 127:
        raise AirflowFailException(f"{program} is not installed: {cause}")
    if exit_code in EXITS_FOR_GOOD or exit_code == 0:  # 0 without a result: not our program
        raise AirflowFailException(message)
    raise AirflowException(message)


def topic_asset(topic: str) -> Asset:
    """What stands for a Kafka topic in Airflow: a source's run that filled it is an event there."""
    return Asset(f"steamflow/{topic}")


def tell_acknowledged(context: Any, result: dict[str, Any]) -> None:
    """Tells with the event of the topic how much the run had acknowledged: `steam_reconcile` holds
    Kafka against it."""
    for topic in context["task"].outlets:
        context["outlet_events"][topic].extra = {
            "topic": result["kafka"]["topic"],
            "run_id": result["run"]["run_id"],
            "acknowledged": result["kafka"]["acknowledged"],
        }


class Secrets:
    """What the templates of a task's environment call as `task`."""

    @staticmethod
    def masked(connection: Any) -> str:
        """The connection as JSON, which keeps every field (a URI loses the host's case). Masked as
        a whole: Airflow masks the password, but not as JSON escapes it, nor keys in the extra.
        Empty where it is not defined, so that the program says what is missing."""
        if connection is None:
            return ""
        text = connection.as_json()
        mask_secret(text)
        return text


class WorkerTask(Secrets, BashOperator):
    """A program on the worker. Its stdout and stderr are the task's log, the last line its
    result."""

    def __init__(self, *, argv: Sequence[str], environment: dict[str, str], **kwargs: Any):
        self.program = argv[0]
        # exec: Airflow's SIGTERM reaches the program, and the program sees its parent die.
        command = shlex.join([os.path.join(BIN, self.program), *argv[1:]])
        super().__init__(bash_command=f"exec {command}", env=environment, **kwargs)

    def get_env(self, context: Any) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return inherited | super().get_env(context)

    def execute(self, context: Any) -> dict[str, Any]:
        # BashOperator's own execute drops the output of a program that fails.
        run = self.subprocess_hook.run_command(
            ["bash", "-c", self.bash_command], env=self.get_env(context)
        )
        return outcome(self.program, run.exit_code, result_line([run.output]), run.output)


if RUNTIME == "bash":
    SteamflowTask = WorkerTask

elif RUNTIME == "docker":
    from airflow.providers.docker.exceptions import DockerContainerFailedException
    from airflow.providers.docker.operators.docker import DockerOperator
    from docker.errors import NotFound

    # Where the image's entry point looks for variables.
    ENVIRONMENT_FILE = "run/steamflow/environment"

    class Engine:
        """An engine's client that gives a container its variables in a file, all but those that say
        which run it is: whatever the engine itself sets, `docker inspect` shows."""

        def __init__(self, client: Any):
            self.client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def create_container(self, *, environment: dict[str, str], **options: Any) -> Any:
            run = {name: environment[name] for name in environment if name in RUN_CONTEXT}
            content = "".join(
                f"{name}={value}\0" for name, value in environment.items() if name not in run
            ).encode()
            file = tarfile.TarInfo(ENVIRONMENT_FILE)
            file.size, file.mode = len(content), 0o444  # the container has one user, not root
            archive = io.BytesIO()
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.addfile(file, io.BytesIO(content))
            container = self.client.create_container(environment=run, **options)
            try:
                self.client.put_archive(container["Id"], "/", archive.getvalue())
            except BaseException:
                self.client.remove_container(container["Id"])
                raise
            return container

    class SteamflowTask(Secrets, DockerOperator):
        """A program in a container of its own, which is removed afterwards. `environment` and not
        `private_environment`, which is not templated: the secrets in it are masked, and reach the
        container in a file."""

        def __init__(self, *, argv: Sequence[str], environment: dict[str, str], **kwargs: Any):
            self.program = argv[0]
            super().__init__(
                image=IMAGE,
                command=list(argv),
                environment=environment,
                network_mode=DOCKER_NETWORK or None,
                mem_limit=MEMORY_LIMIT.removesuffix("i"),  # Docker's m is already a MiB
                mount_tmp_dir=False,
                xcom_all=True,
                **kwargs,
            )

        @property
        def cli(self) -> Any:
            return Engine(super().cli)

        def execute(self, context: Any) -> dict[str, Any]:
            try:
                lines, exit_code = super().execute(context) or [], 0
            except DockerContainerFailedException as error:
                lines = error.logs or []
                state = self.cli.inspect_container(self.container["Id"])["State"]
                exit_code = state["ExitCode"]
            finally:
                self.on_kill()
            return outcome(self.program, exit_code, result_line(lines), "".join(lines[-1:]))

        def on_kill(self) -> None:
            """Stops the container, with SIGTERM first, and removes it. auto_remove cannot: it kills
            or forgets a container that timed out."""
            if self.container:
                with contextlib.suppress(NotFound):
                    self.cli.stop(self.container["Id"], timeout=STOP_SECONDS)
                    self.cli.remove_container(self.container["Id"])

else:
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import (
        V1EnvVar,
        V1EnvVarSource,
        V1ResourceRequirements,
        V1SecretKeySelector,
    )

    SECRETS = re.compile("AIRFLOW_CONN_.*|AIRFLOW_VAR_.*(KEY|PASSWORD)")

    def pod_variable(name: str, value: str) -> V1EnvVar:
        if not KUBERNETES_SECRET or not SECRETS.fullmatch(name):
            return V1EnvVar(name=name, value=value)
        # Optional: what is not in the Secret is unset, and the program says so.
        key = V1SecretKeySelector(name=KUBERNETES_SECRET, key=name, optional=True)
        return V1EnvVar(name=name, value_from=V1EnvVarSource(secret_key_ref=key))

    class SteamflowTask(Secrets, KubernetesPodOperator):
        """A program in a pod of its own. Its result is the file that the XCom sidecar reads."""

        def __init__(self, *, argv: Sequence[str], environment: dict[str, str], **kwargs: Any):
            self.program = argv[0]
            super().__init__(
                name=self.program,
                image=IMAGE,
                arguments=list(argv),
                env_vars=[pod_variable(name, value) for name, value in environment.items()],
                container_resources=V1ResourceRequirements(limits={"memory": MEMORY_LIMIT}),
                automount_service_account_token=False,
                startup_timeout_seconds=CONTAINER_START_SECONDS,
                termination_grace_period=STOP_SECONDS,
                do_xcom_push=True,
                skip_on_exit_code=EXIT_SKIPPED,
                log_pod_spec_on_failure=False,  # it holds the environment
                **kwargs,
            )

        def cleanup(
            self, pod: Any, remote_pod: Any, xcom_result: Any = None, context: Any = None
        ) -> None:
            try:
                super().cleanup(pod, remote_pod, xcom_result, context)
            except AirflowException as error:
                if not isinstance(xcom_result, dict) or "exit_code" not in xcom_result:
                    raise  # killed before it had a result
                outcome(self.program, xcom_result["exit_code"], xcom_result, str(error))


def skip_unless_defined(connections: Sequence[str]) -> Callable[[Any], None]:
    """A task's pre_execute: whoever does not run a service defines no Connection of it."""

    def pre_execute(context: Any) -> None:
        for name in connections:
            if context["conn"].get(name) is None:
                raise AirflowSkipException(f"the Connection {name} is not defined")

    return pre_execute


def steamflow_task(
    task_id: str,
    argv: Sequence[str],
    *,
    variables: Sequence[str] = (),
    connections: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    fills: str = "",
    sharded: bool = False,
    optional: bool = False,
    on_worker: bool = False,
    timeout: timedelta = EXECUTION_TIMEOUT,
) -> Any:
    """The task that runs `argv` (templated) with the Airflow Variables and Connections named, and
    no others but PUSHGATEWAY_URL. One that is not defined is passed empty, which the programs take
    as unset. `fills` names the topic of a source. Sharded: mapped over `--shard I/N` where
    AIRFLOW_VAR_STEAMFLOW_SHARDS is more than 1. Optional: skipped where one of its Connections is
    not defined, and not because a task before it was. On the worker: whatever the runtime of the others
    is, for a program that is not in their image."""
    environment = RUN_CONTEXT | (environment or {})
    for name in (*variables, "PUSHGATEWAY_URL"):
        environment[f"AIRFLOW_VAR_{name}"] = f"{{{{ var.value.get('{name}', '') }}}}"
    for name in connections:
        template = f"{{{{ task.masked(conn.get('{name}')) }}}}"
        environment[f"AIRFLOW_CONN_{name.upper()}"] = template
    arguments: dict[str, Any] = {
        "task_id": task_id,
        "environment": environment,
        "outlets": [topic_asset(fills)] if fills else [],
        "post_execute": tell_acknowledged,
        "execution_timeout": timeout,
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
    }
    if optional:
        arguments["pre_execute"] = skip_unless_defined(connections)
        arguments["trigger_rule"] = "none_failed"
    operator = WorkerTask if on_worker else SteamflowTask
    if sharded and SHARDS > 1:
        shards = [[*argv, "--shard", f"{shard}/{SHARDS}"] for shard in range(SHARDS)]
        return operator.partial(**arguments).expand(argv=shards)
    return operator(argv=argv, **arguments)
