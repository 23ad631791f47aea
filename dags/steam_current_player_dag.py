"""Every minute, writes the number of players of each game in the Variable `STEAM_GAMES` to the
topic `topic_currPlayer`."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_current_player_dag",
    schedule="* * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "source"],
    doc_md=__doc__,
):
    steamflow_task(
        "current_players",
        ["steam-current-players"],
        variables=["STEAM_API_URL", "STEAM_GAMES", "STEAM_TIMEZONE"],
        connections=["kafka_default"],
        fills="topic_currPlayer",
    )
