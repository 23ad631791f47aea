"""What the sources' runs tell other DAGs: an asset of Airflow for each Kafka topic."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import Asset

PREFIX = "steamflow/"


def topic_asset(topic: str) -> Asset:
    """What stands for a Kafka topic in Airflow: a source's run that filled it is an event there."""
    return Asset(f"{PREFIX}{topic}")


def topic_of(asset: Any) -> str:
    """The topic that it stands for; empty where it is another's."""
    uri: str = getattr(asset, "uri", "")
    return uri.removeprefix(PREFIX) if uri.startswith(PREFIX) else ""


def tell_acknowledged(context: Any, result: dict[str, Any]) -> None:
    """Tells with the event of the topic how much the run had acknowledged: `steam_reconcile` holds
    Kafka against it."""
    if "kafka" not in result:
        return
    for topic in filter(topic_of, context["task"].outlets):
        context["outlet_events"][topic].extra = {
            "topic": result["kafka"]["topic"],
            "run_id": result["run"]["run_id"],
            "acknowledged": result["kafka"]["acknowledged"],
        }
