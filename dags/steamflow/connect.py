"""Kafka Connect as a type of Airflow's Connections, which has none: that of `connect_default`."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseHook


class ConnectHook(BaseHook):
    """Says how the Connection is edited. The program connect-apply is what uses it."""

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
