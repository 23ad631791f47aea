"""Makes the Airflow tasks of this project's DAGs: with retries, in shards if they are configured, and
run by Airflow itself with the runtime `native`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from steamflow.assets import topic_asset
from steamflow.bash import BashTask
from steamflow.operators import SteamflowOperator
from steamflow.program import program_environment
from steamflow.settings import RUNTIME, SHARDS

if RUNTIME == "native":
    from steamflow.native import is_native, native_task

# A program ends at its own --deadline (50 s), and within 5 s after a SIGTERM. The rest is for the
# start of a container, so that Airflow intervenes only if something hangs.
EXECUTION_TIMEOUT = timedelta(minutes=2)


def skip_unless_defined(connections: Sequence[str]) -> Callable[[Any], None]:
    """A pre_execute that skips the task unless all Connections are defined. A deployment without a
    service does not define its Connection."""

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
    """The task that runs `argv` with the Variables, Connections and environment of a
    SteamflowOperator. `fills` names the topic that a source fills. A sharded task is mapped over
    `--shard I/N` if AIRFLOW_VAR_STEAMFLOW_SHARDS is more than 1. An optional task is skipped if one of
    its Connections is not defined, but not because an earlier task was skipped. `on_worker` runs the
    program on the worker in every runtime, because it is not in the image."""
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
        # The bundle has everything else.
        return native_task(SHARDS if sharded else 1, **arguments)
    if optional:
        arguments["pre_execute"] = skip_unless_defined(connections)
    if on_worker:
        given = program_environment(variables, connections, environment or {})
        return BashTask(argv=argv, environment=given, **arguments)
    arguments |= {"variables": variables, "connections": connections, "environment": environment}
    if sharded and SHARDS > 1:
        shards = [[*argv, "--shard", f"{shard}/{SHARDS}"] for shard in range(SHARDS)]
        return SteamflowOperator.partial(**arguments).expand(argv=shards)
    return SteamflowOperator(argv=argv, **arguments)
