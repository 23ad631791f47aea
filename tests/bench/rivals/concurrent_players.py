"""Fetches, parses and produces as fast as Python can: aiohttp, orjson, confluent-kafka.

concurrent_players.py API COUNT BROKERS TOPIC
"""

import asyncio
import sys

import aiohttp
import confluent_kafka
import orjson

FIRST_ID = 76561198000000000
IDS_PER_CALL = 100
IN_FLIGHT = 16  # the same as steam-player-summaries


class Crawl:
    def __init__(self, api: str, count: int, brokers: str, topic: str) -> None:
        self.url = f"{api}/ISteamUser/GetPlayerSummaries/v2/"
        self.topic = topic
        self.batches = iter(range(0, count, IDS_PER_CALL))
        self.acknowledged = 0
        self.producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": brokers,
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "queue.buffering.max.kbytes": 16384,
            }
        )

    def on_delivery(self, error: confluent_kafka.KafkaError | None, _: object) -> None:
        if error:
            sys.exit(f"not delivered: {error}")
        self.acknowledged += 1

    def send(self, player: dict) -> None:
        player["timestamp"] = "2026-11-23T07:34:00+09:00"
        steamid = player["steamid"]
        value = orjson.dumps(player)
        headers = {
            "event_id": f"{self.topic}/2026-11-22T22:34Z/{steamid}",
            "content-type": "application/json",
            "task_version": "0.1.0",
        }
        while True:
            try:
                self.producer.produce(
                    self.topic, value, steamid, headers=headers, on_delivery=self.on_delivery
                )
                return
            except BufferError:
                self.producer.poll(0.05)

    async def work(self, session: aiohttp.ClientSession) -> None:
        for batch in self.batches:
            ids = ",".join(str(FIRST_ID - batch - i) for i in range(IDS_PER_CALL))
            async with session.get(self.url, params={"steamids": ids}) as answer:
                answer.raise_for_status()
                body = await answer.read()
            for player in orjson.loads(body)["response"]["players"]:
                self.send(player)
            self.producer.poll(0)

    async def run(self) -> None:
        headers = {"x-webapi-key": "benchmark"}
        async with aiohttp.ClientSession(headers=headers) as session:
            await asyncio.gather(*(self.work(session) for _ in range(IN_FLIGHT)))
        self.producer.flush(60)


def main() -> None:
    count = int(sys.argv[2])
    crawl = Crawl(sys.argv[1], count, sys.argv[3], sys.argv[4])
    asyncio.run(crawl.run())
    if crawl.acknowledged != count:
        sys.exit(f"{crawl.acknowledged} of {count} acknowledged")
    print(orjson.dumps({"status": "success", "records": count}).decode())


main()
