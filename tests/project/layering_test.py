"""The layers point one way: tasks to common to the C libraries.

A task includes headers of common/, CLI11, fmt, tl and the standard library, and no other task. C
libraries are included in .cpp files of common/ only. steam_api and json are pure: no input or output.
"""

import re
import sys
from pathlib import Path

C_LIBRARIES = re.compile(r"^(curl/|librdkafka/|hiredis/|openssl/|libpq|simdjson)")
SYSTEM = re.compile(r"^(sys/|unistd\.h|fcntl\.h|poll\.h)")
IN_TASKS = re.compile(r"^(CLI/|fmt/|tl/|[a-z_]+$)")
PURE = ("steam_api", "json")
IN_PURE = re.compile(r"^(fmt/format\.h|simdjson\.h|tl/|[a-z_]+$)")
INPUT_OUTPUT = {"fstream", "iostream", "cstdio", "filesystem", "thread", "ctime", "chrono"}


def includes(file: Path) -> list[tuple[str, bool]]:
    """What a file includes, and whether in quotes."""
    found = re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', file.read_text(), re.MULTILINE)
    return [(name, mark == '"') for mark, name in found]


def violations(root: Path) -> list[str]:
    wrong = []
    common = {file.name for file in (root / "common").glob("*.h")} | {"version.h"}
    for file in sorted(root.glob("common/*.[ch]*")) + sorted(root.glob("tasks/**/*.[ch]*")):
        in_common = file.parent.name == "common"
        for name, quoted in includes(file):
            where = f"{file.relative_to(root)} includes {name}"
            if quoted:
                if name not in common:
                    wrong.append(f"{where}, which is no header of common/")
            elif C_LIBRARIES.match(name) and not (in_common and file.suffix == ".cpp"):
                wrong.append(f"{where}: C libraries belong into common/*.cpp")
            elif not in_common and not IN_TASKS.match(name):
                wrong.append(f"{where}: a task has common, CLI11, fmt, tl and the standard library")
            elif file.stem in PURE and (
                SYSTEM.match(name) or name in INPUT_OUTPUT or not IN_PURE.match(name)
            ):
                wrong.append(f"{where}: {file.stem} is pure")
    return wrong


if __name__ == "__main__":
    found = violations(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
