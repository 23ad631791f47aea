"""Peak memory of a run that fetches, parses and produces, at 1x and at 100x the work."""

from __future__ import annotations

from lab import FIRST_ID, TOPIC, Lab
from measure import Cost, Rounds, Row, peak

MOST = 40.0  # MiB


def run(lab: Lab) -> list[Row]:
    api = lab.standin("--every-player", "--no-gzip")
    brokers = lab.brokers

    def ours(count: int) -> Cost:
        walk = ["--no-cursor", "--start-id", str(FIRST_ID), "--count", str(count)]
        sink = ["--brokers", brokers, "--topic", TOPIC]
        return lab.task("steam-player-summaries", api, *walk, *sink)

    large = 3000 if lab.quick else 300_000
    runs = Rounds(lab.rounds(5), {"1x": lambda: ours(large // 100), "100x": lambda: ours(large)})
    small_peak, large_peak = runs.median("1x", peak), runs.median("100x", peak)
    return [
        Row(
            f"peak MiB, {large:,} ids",
            f"{large_peak:.1f}",
            f"{large // 100:,} ids",
            f"{small_peak:.1f}",
            runs.ratio("100x", "1x", peak),
            most=1.2,
        ),
        Row(
            f"peak MiB, {large:,} ids",
            f"{large_peak:.1f}",
            "bound",
            f"{MOST:g}",
            large_peak / MOST,
            most=1,
        ),
    ]
