"""The DAG to run first: fetches news and prints it to the task's log. It needs neither an API key
nor Kafka nor Redis."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_test_dags",
    schedule="*/5 * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "trial"],
    doc_md=__doc__,
):
    steamflow_task(
        "print_news",
        ["steam-news", "--sink", "stdout"],
        variables=["STEAM_API_URL", "STEAM_NEWS_APPS", "STEAM_TIMEZONE"],
    )
