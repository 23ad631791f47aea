"""What all runtimes share: the templates of a program's environment, how they are rendered, and the
limits of a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.utils.helpers import render_template

try:
    from airflow.sdk.log import mask_secret
except ImportError:  # Airflow 2. Only the newest provider common.compat picks one of the two.
    from airflow.utils.log.secrets_masker import (  # type: ignore[import-not-found, no-redef]
        mask_secret,
    )

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator as Operator
else:
    Operator = object  # the subclasses of Program add an operator of Airflow as their second base

MEMORY_LIMIT = "256Mi"
STOP_SECONDS = 10  # a program ends within 5 s after a SIGTERM

# Airflow sets such variables only for bash, and without the map index. A manual run on Airflow 3 has
# no logical date; run_after is used instead.
RUN_CONTEXT = {
    "AIRFLOW_CTX_DAG_ID": "{{ ti.dag_id }}",
    "AIRFLOW_CTX_TASK_ID": "{{ ti.task_id }}",
    "AIRFLOW_CTX_DAG_RUN_ID": "{{ run_id }}",
    "AIRFLOW_CTX_TRY_NUMBER": "{{ ti.try_number }}",
    "AIRFLOW_CTX_MAP_INDEX": "{{ ti.map_index }}",
    "AIRFLOW_CTX_LOGICAL_DATE": "{{ (dag_run.logical_date or dag_run.run_after).isoformat() }}",
    # The trace that the task belongs to. Only Airflow 3 has one.
    "TRACEPARENT": "{{ (ti.context_carrier | default({}, true)).get('traceparent', '') }}",
}


def program_environment(
    variables: Sequence[str], connections: Sequence[str], environment: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a program, as templates: the variables that identify the run, these Variables
    and Connections, and PUSHGATEWAY_URL. An undefined one is empty, and the programs treat an empty
    variable as unset."""
    given = RUN_CONTEXT | dict(environment)
    for name in (*variables, "PUSHGATEWAY_URL"):
        given[f"AIRFLOW_VAR_{name}"] = f"{{{{ var.value.get('{name}', '') }}}}"
    for name in connections:
        template = f"{{{{ task.masked(conn.get('{name}')) }}}}"
        given[f"AIRFLOW_CONN_{name.upper()}"] = template
    return given


class Program(Operator):
    """The common base of the runtimes' operators. It precedes Airflow's operator in their bases."""

    template_ext: Sequence[str] = ()  # an argument such as x.sh is not the name of a template file

    def render_template(
        self, content: Any, context: Any, jinja_env: Any = None, seen_oids: set[int] | None = None
    ) -> Any:
        """Renders command lines and environments as text, even in a DAG with
        render_template_as_native_obj, where Airflow would turn text such as "[1]" into objects."""
        if not isinstance(content, str):
            return super().render_template(content, context, jinja_env, seen_oids)
        template = self.dag.get_template_env(force_sandboxed=True).from_string(content)
        return render_template(template, context, native=False)

    @staticmethod
    def masked(connection: Any) -> str:
        """The connection as JSON; the templates of the environment call this as `task.masked`. JSON
        keeps every field, whereas a URI loses the case of the host. The whole text is masked, because
        Airflow masks neither the password as JSON escapes it nor keys in the extra. The text is empty
        if the connection is not defined; the program then reports it as missing."""
        if connection is None:
            return ""
        text: str = connection.as_json()
        mask_secret(text)
        return text
