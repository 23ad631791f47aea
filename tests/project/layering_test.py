"""Checks what each layer includes: tasks -> common -> C libraries, one direction.

A C library's header stands only in common/*.cpp. A task includes headers of common/, fmt and the
standard library, and never another task. What is pure does no I/O.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
STANDARD = re.compile(r"[a-z_0-9]+")  # <vector>
CPP_LIBRARY = re.compile(r"(fmt|tl)/")

# Parsers and what they stand on: bytes in, values out.
PURE = {"steam_api", "json", "topic_spec", "task_error", "item_tracker", "sink_record"}
TYPES = {"record_sink", "result", "timestamp"}  # of which what is pure uses types
IO = {"fstream", "iostream", "cstdio", "filesystem", "thread", "csignal", "mutex"}


def includes(path: Path) -> Iterator[tuple[bool, str]]:
    """The names that a file includes, each with whether it stands in angle brackets."""
    for bracket, name in INCLUDE.findall(path.read_text()):
        yield bracket == "<", name


def wrong_in_common(path: Path, own: set[str]) -> Iterator[str]:
    for is_system, name in includes(path):
        is_known = STANDARD.fullmatch(name) or CPP_LIBRARY.match(name) if is_system else name in own
        if path.suffix == ".h" and not is_known:
            yield name
        elif path.stem in PURE:
            is_own = not is_system and Path(name).stem in PURE | TYPES
            is_plain = is_system and is_known and name not in IO
            if not (is_own or is_plain or name == "simdjson.h"):
                yield name
        elif not is_system and name not in own:
            yield name


def wrong_in_task(path: Path, own: set[str]) -> Iterator[str]:
    for is_system, name in includes(path):
        if is_system:
            if not (STANDARD.fullmatch(name) or name.startswith("fmt/")):
                yield name
        elif name not in own:
            yield name


def violations(project: Path) -> list[str]:
    own = {path.name for path in (project / "common").glob("*.h")} | {"version.h"}
    found = []
    for path in sorted((project / "common").glob("*.[ch]*")):
        if path.suffix in {".h", ".cpp"}:
            found += [f"common/{path.name} includes {name}" for name in wrong_in_common(path, own)]
    for path in sorted((project / "tasks").glob("*/*")):
        if path.suffix in {".h", ".cpp"}:
            found += [
                f"{path.relative_to(project)} includes {name}" for name in wrong_in_task(path, own)
            ]
    return found


# What must be found: a file and a line that it may not have.
FORBIDDEN = [
    ("tasks/steam_news/main.cpp", "#include <curl/curl.h>"),
    ("tasks/steam_news/main.cpp", "#include <simdjson.h>"),
    ("tasks/steam_news/main.cpp", "#include <CLI/CLI.hpp>"),
    ("tasks/steam_news/main.cpp", "#include <unistd.h>"),
    ("tasks/steam_news/main.cpp", '#include "../steam_current_players/main.cpp"'),
    ("tasks/steam_news/main.cpp", '#include "../common/log.h"'),
    ("common/http_client.h", "  # include <curl/curl.h>"),
    ("common/flags.h", "#include <CLI/CLI.hpp>"),
    ("common/json.h", "#include <simdjson.h>"),
    ("common/log.cpp", '#include "../tasks/steam_news/main.cpp"'),
    ("common/steam_api.cpp", "#include <fstream>"),
    ("common/steam_api.cpp", "#include <unistd.h>"),
    ("common/steam_api.cpp", '#include "http_client.h"'),
    ("common/topic_spec.cpp", '#include "file.h"'),
]


def main() -> None:
    found = violations(PROJECT)
    assert not found, "\n".join(found)
    for name, line in FORBIDDEN:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for part in ("common", "tasks"):
                shutil.copytree(PROJECT / part, copy / part)
            path = copy / name
            path.write_text(f"{line}\n{path.read_text()}")
            found = violations(copy)
            assert len(found) == 1 and name in found[0], f"not found: {name}: {line}"


if __name__ == "__main__":
    main()
