"""100 calls for one id each, to a server that takes 50 ms to respond."""

from __future__ import annotations

from pathlib import Path

from lab import API_KEY, FIRST_ID, Lab
from measure import Cost, Rounds, Row, execute, milliseconds, wall

CALLS = 100


def h2load(urls: Path, *arguments: str) -> Cost:
    command = ["h2load", "--input-file", str(urls), "--header", f"x-webapi-key: {API_KEY}"]
    cost = execute([*command, "--requests", str(CALLS), *arguments])
    if f"status codes: {CALLS} 2xx" not in cost.output:
        raise RuntimeError(cost.output)
    return cost


def run(lab: Lab) -> list[Row]:
    plain = lab.standin("--latency-ms", "50", "--every-player")
    tls, authority = lab.tls(plain)
    path = "/IPlayerService/GetRecentlyPlayedGames/v1/?steamid="

    def urls(api: str) -> Path:
        file = lab.folder / f"urls-{api.rpartition(':')[2]}"
        file.write_text("".join(f"{api}{path}{FIRST_ID - i}\n" for i in range(CALLS)))
        return file

    plain_urls, tls_urls = urls(plain), urls(tls)
    walk = ("--no-prefilter", "--no-cursor", "--count", str(CALLS), "--start-id", str(FIRST_ID))

    def ours(api: str) -> Cost:
        name = "steam-recently-played-games"
        return lab.task(name, api, *walk, "--sink", "stdout", SSL_CERT_DIR=str(authority))

    runs = Rounds(
        lab.rounds(15),
        {
            "HTTP/1.1": lambda: ours(plain),
            "h2load, HTTP/1.1": lambda: h2load(plain_urls, "--h1", "--clients", str(CALLS)),
            "HTTP/2, TLS": lambda: ours(tls),
            "h2load, HTTP/2, TLS": lambda: h2load(
                tls_urls, "--clients", "1", "--max-concurrent-streams", str(CALLS)
            ),
        },
    )
    python = Rounds(
        lab.rounds(3),
        {
            "HTTP/1.1": lambda: ours(plain),
            "Python, sequential": lambda: lab.rival("sequential_calls", plain, str(CALLS)),
        },
    )

    def row(measured: Rounds, subject: str, other: str, most: float | None) -> Row:
        return Row(
            f"100 calls at 50 ms, {subject}",
            milliseconds(measured.median(subject, wall)),
            other,
            milliseconds(measured.median(other, wall)),
            measured.ratio(subject, other, wall),
            most=most,
        )

    return [
        row(runs, "HTTP/1.1", "h2load, HTTP/1.1", 1.3),
        row(runs, "HTTP/2, TLS", "h2load, HTTP/2, TLS", 1.3),
        row(python, "HTTP/1.1", "Python, sequential", None),
    ]
