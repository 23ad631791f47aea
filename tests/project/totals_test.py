"""Tests tests/totals.py with the output of ctest and pytest themselves.

totals_test.py CTEST
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

TOTALS = Path(__file__).resolve().parents[1] / "totals.py"

# One of the six tests passes.
CTEST = """
add_test(passes true)
add_test(fails false)
add_test(hangs sleep 60)
add_test(skips sh -c "exit 77")
add_test(disabled true)
add_test(missing /no/such/program)
set_tests_properties(hangs PROPERTIES TIMEOUT 0.1)
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(disabled PROPERTIES DISABLED TRUE)
"""
# Two of the five tests pass.
PYTEST = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError

def test_fails(): assert False
def test_errs(broken): pass
def test_skips(): pytest.skip("no reason")
@pytest.mark.parametrize("each", [1, 2])
def test_passes(each): pass
"""
PASSES = "def test_passes(): pass\n"


def totals(exit_code: int, reports: Path) -> str:
    command = [sys.executable, TOTALS, str(exit_code), reports]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def run_ctest(ctest: str, tests: str, reports: Path, name: str) -> int:
    """Returns ctest's exit code. The report is NAME.xml."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "CTestTestfile.cmake").write_text(tests)
        command = [ctest, "--test-dir", folder, "--output-junit", reports / f"{name}.xml"]
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode


def run_pytest(tests: str, reports: Path, name: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(tests)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder]
        command += [folder, f"--junit-xml={reports / name}.xml"]
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode


def main() -> None:
    ctest = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        tests = Path(folder) / "ctest"
        assert run_ctest(ctest, CTEST, tests, "all") != 0
        assert totals(1, tests) == "1 5"

        passes = Path(folder) / "passes"
        assert run_ctest(ctest, "add_test(passes true)", passes, "ctest") == 0
        assert totals(0, passes) == "1 0"
        assert totals(1, passes) == "1 1", "a failure without a failed test is counted"

        none = Path(folder) / "none"
        assert totals(0, none) == totals(1, none) == "0 1"
        assert run_pytest("", none, "empty") != 0
        assert totals(5, none) == "0 1"

        sessions = Path(folder) / "sessions"
        assert run_pytest(PYTEST, sessions, "first") != 0
        assert totals(1, sessions) == "2 3"
        assert run_pytest(PASSES, sessions, "second") == 0
        assert totals(1, sessions) == "3 3"
        assert run_pytest("import no_such_module", sessions, "third") != 0
        assert totals(1, sessions) == "3 4"
        first = (sessions / "first.xml").read_text()
        (sessions / "first.xml").write_text(first[: len(first) // 2])
        assert totals(1, sessions) == "1 2", "a report that is cut off is one failure"


if __name__ == "__main__":
    main()
