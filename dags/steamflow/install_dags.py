"""`steamflow dags install FOLDER`, a command of the wheel. The wheel has the DAG files beside this
module."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

DAGS = Path(__file__).with_name("dags")


def install(folder: Path) -> None:
    """Replaces each file atomically, because Airflow may be reading the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "steamflow").exists():
        sys.exit(
            f"steamflow dags: {folder / 'steamflow'} hides the package that pip installed: remove it"
        )
    for dag_file in sorted(DAGS.glob("*.py")):
        new = folder / f".{dag_file.name}.new"
        new.write_bytes(dag_file.read_bytes())
        os.replace(new, folder / dag_file.name)
        print(folder / dag_file.name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="steamflow dags")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("install", help="copy the DAG files into a DAG folder of Airflow")
    command.add_argument(
        "folder", type=Path, metavar="FOLDER", help="files of an earlier version are replaced"
    )
    try:
        install(parser.parse_args().folder)
    except OSError as error:
        sys.exit(f"steamflow dags: {error}")
