"""The operator that runs one steamflow program, in the runtime that the deployment chose. Only that
runtime's module is imported: the others' providers may not be installed."""

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
    """Runs a program of steamflow in the runtime of the deployment. Its XCom is the result line as a
    dict; exit code 99 is a skip, and an exit code that a retry cannot mend fails the task at once. The
    event of each outlet that is a topic (`steamflow.assets.topic_asset`) says how many records the run
    had acknowledged. With AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL the task has a link to the topic's
    dashboard.

    In every runtime `argv` and `environment` are templated: `template_fields` has what they become. In
    the runtime `native` this is a task on the worker, as in `bash`; `steamflow.task.steamflow_task`
    makes those that Airflow runs itself.

    :param argv: The program and its arguments, such as `["steam-news", "--sink", "stdout"]`.
    :param variables: The names of the Airflow Variables that the program is given, and no others but
        `PUSHGATEWAY_URL`. One that is not defined counts as unset.
    :param connections: The ids of the Airflow Connections that the program is given, and no others.
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
        super().__init__(
            argv=argv,
            environment=program_environment(variables, connections, environment or {}),
            **{"post_execute": tell_acknowledged} | kwargs,
        )
