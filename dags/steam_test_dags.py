"""The DAG to run first: fetches news and prints them to the task's log. It needs no API key, no
Kafka and no Redis."""

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
