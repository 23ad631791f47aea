"""Every hour, checks whether the records of the previous hour are where they belong: compares
the records that were acknowledged to the sources' runs with the contents of Kafka, PostgreSQL
and Elasticsearch."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task
from steamflow.assets import topic_asset
from steamflow.task import steamflow_task

TOPICS = [
    topic_asset(name)
    for name in (
        "topic_currPlayer",
        "rct_plyd_games",
        "topic_GetUserInfo",
        "steamusers",
        "steam_news",
    )
]

with DAG(
    "steam_reconcile",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "controller"],
    doc_md=__doc__,
):

    @task(inlets=TOPICS)
    def acknowledged(dag_run: Any = None, inlet_events: Any = None) -> dict[str, Any]:
        """The hour, and the counts of its runs from the events of the sources' assets."""
        # A manual run on Airflow 3 has no data interval.
        until = dag_run.data_interval_end or dag_run.run_after
        since = until - timedelta(hours=1)
        counts = Counter[tuple[str, str]]()  # a run has one event for each shard
        for topic in TOPICS:
            events = inlet_events[topic]
            if hasattr(events, "after"):  # Airflow 3 can filter in its database
                events = events.after(since.isoformat()).before(until.isoformat())
            for event in events:
                told = event.extra
                is_a_run = told.keys() >= {"topic", "run_id", "acknowledged"}
                if is_a_run and since <= event.timestamp < until:
                    counts[told["topic"], told["run_id"]] += told["acknowledged"]
        runs = [
            {"topic": topic, "run_id": run_id, "acknowledged": count}
            for (topic, run_id), count in counts.items()
        ]
        return {"since": since.isoformat(), "until": until.isoformat(), "runs": runs}

    hour = acknowledged()
    reconcile = steamflow_task(
        "reconcile",
        [
            *("pipeline-reconcile", "--since", '{{ ti.xcom_pull("acknowledged")["since"] }}'),
            *("--until", '{{ ti.xcom_pull("acknowledged")["until"] }}'),
        ],
        connections=["kafka_default", "postgres_default", "elasticsearch_default"],
        environment={
            "STEAMFLOW_ACKNOWLEDGED": '{{ ti.xcom_pull("acknowledged")["runs"] | tojson }}'
        },
    )
    hour >> reconcile
