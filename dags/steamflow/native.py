"""The native runtime: Airflow 3.3 or later runs a program itself, without a Python process for the
task. Airflow's supervisor finds the bundle of the DAG, which steamflow-bundle has made from the DAG
file. The program asks the supervisor for the Variables and Connections of the task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow import __version__
from airflow.providers.common.compat.sdk import task

from steamflow.links import DASHBOARD_LINKS

OLDEST = (3, 3)
# The queue that [sdk] queue_to_coordinator gives to the coordinator of the bundles.
QUEUE = "native"

if tuple(map(int, __version__.split(".")[:2])) < OLDEST:
    raise ValueError(
        "AIRFLOW_VAR_STEAMFLOW_RUNTIME is 'native', which needs Airflow 3.3 or later,"
        f" and this is {__version__}"
    )


def is_native(texts: Iterable[str]) -> bool:
    """Whether a program with these arguments can be a native task: none of them is a template,
    because Airflow renders nothing for a native task. steamflow-bundle applies the same rule."""
    return not any(mark in text for text in texts for mark in ("{{", "{%"))


def program() -> None: ...


def program_of_shard(shard: int) -> None: ...


def native_task(shards: int, **arguments: Any) -> Any:
    """The task, mapped if there are several shards. What it runs is in the bundle."""
    if shards > 1:
        stub = task.stub(queue=QUEUE, **arguments)(program_of_shard)
        made: Any = stub.expand(shard=list(range(shards)))
    else:
        made = task.stub(queue=QUEUE, **arguments)(program)()
    # Where the link leads to is told by the dispatcher, when it runs the task.
    made.operator.operator_extra_links = DASHBOARD_LINKS
    return made.operator
