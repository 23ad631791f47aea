"""Does what kafka-to-postgres does, as a Python program would: confluent-kafka and execute_values.

kafka_to_postgres.py BROKERS TOPIC POSTGRES_URL COUNT; the tables must exist.
"""

import json
import sys

import confluent_kafka
import psycopg2
from psycopg2.extras import execute_values

BATCH = 10_000

RECORDS = """
    INSERT INTO steamflow.records
        (event_id, event_time, topic, partition, "offset", key, value, month)
    VALUES %s ON CONFLICT DO NOTHING
"""
GAMES = """
    INSERT INTO steamflow.recently_played_games
        (event_id, event_time, month, steam_id, appid, name, playtime_2weeks, playtime_forever)
    VALUES %s
"""


def main() -> None:
    brokers, topic, url, count = *sys.argv[1:4], int(sys.argv[4])
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": "rival", "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, part, 0) for part in partitions])
    connection = psycopg2.connect(url)
    stored = 0
    while stored < count:
        messages = consumer.consume(min(BATCH, count - stored), timeout=0.2)
        store(connection, [message for message in messages if not message.error()])
        stored += len(messages)
    print(json.dumps({"records": stored}))


def store(connection: "psycopg2.extensions.connection", messages: list) -> None:
    records = []
    games = []
    for message in messages:
        value = json.loads(message.value())
        event_id = dict(message.headers())["event_id"].decode()
        time = value["timestamp"]
        place = (message.topic(), message.partition(), message.offset())
        month = event_id.split("/")[1][:7] + "-01"  # <topic>/2026-11-22T22:34Z/...
        key, text = message.key().decode(), message.value().decode()
        records.append((event_id, time, *place, key, text, month))
        names = ("steam_id", "appid", "name", "playtime_2weeks", "playtime_forever")
        games.append((event_id, time, month, *(value.get(name) for name in names)))
    with connection, connection.cursor() as cursor:
        execute_values(cursor, RECORDS, records, page_size=1000)
        execute_values(cursor, GAMES, games, page_size=1000)


main()
