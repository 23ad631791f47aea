"""What a program's end means to Airflow, the same in every runtime: its result line as the task's
XCom, exit code 99 a skip, and an exit code that trying again cannot mend fails the task at once."""

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
# Usage, bad data, refused credentials, configuration; and the shell's own "cannot be executed" and
# "not found".
EXITS_FOR_GOOD = {64, 65, 77, 78, 126, 127}


def result_in(value: Any) -> dict[str, Any]:
    """The value where it is a program's result, else {}."""
    return value if isinstance(value, dict) and value.keys() >= {"task", "status"} else {}


def result_line(lines: Iterable[str]) -> dict[str, Any]:
    """The last line that is a result; {} without one. Docker can put a log line after it."""
    for line in reversed(list(lines)):
        with contextlib.suppress(ValueError):
            if result := result_in(json.loads(line)):
                return result
    return {}


def outcome(program: str, exit_code: int, result: dict[str, Any], last_line: str) -> dict[str, Any]:
    """The XCom of a program that succeeded; otherwise raises what Airflow shall do about it."""
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
