"""Once a day, and when it is switched on, creates what the other DAGs need and reports
differences: Kafka's topics, Elasticsearch's templates with Kibana's dashboards, and the
connectors of Kafka Connect. The latter two are skipped if `elasticsearch_default` and
`connect_default` are not defined."""

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG
from steamflow.task import steamflow_task

with DAG(
    "steam_platform",
    schedule="@daily",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["steamflow", "platform"],
    doc_md=__doc__,
):
    topics = steamflow_task("topics", ["kafka-create-topics"], connections=["kafka_default"])
    templates = steamflow_task(
        "templates",
        ["elasticsearch-apply"],
        variables=["KIBANA_URL"],
        connections=["elasticsearch_default"],
        optional=True,
    )
    connectors = steamflow_task(
        "connectors",
        ["connect-apply"],
        variables=[
            "CONNECT_ELASTICSEARCH_URL",
            "CONNECT_ELASTICSEARCH_USER",
            "CONNECT_ELASTICSEARCH_PASSWORD",
            "CONNECT_POSTGRES_ADDRESS",
            "CONNECT_POSTGRES_USER",
            "CONNECT_POSTGRES_PASSWORD",
        ],
        connections=["connect_default"],
        optional=True,
    )
    topics >> connectors
    templates >> connectors
