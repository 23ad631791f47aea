"""Compares the tables of tasks and DAGs in README.md with the tasks and DAGs. A row repeats the
beginning of the task's --help and words from its page, or words from the DAG's file. A task or DAG
may be missing from the tables.

    readme_test.py BINARIES
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "cmake/packaging"))
from command_help import read_help

TASKS = "| task | what it does | topic | cursor in Redis |\n"
DAGS = "| DAG | schedule | runs |\n"
# Schedules of cron and Airflow, and the words for them in README.md.
SCHEDULES = {
    "* * * * *": "every minute",
    "*/5 * * * *": "every 5 minutes",
    "*/10 * * * *": "every 10 minutes",
    "@hourly": "hourly",
    "@daily": "daily",
}
CODE = re.compile(r"`([^`]+)`")


def rows(header: str) -> list[list[str]]:
    readme = (PROJECT / "README.md").read_text()
    assert readme.count(header) == 1, header
    lines = readme.split(header)[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def check_task(binaries: Path, task: str, about: str, topics: str, cursor: str) -> None:
    link = re.fullmatch(r"\[`([a-z-]+)`\]\((.+)\)", task)
    assert link, task
    name, page = link[1], PROJECT / link[2]
    assert page == PROJECT / "tasks" / name.replace("-", "_") / "README.md", task
    said = read_help(binaries / name).about
    assert f"{said} ".startswith(f"{about}. "), f"{name}: README.md has {about!r}, --help {said!r}"
    text = page.read_text()
    for word in CODE.findall(topics + cursor):
        assert word in text, f"{name}: {word} is not in its page"


def check_dag(dag: str, schedule: str, runs: str) -> None:
    path = PROJECT / "dags" / f"{dag.strip('`')}.py"
    text = path.read_text()
    written = re.search(r'schedule="(.+)"', text)
    assert written and schedule.startswith(SCHEDULES[written[1]]), f"{path.name}: {schedule}"
    program = re.search(r"[a-z]+(-[a-z]+)+", runs)
    assert program and f'"{program[0]}"' in text, f"{path.name} does not run {runs}"


def main() -> None:
    binaries = Path(sys.argv[1])
    tasks, dags = rows(TASKS), rows(DAGS)
    assert len(tasks) > 10 and len(dags) > 10, "nothing was compared"
    for task in tasks:
        check_task(binaries, *task)
    for dag in dags:
        check_dag(*dag)


if __name__ == "__main__":
    main()
