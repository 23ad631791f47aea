"""Reads the documents that `steamflow describe` prints. Their schema is
common/command/description.schema.json."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

Description = dict[str, Any]


def describe(programs: Path, *task: str) -> dict[str, Description]:
    """The description of a task, or those of all tasks, by name. `programs` is their folder."""
    said = subprocess.run(
        [programs / "steamflow", "describe", *task], capture_output=True, text=True, check=True
    ).stdout
    return {each["task"]: each for each in map(json.loads, said.splitlines())}


def default_of(option: Description) -> str:
    """The default in the form of --help; empty if there is none."""
    match option["schema"].get("default"):
        case None:
            return ""
        case list(values):
            return f"[{','.join(values)}]"
        case float(number):
            return f"{number:g}"
        case value:
            return str(value)


def text_of(option: Description) -> str:
    """The text in the form of --help."""
    variable = option.get("environment")
    return option["description"] + (f" [env: {variable}]" if variable else "")
