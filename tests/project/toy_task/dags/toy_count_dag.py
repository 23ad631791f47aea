"""Counts to three once a day. It needs nothing except itself."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "toy_count_dag",
    schedule="@daily",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow"],
    doc_md=__doc__,
):
    steamflow_task("count", ["toy-count", "--to", "3"])
