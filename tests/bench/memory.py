"""The peak memory of a run that fetches, parses and produces, with 1x and 100x the work."""

from __future__ import annotations

from lab import FIRST_ID, TOPIC, Lab
from measure import Cost, Rounds, Row, peak

MOST = 40.0  # MiB
IDS = {"steam-player-summaries": 300_000, "steam-recently-played-games": 100_000}  # at 100x


def run(lab: Lab) -> list[Row]:
    return [row for task in IDS for row in compare(lab, task)]


def compare(lab: Lab, task: str) -> list[Row]:
    api = lab.standin("--every-player", "--no-gzip")
    brokers = lab.brokers

    def ours(count: int) -> Cost:
        walk = ["--no-cursor", "--start-id", str(FIRST_ID), "--count", str(count)]
        sink = ["--brokers", brokers, "--topic", TOPIC]
        return lab.task(task, api, *walk, *sink)

    large = lab.size(IDS[task])
    runs = Rounds(lab.rounds(3), {"1x": lambda: ours(large // 100), "100x": lambda: ours(large)})
    small_peak, large_peak = runs.median("1x", peak), runs.median("100x", peak)
    what = f"peak MiB, {task}, {large:,} ids"
    ratio = runs.ratio("100x", "1x", peak)
    return [
        Row(
            what, f"{large_peak:.1f}", f"{large // 100:,} ids", f"{small_peak:.1f}", ratio, most=1.2
        ),
        Row(what, f"{large_peak:.1f}", "bound", f"{MOST:g}", large_peak / MOST, most=1),
    ]
