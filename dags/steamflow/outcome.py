"""What the end of a program means for Airflow, in every runtime. The result line becomes the task's
XCom, exit code 99 skips the task, and an exit code that a retry cannot fix fails it at once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

EXIT_SKIPPED = 99
# Usage, bad data, rejected credentials, configuration; 126 and 127 are the shell's "cannot be
# executed" and "not found".
EXITS_FOR_GOOD = {64, 65, 77, 78, 126, 127}


def result_in(value: Any) -> dict[str, Any]:
    """The value if it is the result of a program, else {}."""
    return value if isinstance(value, dict) and value.keys() >= {"task", "status"} else {}


def result_line(lines: Iterable[str]) -> dict[str, Any]:
    """The last line that is a result, else {}. Docker can place a line of the log after it."""
    for line in reversed(list(lines)):
        with contextlib.suppress(ValueError):
            if result := result_in(json.loads(line)):
                return result
    return {}


def outcome(program: str, exit_code: int, result: dict[str, Any], last_line: str) -> dict[str, Any]:
    """The XCom of a program that succeeded. Otherwise raises the exception that makes Airflow skip,
    fail or retry the task."""
    if exit_code == 0 and result:
        return result
    cause = (result.get("error") or {}).get("message") or last_line or "no output"
    message = f"{program}: exit code {exit_code}: {cause}"
    if exit_code == EXIT_SKIPPED:
        raise AirflowSkipException(message)
    if exit_code == 127:
        raise AirflowFailException(f"{program} is not installed: {cause}")
    if exit_code in EXITS_FOR_GOOD or exit_code == 0:  # 0 without a result: not our program
        raise AirflowFailException(message)
    raise AirflowException(message)
