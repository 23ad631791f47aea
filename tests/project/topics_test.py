"""Compares the topics that the rest of the project names with common/records/topics.h: the file
that creates them, the programs that read all of them, and the topics that the DAGs claim to fill.
"""

import json
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HEADER = PROJECT / "common/records/topics.h"
CODE = PROJECT / "common/records/topics.cpp"


def catalogue() -> tuple[set[str], set[str]]:
    """All topics, and the topics of records, which every sink reads by default."""
    names = dict(re.findall(r'constexpr char (k\w+)\[\] = "(\w+)";', HEADER.read_text()))
    body = re.search(r"RecordTopics\(\) \{\s*return \{([^}]*)\}", CODE.read_text())
    assert names and body
    return set(names.values()), {names[name] for name in re.findall(r"k\w+", body[1])}


def main() -> None:
    topics, records = catalogue()
    assert len(records) > 1 and records < topics

    made = json.loads((PROJECT / "docker/kafka/topics.json").read_text())
    assert set(made) == topics, "docker/kafka/topics.json"
    in_kubernetes = (PROJECT / "docker/kubernetes/overlays/strimzi/topics.yaml").read_text()
    assert set(re.findall(r"topicName: (\w+)", in_kubernetes)) == topics, "topics.yaml"

    for path in (PROJECT / "docker/connect").glob("*.json"):
        read = json.loads(path.read_text()).get("topics")
        assert read is None or set(read.split(",")) == records, path.name

    schemas = [
        json.loads(path.read_text()) for path in (PROJECT / "tasks").glob("*/record.schema.json")
    ]
    kept = [topic for schema in schemas for topic in schema["title"].split(", ")]
    assert len(kept) == len(records) and set(kept) == records, "what Spark keeps: titles of schemas"

    dags = {path: path.read_text() for path in (PROJECT / "dags").glob("*.py")}
    filled = {topic for text in dags.values() for topic in re.findall(r'fills="(\w+)"', text)}
    assert filled == records, "the topics that the DAGs fill"
    reconciled = re.search(
        r"topic_asset\(name\)\s*for name in \(([^)]*)\)", dags[PROJECT / "dags/steam_reconcile.py"]
    )
    assert reconciled and set(re.findall(r'"(\w+)"', reconciled[1])) == records, "steam_reconcile"


if __name__ == "__main__":
    main()
