"""The pages of the tasks tell the options that the programs have: `--help` against the tables."""

import re
import subprocess
import sys
from pathlib import Path

COMMON = "Common to all tasks"
ALWAYS = {"--help", "--version"}


def options_of(program: Path) -> dict[str, tuple[str, str]]:
    """Each long option with its group and its description."""
    text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    group, name, options = "", "", {}
    for line in text.split("\nExample:")[0].splitlines():
        if heading := re.fullmatch(r"(\S.*):", line):
            group = heading[1]
        elif option := re.match(r"  (?:-\w,)?(--[\w-]+)\S*(.*)", line):
            name = option[1]
            rest = re.split(r"\s{2,}", option[2].rstrip(), maxsplit=1)
            options[name] = (group, rest[1] if len(rest) > 1 else "")
        elif name and line.startswith(" " * 30):
            options[name] = (group, f"{options[name][1]} {line.strip()}".strip())
    return {name: option for name, option in options.items() if name not in ALWAYS}


def table_of(page: Path) -> dict[str, str]:
    """The rows `| --option | default | description |` of a page."""
    rows = re.findall(r"^\| `(--[\w-]+)[^`]*` \|[^|]*\| (.*) \|$", page.read_text(), re.MULTILINE)
    return dict(rows)


def differences(root: Path, programs: Path) -> list[str]:
    wrong = []
    common_table = table_of(root / "README.md")
    for folder in sorted(path.parent for path in root.glob("tasks/*/main.cpp")):
        program = programs / folder.name.replace("_", "-")
        options = options_of(program)
        own = {name: text for name, (group, text) in options.items() if group != COMMON}
        common = {name: text for name, (group, text) in options.items() if group == COMMON}
        for page, told, there in (
            (folder / "README.md", table_of(folder / "README.md"), own),
            (root / "README.md", common_table, common),
        ):
            for name in sorted(told.keys() ^ there.keys()):
                wrong.append(f"{page.relative_to(root)}, {program.name}: {name} is in only one")
            for name in sorted(told.keys() & there.keys()):
                if told[name] != there[name]:
                    wrong.append(
                        f"{page.relative_to(root)}, {program.name}: {name}: "
                        f"{told[name]!r} against {there[name]!r}"
                    )
    return wrong


if __name__ == "__main__":
    found = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
