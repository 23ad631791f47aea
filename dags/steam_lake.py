"""Every hour, Spark reads the new records of the topics and merges them into tables of Apache
Iceberg, which keep each record once, for years. The worker is the driver. It needs `steam-lake`
(docker/spark) and a Spark on its PATH."""

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_lake",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "spark"],
    doc_md=__doc__,
):
    steamflow_task(
        "lake",
        ["steam-lake"],
        variables=["SPARK_MASTER", "SPARK_CHECKPOINT", "SPARK_WAREHOUSE"],
        connections=["kafka_default", "iceberg_default"],
        on_worker=True,
        timeout=timedelta(hours=1),  # the first run reads everything in the topics
    )
