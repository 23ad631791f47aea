"""The description of the wheel for Airflow, under the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    return {
        "package-name": "steamflow",
        "name": "steamflow",
        "description": "Command-line tasks in C++: Steam Web API, Kafka, PostgreSQL, Elasticsearch.",
        "connection-types": [
            {
                "connection-type": "connect",
                "hook-class-name": "steamflow.connect.ConnectHook",
                "hook-name": "Kafka Connect",
            }
        ],
        "extra-links": ["steamflow.links.DashboardLink"],
    }
