"""Holds the options in the READMEs against --help.

    options_test.py BINARIES

A task's README has a table of its own options, the main README one of those that all tasks have:
`| option | default | what it does |`. Names, defaults and texts must be those of --help, and an
option must mean the same wherever it occurs.
"""

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
COMMON_GROUP = "Common to all tasks"

# An option as a README or --help has it: its default and what it does.
Options = dict[str, tuple[str, str]]

# Where the texts of --help begin. What stands before them and is longer has a line of its own.
TEXT_COLUMN = 36


def parse_help(body: str) -> Options:
    """The options of one group of --help."""
    options: Options = {}
    for entry in re.split(r"\n(?=  -)", body):
        first, *rest = entry.split("\n")
        kind, text = (first, " ".join(rest)) if rest else (first[:TEXT_COLUMN], first[TEXT_COLUMN:])
        name = re.search(r"--[a-z0-9-]+", kind)
        assert name, f"no option: {entry}"
        default = re.search(r"=(\S+)", kind)
        options[name[0]] = (default[1] if default else "", " ".join(text.split()))
    return options


def help_groups(binary: Path) -> dict[str, Options]:
    text = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    groups = {
        title: parse_help(body.rstrip("\n"))
        for title, body in re.findall(r"^(\w[^\n]*):\n((?:  .*\n)+)", text, re.MULTILINE)
        if title != "Example"
    }
    for name in ("--help", "--version"):
        del groups["Options"][name]
    return groups


def readme_options(path: Path) -> Options:
    text = path.read_text()
    header = "| option | default | what it does |\n"
    assert text.count(header) == 1, f"{path}: no table of options, or several"
    options: Options = {}
    for line in text.split(header)[1].splitlines()[1:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        name, default, description = cells
        options[name.strip("`")] = (default.strip("`"), description)
    return options


def differences(where: str, readme: Options, binary: Options) -> list[str]:
    found = [f"{where}: {name} is not in the README" for name in binary.keys() - readme.keys()]
    found += [f"{where}: {name} is not in --help" for name in readme.keys() - binary.keys()]
    found += [
        f"{where}: {name} is {readme[name]} in the README and {binary[name]} in --help"
        for name in readme.keys() & binary.keys()
        if readme[name] != binary[name]
    ]
    return found


def main() -> None:
    binaries = Path(sys.argv[1])
    found: list[str] = []
    texts: Options = {}
    common = readme_options(PROJECT / "README.md")
    tasks = sorted(path.parent for path in (PROJECT / "tasks").glob("*/main.cpp"))
    for task in tasks:
        groups = help_groups(binaries / task.name.replace("_", "-"))
        found += differences(f"{task.name}, common", common, groups.pop(COMMON_GROUP))
        own = {name: option for group in groups.values() for name, option in group.items()}
        found += differences(task.name, readme_options(task / "README.md"), own)
        for name, (_default, text) in own.items():
            other, first = texts.setdefault(name, (task.name, text))
            if first != text:
                found.append(f"{name} is '{text}' in {task.name} and '{first}' in {other}")
    assert len(tasks) > 3 and len(texts) > 10, "nothing was compared"
    if found:
        sys.exit("\n".join(sorted(found)))


if __name__ == "__main__":
    main()
