"""Compares the tables in README.md with what they describe: tasks, Variables, Connections and exit
codes with `steamflow describe`, DAGs with their files. A row repeats the beginning of the task's
description and words from its page, or words from the DAG's file. A task or DAG may be missing from
the tables.

    readme_test.py BINARIES
"""

import re
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "cmake/packaging"))
from description import Description, default_of, describe

TASKS = "| task | what it does | topic | cursor in Redis |\n"
DAGS = "| DAG | schedule | runs |\n"
VARIABLES = "| Airflow Variable | default | |\n"
CONNECTIONS = "| Airflow Connection | flag for another id | for a person | |\n"
EXIT_CODES = "| code | means | Airflow |\n"
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


def check_task(
    described: dict[str, Description], task: str, about: str, topics: str, cursor: str
) -> None:
    link = re.fullmatch(r"\[`([a-z-]+)`\]\((.+)\)", task)
    assert link, task
    name, page = link[1], PROJECT / link[2]
    assert page == PROJECT / "tasks" / name.replace("-", "_") / "README.md", task
    said = described[name]["description"]
    assert f"{said} ".startswith(f"{about}. "), f"{name}: README.md has {about!r}, and not {said!r}"
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


def check_exit_codes(exit_codes: list[dict[str, Any]]) -> None:
    texts = {each["code"]: each["description"] for each in exit_codes}
    written: set[int] = set()
    for cell, text, _airflow in rows(EXIT_CODES):
        codes = [int(code) for code in cell.split(", ")]
        means = ", ".join(texts[code] for code in codes)
        assert re.match(rf"{re.escape(means)}(\W|$)", text), f"{cell}: {text!r}, not {means!r}"
        written |= set(codes)
    assert written == texts.keys(), "README.md lacks exit codes, or has others"


def check_settings(descriptions: dict[str, Description]) -> None:
    """README.md has the Variables and Connections of all tasks, and no others."""
    options: dict[str, Description] = {}
    variables: dict[str, str] = {}  # with their defaults
    connections: dict[str, str] = {}  # with the options that name others
    for description in descriptions.values():
        options |= {option["name"]: option for option in description["options"]}
        for variable in description["variables"]:
            option = variable.get("option")
            variables[variable["name"]] = default_of(options[option]) if option else ""
        connections |= {each["id"]: each["option"] for each in description["connections"]}
    del variables["<NAME>"]  # any, in a connector's file
    written = rows(VARIABLES)
    assert {
        name for row in written for name in CODE.findall(row[0] + row[2]) if name in variables
    } == (variables.keys())
    for name, default, _text in written:
        known = variables[name.strip("`")]
        assert default in (f"`{known}`" if known else "", "three games"), f"{name}: {default}"
    written = rows(CONNECTIONS)
    assert {name.strip("`"): flag.strip("`") for name, flag, *_ in written} == connections


def main() -> None:
    described = describe(Path(sys.argv[1]))
    tasks, dags = rows(TASKS), rows(DAGS)
    assert len(tasks) > 10 and len(dags) > 10, "nothing was compared"
    for task in tasks:
        check_task(described, *task)
    for dag in dags:
        check_dag(*dag)
    check_settings(described)
    check_exit_codes(next(iter(described.values()))["exit_codes"])


if __name__ == "__main__":
    main()
