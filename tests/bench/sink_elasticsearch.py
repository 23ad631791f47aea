"""Kafka to Elasticsearch: documents per second, compared with the server's own limit and a
Python consumer."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from elasticsearch import Elasticsearch, TransportError
from elasticsearch.helpers import scan
from lab import Lab
from measure import Cost, Rounds, Row, cpu_per_million, execute, milliseconds, peak, rate, wall

TOPIC = "rct_plyd_games"
POSITIONS = "steamflow-positions"
AT_ONCE = 4  # requests; the server does not become faster with more
BODY = 1 << 20  # bytes of a request before compression; larger ones make it slower
MOST_MEMORY = 64.0  # MiB
FIRST_DOCUMENT = 1.0  # seconds
EMPTY = 0.8  # seconds


class Sink:
    """A topic with records, a search server, and programs that copy the records to the server."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.server = Elasticsearch(lab.elasticsearch, timeout=60)
        self.records = lab.fill(TOPIC, lab.size(40_000))

    def clear(self) -> None:
        """Deletes all documents and positions, but keeps the index template."""
        self.server.indices.delete(index=f"{TOPIC}-*,{POSITIONS}", ignore_unavailable=True)

    def command(self, *arguments: str) -> list[str]:
        program = str(self.lab.binaries / "kafka-to-elasticsearch")
        server = ["--elasticsearch-url", self.lab.elasticsearch]
        return [program, "--brokers", self.lab.brokers, "--topic", TOPIC, *server, *arguments]

    def run(self, *arguments: str) -> Cost:
        cost = execute(self.command("--deadline", "600", *arguments))
        return replace(cost, records=json.loads(cost.output.splitlines()[-1])["sink"]["inserted"])

    def ours(self, *arguments: str) -> Cost:
        self.clear()
        return self.run(*arguments)

    def export(self) -> None:
        """Writes the documents as request bodies, and a configuration with which curl sends
        them."""
        bodies = [self._write(number, body) for number, body in enumerate(self._bodies())]
        headers = [
            'header = "Content-Type: application/x-ndjson"',
            'header = "Content-Encoding: gzip"',
            "fail",
            'output = "/dev/null"',
        ]
        url = f"{self.lab.elasticsearch}/_bulk?filter_path=items.*.error"
        # The last body makes the documents visible, as the sink's last request does.
        urls = [url] * (len(bodies) - 1) + [f"{url}&refresh=true"]
        each = [
            "\n".join([*headers, f'url = "{url}"', f'data-binary = "@{body}"'])
            for url, body in zip(urls, bodies, strict=True)
        ]
        self.requests = self.lab.folder / "requests"
        self.requests.write_text("\nnext\n".join(each))

    def _write(self, number: int, body: bytes) -> Path:
        file = self.lab.folder / f"bulk-{number}"
        file.write_bytes(gzip.compress(body, 1))
        return file

    def _bodies(self) -> Iterator[bytes]:
        self.server.indices.refresh(index=TOPIC)
        body = bytearray()
        for hit in scan(self.server, index=TOPIC, size=5000):
            action = {"create": {"_index": hit["_index"], "_id": hit["_id"]}}
            for line in (action, hit["_source"]):
                body += json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            if len(body) >= BODY:
                yield bytes(body)
                body.clear()
        yield bytes(body)

    def curl(self) -> Cost:
        self.clear()
        parallel = ["--parallel", "--parallel-immediate", "--parallel-max", str(AT_ONCE)]
        cost = execute(["curl", "--silent", *parallel, "--config", str(self.requests)])
        self.server.indices.refresh(index=TOPIC)
        stored = self.server.count(index=TOPIC)["count"]
        if stored != self.records:
            raise RuntimeError(f"curl has stored {stored} of {self.records} documents")
        return replace(cost, records=stored)

    def python(self) -> Cost:
        self.clear()
        arguments = [self.lab.brokers, TOPIC, self.lab.elasticsearch, str(self.records)]
        return self.lab.rival("kafka_to_elasticsearch", *arguments)

    def first_document(self) -> Cost:
        """The time from the start of a run until a search finds a document."""
        self.clear()
        started = time.perf_counter()
        process = subprocess.Popen(self.command(), env={}, stdout=subprocess.DEVNULL)
        has_ended = False
        while not self._finds_one():
            if has_ended:
                raise RuntimeError(f"kafka-to-elasticsearch ended with {process.returncode}")
            has_ended = process.poll() is not None
        seen = time.perf_counter() - started
        process.wait()
        return Cost(seen, 0, 0, "")

    def _finds_one(self) -> bool:
        try:
            found = self.server.search(index=f"{TOPIC}-*", size=0)
        except TransportError:  # a new index has no shard yet
            return False
        return found["hits"]["total"]["value"] > 0


def run(lab: Lab) -> list[Row]:
    sink = Sink(lab)
    sink.run()
    sink.export()
    tenth = str(sink.records // 10)
    ours = "kafka-to-elasticsearch"
    runs = Rounds(
        lab.rounds(5),
        {
            "curl": sink.curl,
            "Python": sink.python,
            ours: sink.ours,
            "nothing": sink.run,  # the previous run has left nothing to do
            "first document": sink.first_document,
            "a tenth": lambda: sink.ours("--max-records", tenth),
        },
    )

    def row(other: str, least: float | None = None) -> Row:
        return Row(
            "documents a second",
            f"{runs.median(ours, rate):,.3g}",
            other,
            f"{runs.median(other, rate):,.3g}",
            runs.ratio(ours, other, rate),
            least=least,
        )

    def bound(what: str, value: float, text: str, most: float, unit: str) -> Row:
        return Row(what, text, "bound", f"{most:g}{unit}", value / most, most=1)

    cpu = runs.median(ours, cpu_per_million)
    first = runs.median("first document", wall)
    nothing = runs.median("nothing", wall)
    memory, tenth_memory = runs.median(ours, peak), runs.median("a tenth", peak)
    return [
        row("curl", least=0.95),
        row("Python"),
        Row(
            "CPU s per million documents",
            f"{cpu:.3g}",
            "Python",
            f"{runs.median('Python', cpu_per_million):.3g}",
            runs.ratio(ours, "Python", cpu_per_million),
        ),
        bound("first document found", first, milliseconds(first), FIRST_DOCUMENT, " s"),
        bound("empty topic", nothing, milliseconds(nothing), EMPTY, " s"),
        bound("peak MiB", memory, f"{memory:.1f}", MOST_MEMORY, ""),
        Row(
            "peak MiB",
            f"{memory:.1f}",
            "a tenth of the records",
            f"{tenth_memory:.1f}",
            memory / tenth_memory,
            most=1.25,
        ),
    ]
