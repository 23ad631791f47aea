"""Every minute, writes the profiles of the next 100 accounts of the walk to the topic
`topic_GetUserInfo`. The walk goes down from the id in the Redis key `last_user_id`."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_usrinfo_dag",
    schedule="* * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "source"],
    doc_md=__doc__,
):
    steamflow_task(
        "player_summaries",
        ["steam-player-summaries"],
        variables=["STEAM_API_KEY", "STEAM_API_URL", "STEAM_TIMEZONE", "STEAM_DAILY_CALL_BUDGET"],
        connections=["kafka_default", "redis_default"],
        fills="topic_GetUserInfo",
        sharded=True,
    )
