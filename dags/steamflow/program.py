"""What a program is given, the same in every runtime: its environment, as templates, and how they
are rendered; and the bounds of a container."""

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
    Operator = object  # a class of Airflow comes after what has this as its base

MEMORY_LIMIT = "256Mi"
STOP_SECONDS = 10  # a program ends at most 5 s after a SIGTERM

# Airflow sets these itself for bash only, without the map index, and without a logical date where a
# run has none: a manual run on Airflow 3, which is due at run_after.
RUN_CONTEXT = {
    "AIRFLOW_CTX_DAG_ID": "{{ ti.dag_id }}",
    "AIRFLOW_CTX_TASK_ID": "{{ ti.task_id }}",
    "AIRFLOW_CTX_DAG_RUN_ID": "{{ run_id }}",
    "AIRFLOW_CTX_TRY_NUMBER": "{{ ti.try_number }}",
    "AIRFLOW_CTX_MAP_INDEX": "{{ ti.map_index }}",
    "AIRFLOW_CTX_LOGICAL_DATE": "{{ (dag_run.logical_date or dag_run.run_after).isoformat() }}",
    # The trace that the task belongs to, which Airflow 3 gives its tasks.
    "TRACEPARENT": "{{ (ti.context_carrier | default({}, true)).get('traceparent', '') }}",
}


def program_environment(
    variables: Sequence[str], connections: Sequence[str], environment: Mapping[str, str]
) -> dict[str, str]:
    """The templates of what says which run it is, of these Variables and Connections, and of no
    others but PUSHGATEWAY_URL. One that is not defined is empty, which the programs take as unset."""
    given = RUN_CONTEXT | dict(environment)
    for name in (*variables, "PUSHGATEWAY_URL"):
        given[f"AIRFLOW_VAR_{name}"] = f"{{{{ var.value.get('{name}', '') }}}}"
    for name in connections:
        template = f"{{{{ task.masked(conn.get('{name}')) }}}}"
        given[f"AIRFLOW_CONN_{name.upper()}"] = template
    return given


class Program(Operator):
    """What the operators share, each of which comes after it in its bases."""

    template_ext: Sequence[str] = ()  # an argument that ends in .sh or .env is no file to render

    def render_template(
        self, content: Any, context: Any, jinja_env: Any = None, seen_oids: set[int] | None = None
    ) -> Any:
        """A command line and an environment are text, in a DAG too that renders templates as the
        objects that their text looks like (render_template_as_native_obj)."""
        if not isinstance(content, str):
            return super().render_template(content, context, jinja_env, seen_oids)
        template = self.dag.get_template_env(force_sandboxed=True).from_string(content)
        return render_template(template, context, native=False)

    @staticmethod
    def masked(connection: Any) -> str:
        """What the templates of the environment call as `task.masked`: the connection as JSON, which
        keeps every field (a URI loses the host's case). Masked as a whole: Airflow masks the
        password, but not as JSON escapes it, nor keys in the extra. Empty where it is not defined,
        so that the program says what is missing."""
        if connection is None:
            return ""
        text: str = connection.as_json()
        mask_secret(text)
        return text
