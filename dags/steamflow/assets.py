"""An Airflow asset for each Kafka topic, by which the sources' runs inform other DAGs."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import Asset

PREFIX = "steamflow/"


def topic_asset(topic: str) -> Asset:
    """The asset of a Kafka topic. Each run of a source that filled the topic is an event of it."""
    return Asset(f"{PREFIX}{topic}")


def topic_of(asset: Any) -> str:
    """The topic of an asset; empty if the asset is not one of `topic_asset`."""
    uri: str = getattr(asset, "uri", "")
    return uri.removeprefix(PREFIX) if uri.startswith(PREFIX) else ""


def tell_acknowledged(context: Any, result: dict[str, Any]) -> None:
    """Adds to the topic's event how many records were acknowledged to the run. `steam_reconcile`
    compares this with Kafka."""
    if "kafka" not in result:
        return
    for topic in filter(topic_of, context["task"].outlets):
        context["outlet_events"][topic].extra = {
            "topic": result["kafka"]["topic"],
            "run_id": result["run"]["run_id"],
            "acknowledged": result["kafka"]["acknowledged"],
        }
