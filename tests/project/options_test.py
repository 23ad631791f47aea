"""Compares the options in the READMEs with `steamflow describe`.

    options_test.py BINARIES

A task's README has a table of its own options, and the main README has one of the options of all
tasks: `| option | default | what it does |`. Names, defaults and texts must be those of the
description, and an option must have the same meaning everywhere.
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "cmake/packaging"))
from description import Description, default_of, describe, text_of

COMMON_GROUP = "Common to all tasks"

# The options in a README: the default of each, and what it does.
Options = dict[str, tuple[str, str]]


def options_of(description: Description, is_common: bool) -> Options:
    return {
        option["name"]: (default_of(option), text_of(option))
        for option in description["options"]
        if (option["group"] == COMMON_GROUP) == is_common
        and option["name"] not in ("--help", "--version")
    }


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


def differences(where: str, readme: Options, said: Options) -> list[str]:
    found = [f"{where}: {name} is not in the README" for name in said.keys() - readme.keys()]
    found += [f"{where}: there is no {name}" for name in readme.keys() - said.keys()]
    found += [
        f"{where}: {name} is {readme[name]} in the README, and in truth {said[name]}"
        for name in readme.keys() & said.keys()
        if readme[name] != said[name]
    ]
    return found


def main() -> None:
    descriptions = describe(Path(sys.argv[1]))
    found: list[str] = []
    texts: Options = {}
    common = readme_options(PROJECT / "README.md")
    tasks = sorted(path.parent for path in (PROJECT / "tasks").glob("*/main.cpp"))
    for task in tasks:
        description = descriptions[task.name.replace("_", "-")]
        found += differences(f"{task.name}, common", common, options_of(description, True))
        own = options_of(description, False)
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
