"""Holds results against what their tasks say of them, the programs in STEAMFLOW_BIN or build/bin."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()


@functools.cache
def descriptions() -> dict[str, dict[str, Any]]:
    """What `steamflow describe` prints, by task."""
    said = subprocess.run(
        [PROGRAMS / "steamflow", "describe"], check=True, capture_output=True, text=True
    ).stdout
    return {each["task"]: each for each in map(json.loads, said.splitlines())}


def as_described(result: dict[str, Any]) -> dict[str, Any]:
    """The result, which is as its task describes it."""
    jsonschema.validate(result, descriptions()[result["task"]]["result"])
    return result
