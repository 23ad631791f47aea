"""Every minute, what is new in the topics goes to Elasticsearch, an index a topic and month. The
index templates are those of `steam_platform`."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_to_elasticsearch",
    schedule="* * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "sink"],
    doc_md=__doc__,
):
    steamflow_task(
        "to_elasticsearch",
        ["kafka-to-elasticsearch"],
        connections=["kafka_default", "elasticsearch_default"],
        sharded=True,
    )
