"""The commands of README.md on a machine with nothing installed. The tests run in order, and
each continues where the previous one has ended. STEAMFLOW_BARE is the codename of the machine's
Debian, STEAMFLOW_TEST_DOCKER the address of the engine in which it runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from machine import ROOT, Ended, Machine, port_taken

sys.path.insert(0, str(ROOT / "quickstart.d"))
from run_dags import DAGS as SHOWN

FILES = {path.stem: path.read_text() for path in ROOT.glob("dags/*.py")}
DAGS = {name for name, text in FILES.items() if "with DAG(" in text}
EVERY_MINUTE = {name for name in DAGS if 'schedule="* * * * *"' in FILES[name]}
NEED_SPARK = {name for name in DAGS if '"spark"' in FILES[name]}
SHELL = "source .quickstart/env && cd / && "


def table(ended: Ended) -> dict[str, str]:
    """The states that the quickstart shows, by DAG."""
    rows = re.findall(r"^(\w+) +(success|skipped|failed|not run) ", ended.out, re.MULTILINE)
    return dict(rows)


def listed(*files: str) -> set[str]:
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    return {line for line in lines if line and not line.startswith("#")}


class Airflow:
    """The web API of the machine's Airflow."""

    def __init__(self, machine: Machine):
        self.url = f"http://127.0.0.1:{machine.ports['AIRFLOW']}"
        path = ".quickstart/data/airflow/simple_auth_manager_passwords.json.generated"
        ((user, password),) = json.loads(machine.succeed(f"cat {path}").out).items()
        self.headers = {"Content-Type": "application/json"}
        login = self.call("/auth/token", {"username": user, "password": password})
        self.headers["Authorization"] = f"Bearer {login['access_token']}"

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, self.headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error}: {error.read().decode()}") from error

    def paused(self) -> set[str]:
        dags = self.call("/api/v2/dags?limit=100")["dags"]
        return {dag["dag_id"] for dag in dags if dag["is_paused"]}

    def runs(self) -> list[dict[str, Any]]:
        path = "/api/v2/dags/~/dagRuns?limit=100&order_by=-run_after"
        return list(self.call(path)["dag_runs"])

    def red(self) -> list[Any]:
        """The runs and tasks that Airflow's page shows in red."""
        runs = self.call("/api/v2/dags/~/dagRuns?limit=100&state=failed")["dag_runs"]
        path = "/api/v2/dags/~/dagRuns/~/taskInstances?limit=100&state=failed&state=upstream_failed"
        return [*runs, *self.call(path)["task_instances"]]


def test_the_tasks_alone(machine: Machine):
    ended = machine.succeed("./quickstart --no-airflow")
    assert "Install packages: " in ended.err
    assert set(table(ended).values()) == {"success"}
    assert "PostgreSQL: " in ended.out and "Elasticsearch: " in ended.out


def test_staying(machine: Machine):
    ended = machine.succeed("./quickstart --stay")
    assert set(table(ended).values()) == {"success"}
    assert "steam_lake and steam_windows, which are paused: they need Spark" in ended.out
    # Every command that the quickstart suggests to a person.
    named = re.findall(r"^  (\S.*?)(?:   .*)?$", ended.out.split("login: ")[1], re.MULTILINE)
    commands = [line for line in named if not line.startswith(("source", "./quickstart"))]
    assert {line.split()[0] for line in commands} == {
        *("curl", "kcat", "psql", "redis-cli", "steam-news")
    }
    query = "SELECT count(*) FROM steamflow.records"  # psql reads the query from stdin
    for line in commands:
        assert machine.succeed(f"{SHELL} {line} <<<'{query}'").out != ""
    assert machine.succeed(SHELL + "airflow version").out.strip()


def test_nothing_is_red_on_the_schedules(machine: Machine):
    """Each DAG runs at least once. DAGs that are not due are triggered."""
    airflow = Airflow(machine)
    assert airflow.paused() == NEED_SPARK
    for dag in DAGS - EVERY_MINUTE - airflow.paused():
        airflow.call(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})
    deadline = time.monotonic() + 300
    while True:
        runs = airflow.runs()
        assert airflow.red() == []
        over = [run for run in runs if run["state"] == "success"]
        scheduled = {run["dag_id"] for run in over if run["run_type"] == "scheduled"}
        asked_for = [run for run in runs if run["run_type"] == "manual"]
        if (
            scheduled >= EVERY_MINUTE
            and {run["dag_id"] for run in over} == DAGS - NEED_SPARK
            and all(run in over for run in asked_for)
        ):
            return
        assert time.monotonic() < deadline, runs
        time.sleep(1)


def test_another_run_says_what_it_stops_and_drops(machine: Machine):
    second = subprocess.Popen(
        machine.argv("./quickstart --stay 2>&1"), stdout=subprocess.PIPE, text=True
    )
    with second:
        assert second.stdout
        assert second.stdout.readline() == (
            "Stopping the servers of an earlier run: "
            "Airflow, Elasticsearch, Kafka, PostgreSQL, Redis, the stand-in for Steam\n"
        )
        assert "Deleting the data of the last run" in second.stdout.readline()
        for option in ("--clean", "--stop", "--no-airflow"):
            ended = machine.run(f"./quickstart {option}")
            assert (ended.exit_code, ended.out) == (1, "")
            assert ended.err == "quickstart: another quickstart runs in this folder\n"
        assert "Airflow is at " in second.stdout.read()
    assert second.returncode == 0


def test_stopping_keeps_what_was_built(machine: Machine):
    built = "find .quickstart/bin .quickstart/cache -type f | sort | md5sum"
    before = machine.succeed(built).out
    assert all(port_taken(port) for port in machine.ports.values())
    ended = machine.succeed("./quickstart --stop")
    assert ended.err == (
        "Stopping the servers: "
        "Airflow, Elasticsearch, Kafka, PostgreSQL, Redis, the stand-in for Steam\n"
    )
    assert not any(port_taken(port) for port in machine.ports.values())
    assert machine.succeed(built).out == before
    assert machine.succeed("./quickstart --stop").err == "Stopping the servers: none is running\n"


def test_with_airflow(machine: Machine):
    ended = machine.succeed("./quickstart")
    assert set(table(ended)) == set(SHOWN)
    assert set(table(ended).values()) == {"success"}
    assert "Install packages" not in ended.err
    assert not any(port_taken(port) for port in machine.ports.values())


def test_cleaning(machine: Machine):
    machine.succeed("./quickstart --clean && test ! -e .quickstart")


def test_cmake_names_the_packages_that_are_missing(machine: Machine):
    """At first, nothing that any preset looks for is installed. Then each package is installed
    by the command that CMake itself prints."""
    files = ("cmake/packages.txt", "cmake/packaging/packages.txt", "quickstart.d/packages.txt")
    known = listed(*files, "tests/packages.txt")
    looked_for = set(
        re.findall(
            r"(?:need|find_module)\(([a-z0-9+-]+) ",
            (ROOT / "cmake/tools.cmake").read_text()
            + (ROOT / "cmake/dependencies.cmake").read_text(),
        )
    )
    assert looked_for <= known
    absent = looked_for - {"python3"}  # on which too much depends
    machine.succeed(f"apt-get remove --yes --autoremove {' '.join(sorted(absent))}")
    named = set()
    for preset in ("release", "asan", "package"):
        while (ended := machine.run(f"cmake --preset {preset}")).exit_code:
            lines = [line.strip() for line in ended.err.splitlines() if line.strip()]
            assert len(lines) < 10, ended
            (packages,) = re.findall(r"is not installed: apt-get install (.*)", ended.err)
            assert not named & set(packages.split()), ended
            named |= set(packages.split())
            machine.succeed(f"apt-get install --yes --no-install-recommends {packages}")
    assert named == absent


def test_building_by_hand(machine: Machine):
    """As README.md describes it, and with the Debian packages that it names."""
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## Building by hand")[1].split("\n## ")[0]
    commands = re.findall(r"^    (cmake .*?)(?:  +#.*)?$", section, re.MULTILINE)
    assert len(commands) == 2
    for line in commands:
        machine.succeed(line)
    assert machine.succeed("cd / && steam-news --version").out.startswith("steam-news ")
    assert machine.succeed("cd / && kafka-create-topics --help").out


def test_the_packages(machine: Machine):
    machine.succeed("cmake --workflow --preset package")
    machine.succeed("mkdir '/opt/of ours' && tar -xf build-package/*.tar.gz -C '/opt/of ours'")
    assert machine.succeed("'/opt/of ours'/*/bin/steam-news --version").out.startswith(
        "steam-news "
    )
    machine.succeed("rm /usr/local/bin/steam-news && apt-get install --yes ./build-package/*.deb")
    assert machine.succeed("hash -r && steam-news --version").out.startswith("steam-news ")
