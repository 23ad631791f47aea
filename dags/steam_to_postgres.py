"""Every minute, copies the new records of the topics to PostgreSQL, the backup store: every
record into `steamflow.records`, and also into the table of its kind."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_to_postgres",
    schedule="* * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "sink"],
    doc_md=__doc__,
):
    steamflow_task(
        "to_postgres",
        ["kafka-to-postgres"],
        connections=["kafka_default", "postgres_default"],
        sharded=True,
    )
