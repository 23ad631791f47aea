"""Does what steam-player-summaries does in one run, as a Python task would: requests, redis, Kafka.

one_task.py API COUNT [REDIS_URL BROKERS TOPIC]; without the last three the records go to stdout.
"""

import json
import sys

import confluent_kafka
import redis
import requests

FIRST_ID = 76561198000000000
CURSOR = "last_user_id_python"


def main() -> None:
    api, count = sys.argv[1], int(sys.argv[2])
    cursors = redis.Redis.from_url(sys.argv[3]) if len(sys.argv) > 3 else None
    first = int(cursors.get(CURSOR) or FIRST_ID) if cursors else FIRST_ID
    ids = ",".join(str(first - i) for i in range(count))
    answer = requests.get(
        f"{api}/ISteamUser/GetPlayerSummaries/v2/",
        params={"steamids": ids},
        headers={"x-webapi-key": "benchmark"},
        timeout=20,
    )
    answer.raise_for_status()
    players = answer.json()["response"]["players"]
    if cursors:
        send(players, sys.argv[4], sys.argv[5])
        cursors.set(CURSOR, first - count)
    else:
        for player in players:
            print(json.dumps(player))
    print(json.dumps({"status": "success", "records": len(players)}))


def send(players: list[dict], brokers: str, topic: str) -> None:
    failures = []
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": brokers, "acks": "all", "enable.idempotence": True}
    )
    for player in players:
        producer.produce(
            topic,
            json.dumps(player),
            player["steamid"],
            on_delivery=lambda error, _: error and failures.append(error),
        )
    if producer.flush(30) or failures:
        sys.exit(f"not delivered: {failures[:1]}")


main()
