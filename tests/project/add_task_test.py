"""Adds a task to a copy of the project: a folder in tasks/, one in tests/tasks/, a
file in dags/, and one line. Builds it and runs its test and what holds for every task.

    add_task_test.py BUILD

BUILD is a build of the project, whose options the copy has too. Where its compiler is launched by
ccache, what is alike in both is compiled once.
"""

import ast
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
    """What is under version control, as it is now."""
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
        environment = os.environ | {"CCACHE_BASEDIR": str(copy), "CCACHE_NOHASHDIR": "1"}

        def run(*command: str | Path) -> str:
            done = subprocess.run(
                command, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True, check=False
            )
            assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-4000:]}"
            return done.stdout

        made = copy / "build"
        run("cmake", "-S", copy, "-B", made, "-G", "Ninja", *options_of(build))
        run("cmake", "--build", made, "--target", "toy_count_test")
        tested = run("ctest", "--test-dir", made, "--tests-regex", "^ToyCount[.]")
        assert "100% tests passed, 0 tests failed out of 2" in tested, tested

        assert "\n  toy-count\n" in run(made / "bin/steamflow", "--help")
        for name, argument in (("layering", []), ("options", [made / "bin"]), ("topics", [])):
            run(sys.executable, copy / f"tests/project/{name}_test.py", *argument)
        (dag,) = (copy / "dags").glob("toy_*.py")
        assert ast.get_docstring(ast.parse(dag.read_text())), "a DAG says what it does"


if __name__ == "__main__":
    main()
