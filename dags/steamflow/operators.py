"""The operator that runs one steamflow program in the configured runtime. Only the module of that
runtime is imported, because the providers of the others may not be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from steamflow.assets import tell_acknowledged
from steamflow.bash import BashTask
from steamflow.links import DASHBOARD_LINKS
from steamflow.program import program_environment
from steamflow.settings import RUNTIME

if TYPE_CHECKING or RUNTIME not in ("docker", "kubernetes"):
    RuntimeTask = BashTask
elif RUNTIME == "docker":
    from steamflow.docker import DockerTask as RuntimeTask
else:
    from steamflow.kubernetes import KubernetesTask as RuntimeTask


class SteamflowOperator(RuntimeTask):
    """Runs a program of steamflow in the configured runtime. The XCom is the result line as a dict.
    Exit code 99 skips the task, and an exit code that a retry cannot fix fails it at once. If an outlet
    is a topic (`steamflow.assets.topic_asset`), its event has the number of records that were
    acknowledged to the run. With AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL the task has a link to the topic's
    dashboard.

    In every runtime `argv` and `environment` are templated, under the names that `template_fields`
    lists. With the runtime `native` this operator runs the program on the worker, as with `bash`; only
    `steamflow.task.steamflow_task` makes tasks that Airflow runs itself.

    :param argv: The program and its arguments, such as `["steam-news", "--sink", "stdout"]`.
    :param variables: The names of the Airflow Variables that the program receives, in addition to
        `PUSHGATEWAY_URL`. An undefined one counts as unset.
    :param connections: The ids of the Airflow Connections that the program receives.
    :param environment: Further variables of the program's environment.
    """

    operator_extra_links = DASHBOARD_LINKS

    def __init__(
        self,
        *,
        argv: Sequence[str],
        variables: Sequence[str] = (),
        connections: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        lists = {"argv": argv, "variables": variables, "connections": connections}
        for name, given in lists.items():
            if isinstance(given, str):  # of which each letter would count
                raise TypeError(f"{name} is the text {given!r}, expected a list")
        if not argv:
            raise ValueError("argv is empty")
        super().__init__(
            argv=argv,
            environment=program_environment(variables, connections, environment or {}),
            **{"post_execute": tell_acknowledged} | kwargs,
        )
