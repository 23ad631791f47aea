"""Once a day, writes the news of each app in the Variable `STEAM_NEWS_APPS` since the last run
to the topic `steam_news`."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_news_to_kafka_requests",
    schedule="@daily",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "source"],
    doc_md=__doc__,
):
    steamflow_task(
        "news",
        ["steam-news"],
        variables=["STEAM_API_URL", "STEAM_NEWS_APPS", "STEAM_TIMEZONE"],
        connections=["kafka_default", "redis_default"],
        fills="steam_news",
    )
