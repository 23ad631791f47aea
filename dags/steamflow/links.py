"""The link from a task to Grafana (docker/grafana), where the deployment says its address."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink

from steamflow.assets import topic_of
from steamflow.settings import GRAFANA_URL


class DashboardLink(BaseOperatorLink):
    """To the dashboard of Kafka with the topic that the task fills; of another task, to that of the
    pipeline."""

    name = "Grafana"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        base = f"{GRAFANA_URL.rstrip('/')}/d"
        for topic in filter(None, map(topic_of, operator.outlets)):
            return f"{base}/steamflow-kafka?var-filters={quote(f'topic|=|{topic}')}"
        return f"{base}/steamflow-pipeline"


DASHBOARD_LINKS: Collection[BaseOperatorLink] = (DashboardLink(),) if GRAFANA_URL else ()
