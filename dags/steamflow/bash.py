"""The bash runtime: a program on the worker, from PATH or the folder that the deployment names."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator

from steamflow.outcome import outcome, result_line
from steamflow.program import Program
from steamflow.settings import BIN

# What a program takes over from the worker: where programs, certificates and the way out are.
# Nothing else, as a worker's environment holds Airflow's own secrets.
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
    """Its stdout and stderr are the task's log, the last line its result."""

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
