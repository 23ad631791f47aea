"""docker/grafana/draw.py, with a stand-in of Prometheus that answers every query with two series. It
is tested here because it needs the notebook's matplotlib."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import ROOT
from PIL import Image

sys.path.insert(0, str(ROOT / "docker/grafana"))
import draw


class Prometheus(HTTPServer):
    has_all = True
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Prometheus

    def do_GET(self) -> None:
        """Answers /api/v1/query_range as Prometheus's HTTP API does."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert url.path == "/api/v1/query_range"
        self.server.asked.append(query["query"])
        start, end, step = (float(query[name]) for name in ("start", "end", "step"))
        times = [start + i * step for i in range(int((end - start) / step) + 1)]
        result = [
            {
                "metric": {"job": f"job {height}", "instance": "127.0.0.1:9"},
                "values": [[at, f"{height}"] for at in times],
            }
            for height in (1000, 2000)
        ]
        answer = {"resultType": "matrix", "result": result if self.server.has_all else []}
        body = json.dumps({"status": "success", "data": answer}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    with Prometheus(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def panels() -> list[dict[str, Any]]:
    return [panel for path in draw.DASHBOARDS for panel in json.loads(path.read_text())["panels"]]


def run(monkeypatch: pytest.MonkeyPatch, prometheus: Prometheus, picture: Path) -> None:
    url = f"http://127.0.0.1:{prometheus.server_port}"
    arguments = ["draw.py", str(picture), "--prometheus", url, "--minutes", "4"]
    monkeypatch.setattr(sys, "argv", arguments)
    draw.main()


def test_every_panel_of_the_dashboards_is_drawn(monkeypatch, tmp_path, prometheus):
    run(monkeypatch, prometheus, tmp_path / "drawn.png")
    asked = {target["expr"] for panel in panels() for target in panel["targets"]}
    assert set(prometheus.asked) == asked
    figure = draw.pyplot.gcf()
    drawn = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert {panel["title"] for panel in panels()} <= drawn.keys()
    for panel in panels():
        lines = [list(line.get_ydata()) for line in drawn[panel["title"]].get_lines()]
        if panel["type"] == "timeseries":
            assert len(lines) == 2 * len(panel["targets"])
            assert {height for line in lines for height in line} == {1000, 2000}
    with Image.open(tmp_path / "drawn.png") as picture:
        assert picture.format == "PNG"
        assert picture.size == tuple(int(75 * inches) for inches in figure.get_size_inches())
        assert len(picture.convert("RGB").getcolors()) > 10


def test_a_panel_without_data_says_so(monkeypatch, tmp_path, prometheus):
    """It does not stop the other panels either."""
    prometheus.has_all = False
    run(monkeypatch, prometheus, tmp_path / "drawn.png")
    figure = draw.pyplot.gcf()
    drawn = {axes.get_title(loc="left"): axes for axes in figure.axes}
    for panel in panels():
        assert [text.get_text() for text in drawn[panel["title"]].texts] == ["no data"]
    with Image.open(tmp_path / "drawn.png") as picture:
        assert picture.format == "PNG"


def test_it_is_a_program():
    shown = subprocess.run(
        [ROOT / "docker/grafana/draw.py", "--help"],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert shown.stdout.startswith("usage: draw.py ")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.125, "percentunit", "12.5 %"),
        (0.25, "s", "250 ms"),
        (7200, "s", "2 h"),
        (3 * 2**20, "bytes", "3 MiB"),
        (1500, "cps", "1.5 k/s"),
        (7, "short", "7"),
    ],
)
def test_values_have_the_unit_of_their_panel(value, unit, text):
    assert draw.number(value, unit) == text
