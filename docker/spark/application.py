"""The common parts of the Spark applications: settings, the result line and the exit code."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from connections import SettingError
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

EXIT_GAP = 65
# What Spark's Kafka source and Kafka's client say if records were deleted before they were read.
GAPS = ("KAFKA_DATA_LOSS", "OffsetOutOfRangeException")
EXIT_TRY_AGAIN = 75
EXIT_CONFIGURATION = 78
# SQL for the event id of a record of Spark's Kafka source; null without the header.
EVENT_ID_HEADER = (
    "nullif(cast(get(filter(headers, header -> header.key = 'event_id'), 0).value AS string), '')"
)


def checkpoint_folder() -> str:
    """The folder or URL of the checkpoints. The driver and the executors share it."""
    checkpoint = os.environ.get("AIRFLOW_VAR_SPARK_CHECKPOINT", "")
    if not checkpoint:
        raise SettingError("no checkpoint: set AIRFLOW_VAR_SPARK_CHECKPOINT")
    return checkpoint


def sentence(error: Exception) -> str:
    """The text of an exception on one line, without Java's stack trace."""
    return " ".join(str(error).split("\n\tat ")[0].split())[:500]


def end(name: str, run: Callable[[], dict[str, Any]]) -> int:
    """Calls `run`, prints the result line with the counts that it returns, and returns the exit
    code."""
    begun = time.monotonic()
    exit_code, counts, error = 0, {}, None
    try:
        counts = run()
    except SettingError as wrong:
        exit_code, error = EXIT_CONFIGURATION, {"kind": "config", "message": str(wrong)}
    except (BlockingIOError, Py4JError, PySparkException) as failed:
        if any(gap in str(failed) for gap in GAPS):
            message = f"Kafka deleted records that were not read: {sentence(failed)}"
            exit_code, error = EXIT_GAP, {"kind": "data", "message": message}
        else:
            exit_code, error = EXIT_TRY_AGAIN, {"kind": "transient", "message": sentence(failed)}
    result = {
        "task": name,
        "status": "failed" if error else "success",
        "exit_code": exit_code,
        "retryable": exit_code == EXIT_TRY_AGAIN,
        **counts,
        "error": error,
        "elapsed_seconds": round(time.monotonic() - begun, 3),
    }
    print(json.dumps(result, separators=(",", ":")), flush=True)
    return exit_code
