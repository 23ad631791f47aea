"""Every ten minutes, Spark reads the new records of two topics and stores them in PostgreSQL as
windows: the player counts of each game in 5 minutes and in an hour, and the most played games of
a day. The worker is the driver. It needs `steam-windows` (docker/spark) and a Spark on its PATH."""

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_windows",
    schedule="*/10 * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "spark"],
    doc_md=__doc__,
):
    steamflow_task(
        "windows",
        ["steam-windows", "--once"],
        variables=["SPARK_MASTER", "SPARK_CHECKPOINT"],
        connections=["kafka_default", "postgres_default"],
        on_worker=True,
        timeout=timedelta(minutes=30),  # the first run reads everything in the topics
    )
