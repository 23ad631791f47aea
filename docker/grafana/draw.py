#!/usr/bin/env python3
"""Draws the panels of the dashboards to a picture, from the responses of a Prometheus. The picture
shows the view of an operator on a page that cannot show a Grafana.

    draw.py PICTURE [--prometheus URL] [--minutes N]

Needs matplotlib, which includes Pillow.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import dates, pyplot
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

Panel = dict[str, Any]

DASHBOARDS = [
    Path(__file__).parent / "dashboards" / f"{name}.json" for name in ("pipeline", "kafka", "sinks")
]
GRID = 12  # columns; a panel is several columns wide
PANEL_WIDTH = {"stat": 3, "timeseries": 3}
PANEL_HEIGHT = {"stat": 0.45, "timeseries": 1.0}
TITLE_HEIGHT = 0.25
POINTS = 120  # per line
LEGEND_LINES = 5
LEGEND_ROOM = 1.7  # times the highest value
COLOURS = 48


class Prometheus:
    """One span of time in a Prometheus."""

    def __init__(self, url: str, minutes: float):
        end = time.time()
        self.url = url
        self.span = {
            "start": end - 60 * minutes,
            "end": end,
            "step": max(1, 60 * minutes / POINTS),
        }

    def series(self, expression: str) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"query": expression, **self.span})
        with urllib.request.urlopen(f"{self.url}/api/v1/query_range?{query}", timeout=30) as answer:
            return json.load(answer)["data"]["result"]


def number(value: float, unit: str) -> str:
    """A value in the unit of a panel, similar to Grafana's format."""
    if unit == "percentunit":
        return f"{100 * value:.4g} %"
    if unit == "s":
        for name, size in {"d": 86400, "h": 3600, "min": 60}.items():
            if abs(value) >= 2 * size:
                return f"{value / size:.3g} {name}"
        return f"{value:.3g} s" if abs(value) >= 1 or value == 0 else f"{1000 * value:.3g} ms"
    steps = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10} if unit == "bytes" else {"M": 1e6, "k": 1e3}
    for name, size in steps.items():
        if abs(value) >= size:
            value /= size
            break
    else:
        name = "B" if unit == "bytes" else ""
    return f"{value:.3g} {name}{'/s' if unit == 'cps' else ''}".strip()


def series_name(legend: str, labels: dict[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda name: labels.get(name[1], ""), legend).strip()


def draw_panel(axes: Any, panel: Panel, prometheus: Prometheus) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_title(panel["title"], fontsize=8, loc="left")
    lines = [
        (series_name(target["legendFormat"], series["metric"]), series["values"])
        for target in panel["targets"]
        for series in prometheus.series(target["expr"])
    ]
    if not lines:  # for example if there are no dead letters
        axes.axis("off")
        axes.text(0.5, 0.45, "no data", fontsize=10, ha="center", va="center", color="tab:gray")
        return
    lines.sort(key=lambda line: -float(line[1][-1][1]))  # a legend does not have room for all lines
    if panel["type"] == "stat":
        axes.axis("off")
        last = number(float(lines[0][1][-1][1]), defaults["unit"])
        axes.text(0.5, 0.45, last, fontsize=18, ha="center", va="center", color="tab:green")
        return
    for position, (name, values) in enumerate(lines):
        times = [datetime.fromtimestamp(at, UTC) for at, _value in values]
        shown = name if position < LEGEND_LINES else "_"  # matplotlib leaves "_" out
        axes.plot(times, [float(value) for _at, value in values], linewidth=1, label=shown)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _position: number(value, defaults["unit"]))
    )
    axes.yaxis.set_major_locator(MaxNLocator(4))
    if "min" in defaults:
        axes.set_ylim(defaults["min"], LEGEND_ROOM * max(axes.get_ylim()[1], 0.1))
    axes.tick_params(labelsize=6)
    axes.grid(linewidth=0.3)
    axes.legend(fontsize=5, loc="upper left", framealpha=0.6)


def rows_of(panels: list[Panel]) -> list[list[Panel]]:
    """Groups panels of one kind into rows, with as many panels as fit into a row."""
    rows: list[list[Panel]] = []
    for kind, width in PANEL_WIDTH.items():
        of_kind = [panel for panel in panels if panel["type"] == kind]
        rows += [of_kind[i : i + GRID // width] for i in range(0, len(of_kind), GRID // width)]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--prometheus", default="http://localhost:9090")
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()

    prometheus = Prometheus(options.prometheus, options.minutes)
    dashboards = [json.loads(path.read_text()) for path in DASHBOARDS]
    rows: list[tuple[float, str, list[Panel]]] = []  # height, title, panels
    for dashboard in dashboards:
        rows.append((TITLE_HEIGHT, dashboard["title"], []))
        rows += [(PANEL_HEIGHT[row[0]["type"]], "", row) for row in rows_of(dashboard["panels"])]
    heights = [height for height, _title, _panels in rows]
    figure = pyplot.figure(figsize=(13, 1.9 * sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(rows), GRID, height_ratios=heights)
    for row, (_height, title, panels) in enumerate(rows):
        if title:
            axes = figure.add_subplot(grid[row, :])
            axes.axis("off")
            axes.text(0, 0.2, title, fontsize=12, weight="bold")
        for column, panel in enumerate(panels):
            width = PANEL_WIDTH[panel["type"]]
            axes = figure.add_subplot(grid[row, column * width : (column + 1) * width])
            draw_panel(axes, panel, prometheus)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=75)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(options.picture, optimize=True)


if __name__ == "__main__":
    main()
