"""The controller: checks that the API, Redis, Kafka and every topic can be used, then starts the
five DAGs that fill topics. A run with the Param `overload` then overloads Kafka: it produces every
record `overload_factor` times."""

from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from steamflow.task import steamflow_task


def asked_for(params: dict[str, Any]) -> bool:
    return params["overload"]


with DAG(
    "runDag",
    schedule="*/10 * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "controller"],
    doc_md=__doc__,
    params={
        "overload": Param(False, type="boolean", description="Run the overload test at the end"),
        "overload_factor": Param(
            1000,
            type="integer",
            minimum=1,
            maximum=10000,
            description="How many times the overload test produces each record",
        ),
    },
):
    check = steamflow_task(
        "pipeline_check",
        ["pipeline-check"],
        variables=[
            "STEAM_API_KEY",
            "STEAM_API_URL",
            "STEAM_GAMES",
            "STEAM_NEWS_APPS",
            "STEAM_TIMEZONE",
            "STEAM_DAILY_CALL_BUDGET",
        ],
        connections=["kafka_default", "redis_default"],
    )
    # The run id contains the id of the run that triggers, so a retry does not start a second run. A
    # paused DAG would only collect runs, so it is an error.
    triggers = [
        TriggerDagRunOperator(
            task_id=f"trigger_{dag_id}",
            trigger_dag_id=dag_id,
            trigger_run_id="runDag__{{ run_id }}",
            skip_when_already_exists=True,
            fail_when_dag_is_paused=True,
        )
        for dag_id in (
            "steam_current_player_dag",
            "steam_get_recently_played_games",
            "steam_usrinfo_dag",
            "steam_user",
            "steam_news_to_kafka_requests",
        )
    ]
    overload_asked = ShortCircuitOperator(
        task_id="overload_asked",
        python_callable=asked_for,
        trigger_rule="none_failed",  # a trigger's retry is skipped if its run exists already
    )
    overload_test = steamflow_task(
        "overload_test",
        ["kafka-load-test", "--factor", "{{ params.overload_factor }}"],
        connections=["kafka_default"],
    )
    check >> triggers >> overload_asked >> overload_test
