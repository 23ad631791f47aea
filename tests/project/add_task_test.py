"""Adds a task to a copy of the project: a folder in tasks/, one in tests/tasks/, a file in dags/,
and one line. Builds it, runs its test and the tests that every task and every DAG must pass, and
runs its DAG in Airflow.

    add_task_test.py BUILD

BUILD is a build of the project, and the copy uses the same options. If the build uses ccache,
identical files are compiled only once.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TOY = PROJECT / "tests/project/toy_task"
LINE = "add_task(toy_count)\n"
OPTIONS = ["CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER"]


def copy_project(to: Path) -> None:
    """The current content of the files under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (PROJECT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, to / name)


def options_of(build: Path) -> list[str]:
    cache = (build / "CMakeCache.txt").read_text()
    pairs = dict(re.findall(r"^(\w+):\w+=(.+)$", cache, re.MULTILINE))
    return [f"-D{name}={pairs[name]}" for name in OPTIONS if name in pairs]


def main() -> None:
    build = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        copy_project(copy)
        shutil.copytree(TOY, copy, dirs_exist_ok=True)
        with (copy / "tasks/CMakeLists.txt").open("a") as tasks:
            tasks.write(LINE)
        environment = os.environ | {
            "CCACHE_BASEDIR": str(copy),
            "CCACHE_NOHASHDIR": "1",
            "STEAMFLOW_CACHE": os.environ.get("STEAMFLOW_CACHE", str(PROJECT / ".cache")),
            "STEAMFLOW_BIN": str(copy / "build/bin"),
            "AIRFLOW_HOME": str(Path(folder) / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(copy / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_VAR_STEAMFLOW_BIN": str(copy / "build/bin"),
        }

        def run(*command: str | Path) -> str:
            done = subprocess.run(
                command, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True, check=False
            )
            assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-4000:]}"
            return done.stdout

        made = copy / "build"
        programs = made / "bin"
        run("cmake", "-S", copy, "-B", made, "-G", "Ninja", *options_of(build))
        run("cmake", "--build", made, "--target", "toy_count_test", "help_test", "dispatcher_test")
        tested = run("ctest", "--test-dir", made, "--tests-regex", "^(ToyCount|Help|Dispatcher)[.]")
        assert tested.count(" ToyCount.") == 4 and "100% tests passed" in tested, tested
        assert "\n  toy-count\n" in run(programs / "steamflow", "--help")
        for name in ("describe", "layering", "options", "readme", "topics"):
            run(sys.executable, copy / f"tests/project/{name}_test.py", programs)

        venv = Path(run(copy / "tests/services/airflow", "3").strip())
        dags = [copy / f"tests/dags/test_{name}.py" for name in ("every_dag", "structure")]
        tested = run(venv / "bin/python", "-m", "pytest", "-p", "no:cacheprovider", "-v", *dags)
        assert "test_dag[toy_count_dag] PASSED" in tested, tested
        run(venv / "bin/airflow", "db", "migrate")
        ran = run(venv / "bin/airflow", "dags", "test", "toy_count_dag")
        assert '"numbers":[1,2,3]' in ran, ran


if __name__ == "__main__":
    main()
