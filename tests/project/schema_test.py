"""Validates the records of each source with the JSON Schema beside it. A source is a task that has
a schema. With the arguments in tests/tasks/<task>/schema_arguments.json the source covers the data
of the stand-in: apps without a number and without news, 2,500 news items, private, deleted and
absent accounts.

    schema_test.py BINARIES

BINARIES is the folder of the build with the tasks and the Steam stand-in.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema

PROJECT = Path(__file__).resolve().parents[2]

NOT_IN_STANDIN = {"gameserverip"}


@contextmanager
def standin(binaries: Path) -> Iterator[str]:
    """Starts a Steam stand-in and returns its address. It ends when its standard input is
    closed."""
    command = [binaries / "steam-standin", "--exit-with-stdin"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


def records_of(binaries: Path, source: str, url: str) -> list[dict[str, Any]]:
    environment = {
        "PATH": os.environ["PATH"],
        "AIRFLOW_VAR_STEAM_API_KEY": "0123456789ABCDEF",
        "AIRFLOW_VAR_STEAM_API_URL": url,
        "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "-1",
    } | {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    arguments = json.loads((PROJECT / "tests/tasks" / source / "schema_arguments.json").read_text())
    command = [binaries / source.replace("_", "-"), "--sink", "stdout", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *lines, _result = done.stdout.splitlines()
    return [json.loads(line)["value"] for line in lines]


def check(source: str, records: list[dict[str, Any]]) -> None:
    schema = json.loads((PROJECT / "tasks" / source / "record.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert records, f"{source}: no records"
    for record in records:
        validator.validate(record)
    # A schema that accepts anything would prove nothing.
    whole = records[0]
    for name in schema["required"]:
        broken = {key: value for key, value in whole.items() if key != name}
        assert not validator.is_valid(broken), f"{source}: accepted without {name}"
        assert not validator.is_valid(whole | {name: []}), f"{source}: accepted with {name} a list"
    # A field that is in no record is not tested.
    unseen = schema["properties"].keys() - set().union(*records) - NOT_IN_STANDIN
    assert not unseen, f"{source}: in no record: {sorted(unseen)}"
    print(f"{source}: {len(records)} records")


def main() -> None:
    binaries = Path(sys.argv[1])
    sources = sorted(path.parent.name for path in PROJECT.glob("tasks/*/record.schema.json"))
    assert len(sources) >= 4
    with standin(binaries) as url:
        for source in sources:
            check(source, records_of(binaries, source, url))


if __name__ == "__main__":
    main()
