"""Every minute, copies the new records of the topics to Elasticsearch, into one index for each
topic and month. The DAG `steam_platform` creates the index templates."""

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
