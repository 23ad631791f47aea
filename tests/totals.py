"""Prints how many tests of a suite passed, and how many did not: failed, skipped, or never run.

    totals.py EXIT_CODE FOLDER

FOLDER contains the JUnit XML of the suite's sessions of ctest and pytest. EXIT_CODE is the exit
code of the suite. A suite that left no XML, or that failed without naming a failed test, counts as
one failure.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def passed(case: ElementTree.Element) -> bool:
    verdicts = {"failure", "error", "skipped"}
    # For a disabled test, ctest reports only its status.
    return case.get("status", "run") == "run" and not verdicts & {each.tag for each in case}


def totals(exit_code: int, folder: Path) -> tuple[int, int]:
    good = bad = 0
    for report in folder.glob("*.xml"):
        try:
            cases = list(ElementTree.parse(report).iter("testcase"))
        except ElementTree.ParseError as error:
            print(f"{report}: {error}", file=sys.stderr)
            bad += 1
            continue
        passes = sum(map(passed, cases))
        good, bad = good + passes, bad + len(cases) - passes
    if bad == 0 and (good == 0 or exit_code != 0):
        bad = 1
    return good, bad


if __name__ == "__main__":
    print(*totals(int(sys.argv[1]), Path(sys.argv[2])))
