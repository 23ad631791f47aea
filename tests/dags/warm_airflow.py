"""Runs Airflow's command line without its start-up time: a process that has imported Airflow and
forks for each command. Otherwise a command would spend more time on the import than on its work.

For each line of JSON on its standard input, [arguments, environment, path of the output], it
writes the exit code to its standard output."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Airflow logs to stdout during the import

from airflow.__main__ import main

# The first imports of `airflow dags test`. Some exist only in Airflow 3.
for module in (
    "airflow.api_fastapi.execution_api.app",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.cli.commands.dag_command",
    "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.providers.docker.operators.docker",
    "airflow.providers.standard.operators.bash",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
):
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(module)


def become(arguments: list[str], environment: dict[str, str], output: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    sys.argv = ["airflow", *arguments]


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        become(*json.loads(line))
        raise SystemExit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)
