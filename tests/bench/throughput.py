"""Fetch, parse, produce: records per second and CPU seconds per million, with every record
acknowledged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from lab import FIRST_ID, TOPIC, Lab
from measure import Cost, Rounds, Row, cpu_per_million, execute, rate

KEY_BYTES = 17  # a SteamID64
MOST_CPU = 4.0  # seconds per million records


def run(lab: Lab) -> list[Row]:
    plain = lab.standin("--every-player", "--no-gzip")
    packed = lab.standin("--every-player")
    brokers = lab.brokers
    count = lab.size(300_000)
    python_count = count // 3  # it is slow, and its rate does not depend on the count

    def ours(api: str) -> Cost:
        walk = ["--no-cursor", "--start-id", str(FIRST_ID), "--count", str(count)]
        sink = ["--brokers", brokers, "--topic", TOPIC]
        return lab.task("steam-player-summaries", api, *walk, *sink)

    result = json.loads(ours(plain).output)["kafka"]
    value_bytes = result["bytes"] // result["records"]

    def produce(messages: int) -> Cost:
        # rdkafka_performance can only use one key for all messages, which would all go to one
        # partition. So the values are longer instead.
        command = ["rdkafka_performance", "-P", "-q", "-D", "-t", TOPIC, "-b", brokers]
        command += ["-a", "-1", "-X", "enable.idempotence=true"]
        command += ["-c", str(messages), "-s", str(value_bytes + KEY_BYTES)]
        command += ["-H", f"event_id={TOPIC}/2026-11-22T22:34Z/{FIRST_ID}"]
        command += ["-H", "content-type=application/json", "-H", "task_version=0.1.0"]
        cost = execute(command)
        if f" {messages} delivered (" not in cost.output:
            raise RuntimeError(cost.output)
        return replace(cost, records=messages)

    def produce_only() -> Cost:
        # The first message waits a second for the topic's metadata, which is not part of the rate.
        start = produce(1)
        cost = produce(count)
        return replace(cost, wall=cost.wall - start.wall)

    runs = Rounds(
        lab.rounds(5),
        {
            "plain answers": lambda: ours(plain),
            "rdkafka_performance": produce_only,
            "gzip answers": lambda: ours(packed),
            "Python": lambda: lab.rival(
                "concurrent_players", plain, str(python_count), brokers, TOPIC
            ),
        },
    )

    def row(
        unit: str,
        figure: Callable[[Cost], float],
        ours: str,
        other: str,
        least: float | None = None,
    ) -> Row:
        return Row(
            f"{unit}, {ours}",
            f"{runs.median(ours, figure):,.3g}",
            other,
            f"{runs.median(other, figure):,.3g}",
            runs.ratio(ours, other, figure),
            least=least,
        )

    def cpu_bound(ours: str, most: float | None) -> Row:
        seconds = runs.median(ours, cpu_per_million)
        return Row(
            f"CPU s per million, {ours}",
            f"{seconds:.3g}",
            "bound",
            f"{MOST_CPU:g}",
            seconds / MOST_CPU,
            most=most,
        )

    rows = [
        row("records a second", rate, "plain answers", "rdkafka_performance", least=0.25),
        row("records a second", rate, "plain answers", "Python"),
        row("records a second", rate, "gzip answers", "Python"),
        cpu_bound("plain answers", 1),
        cpu_bound("gzip answers", None),
    ]
    for ours_name in ("plain answers", "gzip answers"):
        for other in ("rdkafka_performance", "Python"):
            rows.append(row("CPU s per million", cpu_per_million, ours_name, other))
    return rows
