"""Makes the Airflow task that runs one steamflow program, in the runtime that the deployment chose.
Only the operator of that runtime is imported: the others' providers may not be installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from steamflow.assets import tell_acknowledged, topic_asset
from steamflow.bash import BashTask
from steamflow.program import program_environment
from steamflow.settings import RUNTIME, SHARDS

if RUNTIME == "docker":
    from steamflow.docker import DockerTask as RuntimeTask
elif RUNTIME == "kubernetes":
    from steamflow.kubernetes import KubernetesTask as RuntimeTask
else:
    RuntimeTask = BashTask
if RUNTIME == "native":
    from steamflow.native import is_native, native_task

# A program ends by its own --deadline (50 s) and at most 5 s after a SIGTERM. The rest of this is
# for the start of a container, so that Airflow steps in only where something hangs.
EXECUTION_TIMEOUT = timedelta(minutes=2)


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
    arguments: dict[str, Any] = {
        "task_id": task_id,
        "outlets": [topic_asset(fills)] if fills else [],
        "execution_timeout": timeout,
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
    }
    if optional:
        arguments["trigger_rule"] = "none_failed"
    texts = [*argv, *(environment or {}).values()]
    if RUNTIME == "native" and not on_worker and is_native(texts):
        # It gets all else from its bundle.
        return native_task(SHARDS if sharded else 1, **arguments)
    arguments["environment"] = program_environment(variables, connections, environment or {})
    arguments["post_execute"] = tell_acknowledged
    if optional:
        arguments["pre_execute"] = skip_unless_defined(connections)
    operator = BashTask if on_worker else RuntimeTask
    if sharded and SHARDS > 1:
        shards = [[*argv, "--shard", f"{shard}/{SHARDS}"] for shard in range(SHARDS)]
        return operator.partial(**arguments).expand(argv=shards)
    return operator(argv=argv, **arguments)
