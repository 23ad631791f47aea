"""The connection type of `connect_default`. Airflow itself has no type for Kafka Connect."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseHook


class ConnectHook(BaseHook):
    """Describes the form in which the Connection is edited. Only the program connect-apply uses the
    Connection."""

    conn_name_attr = "connect_conn_id"
    default_conn_name = "connect_default"
    conn_type = "connect"
    hook_name = "Kafka Connect"

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        return {
            "hidden_fields": ["extra"],
            "relabeling": {"schema": "http or https"},
            "placeholders": {
                "host": "localhost",
                "port": "8083",
                "schema": "http on this machine, https elsewhere",
            },
        }
