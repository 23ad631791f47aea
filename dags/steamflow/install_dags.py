"""`steamflow dags install FOLDER`, a command of the wheel. The wheel has the DAG files beside this
module."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

DAGS = Path(__file__).with_name("dags")


def install(folder: Path) -> list[Path]:
    """Replaces each file atomically, because Airflow may be reading the folder. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "steamflow").exists():
        sys.exit(
            f"steamflow dags: {folder / 'steamflow'} hides the package that pip installed: remove it"
        )
    installed = []
    for dag_file in sorted(DAGS.glob("*.py")):
        installed.append(folder / dag_file.name)
        replace(installed[-1], dag_file.read_bytes())
        print(installed[-1])
    return installed


def replace(path: Path, content: bytes) -> None:
    """Writes a new file first, which no other installation at the same time has, and moves it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def make_bundles(dag_files: list[Path], folder: Path) -> int:
    """Runs steamflow-bundle, which is in the folder of this command. Returns its exit code."""
    program = Path(sys.argv[0]).resolve().with_name("steamflow-bundle")
    sys.stdout.flush()
    return subprocess.run([program, "--output", folder, *dag_files], check=False).returncode


def main() -> None:
    parser = argparse.ArgumentParser(prog="steamflow dags")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("install", help="copy the DAG files into a DAG folder of Airflow")
    command.add_argument(
        "folder", type=Path, metavar="FOLDER", help="files of an earlier version are replaced"
    )
    command.add_argument(
        "--bundles",
        type=Path,
        metavar="FOLDER",
        help="make their bundles for the runtime native there",
    )
    arguments = parser.parse_args()
    try:
        installed = install(arguments.folder)
        if arguments.bundles:
            sys.exit(make_bundles(installed, arguments.bundles))
    except OSError as error:
        sys.exit(f"steamflow dags: {error}")
