"""The bash runtime: runs a program on the worker, from PATH or from the configured folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator

from steamflow.outcome import outcome, result_line
from steamflow.program import Program
from steamflow.settings import BIN

# The variables that a program inherits from the worker: the paths of programs and certificates, and
# the proxies. All others are dropped, because a worker's environment contains Airflow's own secrets.
INHERITED = (
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
)


class BashTask(Program, BashOperator):
    """Writes stdout and stderr of the program to the task's log. The last line is the result."""

    def __init__(self, *, argv: Sequence[str], environment: dict[str, str], **kwargs: Any):
        self.program = argv[0]
        # exec, so that Airflow's SIGTERM reaches the program and the program notices its parent's
        # death.
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
