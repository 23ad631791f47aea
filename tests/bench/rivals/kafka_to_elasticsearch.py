"""Does what kafka-to-elasticsearch does, as a Python program would: confluent-kafka and
helpers.bulk.

kafka_to_elasticsearch.py BROKERS TOPIC ELASTICSEARCH_URL COUNT; the index template must exist.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime

import confluent_kafka
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

BATCH = 10_000
THREADS = 4


def main() -> None:
    brokers, topic, url, count = *sys.argv[1:4], int(sys.argv[4])
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": "rival", "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, part, 0) for part in partitions])
    server = Elasticsearch(url, timeout=60, http_compress=True)
    actions = actions_of(consumer, topic, count)
    stored = sum(ok for ok, _ in parallel_bulk(server, actions, THREADS, chunk_size=2000))
    print(json.dumps({"records": stored}))


def actions_of(consumer: confluent_kafka.Consumer, topic: str, count: int) -> Iterator[dict]:
    read = 0
    while read < count:
        messages = consumer.consume(min(BATCH, count - read), timeout=0.2)
        read += len(messages)
        for message in messages:
            document = json.loads(message.value())
            time = document["@timestamp"] = document["timestamp"]
            month = datetime.fromisoformat(time).strftime("%Y.%m")
            event_id = dict(message.headers())["event_id"].decode()
            index = f"{topic.lower()}-{month}"
            yield {"_op_type": "create", "_index": index, "_id": event_id, **document}


main()
