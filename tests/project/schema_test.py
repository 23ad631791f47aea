"""Every record that the sources make of the stand-in's answers fits its task's JSON Schema."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema

WALK = ["--sink", "stdout", "--count", "300"]
COMMANDS = {
    "steam_current_players": ["--sink", "stdout"],
    "steam_recently_played_games": WALK,
    "steam_player_summaries": WALK,
    "steam_news": ["--sink", "stdout"],
}


def records_of(command: list[str], url: str) -> list[dict]:
    environment = {
        "AIRFLOW_VAR_STEAM_API_URL": url,
        "AIRFLOW_VAR_STEAM_API_KEY": "any-key-will-do",
        "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET": "-1",
        "PATH": os.environ["PATH"],
    }
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    *records, result = [json.loads(line) for line in run.stdout.splitlines()]
    assert result["sink"]["records"] == len(records), result
    return [record["value"] for record in records]


def check(root: Path, programs: Path) -> None:
    standin = subprocess.Popen(
        [programs / "steam-standin", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with standin:
        url = standin.stdout.readline().strip()
        for folder, arguments in COMMANDS.items():
            schema = json.loads((root / "tasks" / folder / "record.schema.json").read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            records = records_of([programs / folder.replace("_", "-"), *arguments], url)
            assert records, f"{folder} made no record"
            for record in records:
                validator.validate(record)
                # A schema that takes anything would test nothing.
                for name in schema["required"]:
                    without = {key: value for key, value in record.items() if key != name}
                    assert not validator.is_valid(without), f"{folder}: {name} is not needed"
            print(f"{folder}: {len(records)} records")
        standin.stdin.close()


if __name__ == "__main__":
    check(Path(sys.argv[1]), Path(sys.argv[2]))
