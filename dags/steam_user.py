"""Every minute, writes the profiles of one fixed block of 100 accounts to the topic
`steamusers`."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_user",
    schedule="* * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "source"],
    doc_md=__doc__,
):
    steamflow_task(
        "player_summaries",
        ["steam-player-summaries", "--topic", "steamusers", "--no-cursor"],
        variables=["STEAM_API_KEY", "STEAM_API_URL", "STEAM_TIMEZONE", "STEAM_DAILY_CALL_BUDGET"],
        connections=["kafka_default", "redis_default"],
        fills="steamusers",
    )
