"""Tasks that end with each outcome that a program may have, for the tests."""

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

OUTCOMES = {
    "usage": (["steam-news", "--no-such-flag"], {}),
    "configuration": (["steam-news", "--kafka-conn-id", "none"], {}),
    "credentials": (
        ["kafka-to-postgres", "--postgres-url", "postgres://nobody@postgres/steamflow"],
        {},
    ),
    "skipped": (["steam-player-summaries"], {"AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "0"}),
    "transient": (
        ["steam-news", "--sink", "stdout", "--retries", "0"],
        {"AIRFLOW_VAR_STEAM_API_URL": "https://redis:1"},
    ),
    "timeout": (["steam-player-summaries"], {}),
    "killed": (["steam-player-summaries"], {}),
}

for name, (argv, environment) in OUTCOMES.items():
    with DAG(
        f"outcome_{name}",
        schedule=None,
        start_date=datetime(2024, 1, 1, tzinfo=UTC),
        max_active_runs=1,
    ):
        steamflow_task(
            "program",
            argv,
            variables=["STEAM_API_KEY"],
            connections=["kafka_default", "redis_default"],
            environment=environment,
            timeout=timedelta(seconds=30 if name == "timeout" else 120),
        )
