"""The link from a task to Grafana (docker/grafana), if the address of Grafana is configured."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink

from steamflow.assets import topic_of
from steamflow.settings import GRAFANA_URL


class DashboardLink(BaseOperatorLink):
    """Leads to the dashboard of Kafka, filtered by the topic that the task fills. A task that fills
    no topic gets a link to the dashboard of the pipeline."""

    name = "Grafana"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        base = f"{GRAFANA_URL.rstrip('/')}/d"
        for topic in filter(None, map(topic_of, operator.outlets)):
            return f"{base}/steamflow-kafka?var-filters={quote(f'topic|=|{topic}')}"
        return f"{base}/steamflow-pipeline"


DASHBOARD_LINKS: Collection[BaseOperatorLink] = (DashboardLink(),) if GRAFANA_URL else ()
