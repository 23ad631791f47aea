"""The docker runtime: runs a program in its own container, on the worker's Docker engine."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Sequence
from typing import Any

from airflow.providers.docker.exceptions import DockerContainerFailedException
from airflow.providers.docker.operators.docker import DockerOperator
from docker.errors import NotFound

from steamflow.outcome import outcome, result_line
from steamflow.program import MEMORY_LIMIT, RUN_CONTEXT, STOP_SECONDS, Program
from steamflow.settings import DOCKER_NETWORK, IMAGE

# The image's entry point reads variables from this file.
ENVIRONMENT_FILE = "run/steamflow/environment"


class Engine:
    """A client of the engine that puts a container's variables into a file, because `docker inspect`
    shows the variables that the engine sets. Only those that identify the run are set by the engine."""

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


class DockerTask(Program, DockerOperator):
    """Runs a program in its own container and removes the container. The variables are in
    `environment`, because `private_environment` is not templated. The secrets among them are masked,
    and reach the container in a file."""

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

    def execute(self, context: Any) -> Any:
        lines: Any
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
        """Stops the container, first with SIGTERM, and removes it. This is not left to auto_remove,
        which kills or forgets a container after a timeout."""
        if self.container:
            with contextlib.suppress(NotFound):
                self.cli.stop(self.container["Id"], timeout=STOP_SECONDS)
                self.cli.remove_container(self.container["Id"])
