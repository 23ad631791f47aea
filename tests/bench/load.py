"""The load test: acknowledged records per second, compared with librdkafka's own load generator."""

from __future__ import annotations

import json
from dataclasses import replace

from lab import TOPIC, Lab
from measure import Cost, Rounds, Row, cpu_per_million, execute, peak, rate

VALUE = json.dumps({"text": "x" * 750}, separators=(",", ":"))
SAMPLE = 1000  # records
MOST_MEMORY = 64.0  # MiB


def run(lab: Lab) -> list[Row]:
    brokers = lab.brokers
    # The records have no keys, because rdkafka_performance can only use one key for all of them.
    lines = lab.folder / "sample.jsonl"
    lines.write_text(f'{{"key":null,"value":{VALUE}}}\n' * SAMPLE)
    factor = lab.size(1000)

    def ours(copies: int) -> Cost:
        command = [str(lab.binaries / "kafka-load-test"), "--brokers", brokers, "--topic", TOPIC]
        command += ["--from-file", str(lines), "--factor", str(copies), "--deadline", "600"]
        cost = execute(command)
        result = json.loads(cost.output.splitlines()[-1])["kafka"]
        if result["acknowledged"] != copies * SAMPLE:
            raise RuntimeError(cost.output)
        return replace(cost, records=result["acknowledged"])

    def produce(messages: int) -> Cost:
        command = ["rdkafka_performance", "-P", "-q", "-D", "-t", TOPIC, "-b", brokers]
        command += ["-a", "-1", "-X", "enable.idempotence=true"]
        command += ["-c", str(messages), "-s", str(len(VALUE))]
        command += ["-H", f"event_id={TOPIC}/2026-11-22T22:34Z/123456"]
        command += ["-H", "content-type=application/json", "-H", "task_version=0.1.0"]
        cost = execute(command)
        if f" {messages} delivered (" not in cost.output:
            raise RuntimeError(cost.output)
        return replace(cost, records=messages)

    def theirs() -> Cost:
        # The first message waits a second for the topic's metadata, which is not part of the rate.
        start = produce(1)
        cost = produce(factor * SAMPLE)
        return replace(cost, wall=cost.wall - start.wall)

    peer = "rdkafka_performance"
    runs = Rounds(
        lab.rounds(5),
        {
            "load test": lambda: ours(factor),
            peer: theirs,
            "a tenth": lambda: ours(max(factor // 10, 1)),
        },
    )
    memory = runs.median("load test", peak)
    return [
        Row(
            "records a second, load test",
            f"{runs.median('load test', rate):,.3g}",
            peer,
            f"{runs.median(peer, rate):,.3g}",
            runs.ratio("load test", peer, rate),
            least=0.95,
        ),
        Row(
            "CPU s per million, load test",
            f"{runs.median('load test', cpu_per_million):.3g}",
            peer,
            f"{runs.median(peer, cpu_per_million):.3g}",
            runs.ratio("load test", peer, cpu_per_million),
        ),
        Row(
            "peak MiB, load test",
            f"{memory:.1f}",
            "bound",
            f"{MOST_MEMORY:g}",
            memory / MOST_MEMORY,
            most=1,
        ),
        Row(
            "peak MiB, load test",
            f"{memory:.1f}",
            "a tenth of the load",
            f"{runs.median('a tenth', peak):.1f}",
            runs.ratio("load test", "a tenth", peak),
            most=1.2,
        ),
    ]
