"""Every minute, writes the games that the next 100 accounts of the walk have played recently to
the topic `rct_plyd_games`. The walk goes down from the id in the Redis key `last_steam_id`."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_get_recently_played_games",
    schedule="* * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "source"],
    doc_md=__doc__,
):
    steamflow_task(
        "recently_played_games",
        ["steam-recently-played-games"],
        variables=["STEAM_API_KEY", "STEAM_API_URL", "STEAM_TIMEZONE", "STEAM_DAILY_CALL_BUDGET"],
        connections=["kafka_default", "redis_default"],
        fills="rct_plyd_games",
        sharded=True,
    )
