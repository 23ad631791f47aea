"""Holds what `steamflow describe` prints against its schema and against --help.

describe_test.py BINARIES
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "cmake/packaging"))
from description import Description, default_of, describe, text_of

SCHEMA = PROJECT / "common/command/description.schema.json"
TASKS = sorted(path.parent.name.replace("_", "-") for path in PROJECT.glob("tasks/*/main.cpp"))


def check_help(binaries: Path, task: str, description: Description) -> None:
    """--help and the description have the same options, with the same texts."""
    command = [binaries / task, "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    named = re.findall(r"^  (?:-[a-z],)?(--[a-z0-9-]+)", said, re.MULTILINE)
    options = {option["name"]: option for option in description["options"]}
    assert sorted(named) == sorted(options), f"{task}: {set(named) ^ set(options)}"
    words = " ".join(said.split())
    for name, option in options.items():
        assert text_of(option) in words, f"{task}: --help has another text of {name}"
        assert default_of(option) in words, f"{task}: --help has another default of {name}"
    for kind, prefix in (("variables", "AIRFLOW_VAR_"), ("environment", "")):
        for variable in description[kind]:
            assert f" {prefix}{variable['name']}" in words, f"{task}: {variable}"


def check_schemas(task: str, description: Description) -> None:
    """An option's default is one that the option takes."""
    Draft202012Validator.check_schema(description["result"])
    for option in description["options"]:
        schema = option["schema"]
        Draft202012Validator.check_schema(schema)
        if "default" in schema:
            assert Draft202012Validator(schema).is_valid(schema["default"]), f"{task}: {option}"


def main() -> None:
    binaries = Path(sys.argv[1])
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    descriptions = describe(binaries)
    assert sorted(descriptions) == TASKS and len(TASKS) > 10
    for task, description in descriptions.items():
        Draft202012Validator(schema).validate(description)
        assert describe(binaries, task) == {task: description}
        check_schemas(task, description)
        check_help(binaries, task, description)


if __name__ == "__main__":
    main()
