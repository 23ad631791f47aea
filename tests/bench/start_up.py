"""Measures the time from the start to the result line: of the shortest run, and of a run of the size
that Airflow starts."""

from __future__ import annotations

from lab import FIRST_ID, TOPIC, Lab
from measure import Rounds, Row, cpu_seconds, execute, milliseconds, wall

TASK = "steam-player-summaries"
MOST = 0.045  # seconds of a whole run, without the time of the servers


def run(lab: Lab) -> list[Row]:
    api = lab.standin("--every-player", "--no-gzip")
    redis, brokers = f"redis://{lab.redis}", lab.brokers
    shortest = ["--count", "1", "--no-cursor", "--sink", "stdout"]
    whole = ["--count", "100", "--brokers", brokers, "--redis-url", redis, "--topic", TOPIC]
    whole += ["--start-id", str(FIRST_ID)]

    runs = Rounds(
        lab.rounds(21),
        {
            "/bin/true": lambda: execute(["/bin/true"]),
            "shortest": lambda: lab.task(TASK, api, *shortest),
            "Python, shortest": lambda: lab.rival("one_task", api, "1"),
            "whole": lambda: lab.task(TASK, api, *whole),
            "Python, whole": lambda: lab.rival("one_task", api, "100", redis, brokers, TOPIC),
        },
    )
    # This is measured alone, so that the CPU time of the servers belongs to these runs only.
    rounds = lab.rounds(50)
    before = sum(map(cpu_seconds, lab.server_pids()))
    alone = Rounds(rounds, {"whole": lambda: lab.task(TASK, api, *whole)}).median("whole", wall)
    servers = (sum(map(cpu_seconds, lab.server_pids())) - before) / rounds

    def row(what: str, ours: str, other: str) -> Row:
        return Row(
            what,
            milliseconds(runs.median(ours, wall)),
            other.partition(",")[0],
            milliseconds(runs.median(other, wall)),
            runs.ratio(ours, other, wall),
        )

    return [
        row("shortest run: a call, a record on stdout", "shortest", "/bin/true"),
        row("the same", "shortest", "Python, shortest"),
        row("100 records through Redis and Kafka", "whole", "Python, whole"),
        Row(
            f"the same, less the servers' {milliseconds(servers)} of CPU",
            milliseconds(alone - servers),
            "bound",
            milliseconds(MOST),
            (alone - servers) / MOST,
            most=1,
        ),
    ]
