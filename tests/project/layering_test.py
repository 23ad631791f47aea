"""Checks a rule that the compiler does not: which system headers each layer includes. All of these
headers are in /usr/include, where every target finds them. The project's own headers are visible
only to targets whose CMakeLists.txt names the library.

A C library's header is included only by a .cpp file of common/, or by an inner header, which only
the .cpp files beside it include. Files in tasks/ include headers of common/, their own headers,
fmt, nlohmann-json and the standard library. Pure modules do no I/O.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
OWN_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
STANDARD = re.compile(r"[a-z_0-9]+")  # <vector>
CPP_LIBRARY = re.compile(r"(fmt|nlohmann|tl)/")

# Parsers and the modules that they use: bytes in, values out.
PURE = {
    "common/base/json",
    "common/base/json_document",
    "common/base/task_error",
    "common/kafka/topic_spec",
    "common/records/consumed_record",
    "common/records/record_fields",
    "common/records/topics",
    "common/source/item_tracker",
    "common/steam/body_json",
    "common/steam/news_parser",
    "common/steam/steam_api",
    "common/supervisor/frame",
    "common/supervisor/message_pack",
    "common/supervisor/messages",
}
PARSER = "simdjson.h"
INNER = {"body_json.h": "common/steam"}  # and its folder
IO = {"fstream", "iostream", "cstdio", "filesystem", "thread", "csignal", "mutex"}


def may_show_libraries(path: Path) -> bool:
    return path.suffix == ".cpp" or path.name in INNER


def may_include(name: str, path: Path, module: str) -> bool:
    is_plain = bool(STANDARD.fullmatch(name) or CPP_LIBRARY.match(name))
    if module in PURE:
        return is_plain and name not in IO or name == PARSER and may_show_libraries(path)
    return is_plain or (module.startswith("common/") and may_show_libraries(path))


def violations(project: Path) -> Iterator[str]:
    for path in sorted([*project.glob("common/*/*"), *project.glob("tasks/*/*")]):
        if path.suffix not in {".h", ".cpp"}:
            continue
        name = path.relative_to(project)
        text = path.read_text()
        for header in OWN_INCLUDE.findall(text):
            is_beside = path.suffix == ".cpp" and str(name.parent) == INNER.get(header)
            if header in INNER and not is_beside:
                yield f"{name} includes {header}"
        for header in INCLUDE.findall(text):
            if not may_include(header, path, str(name.with_suffix(""))):
                yield f"{name} includes {header}"


# Violations that the test must find: a file and a line that the file may not contain.
FORBIDDEN = [
    ("tasks/steam_news/main.cpp", "#include <curl/curl.h>"),
    ("tasks/steam_news/main.cpp", "#include <simdjson.h>"),
    ("tasks/steam_news/main.cpp", "#include <CLI/CLI.hpp>"),
    ("tasks/pipeline_reconcile/acknowledged_counts.cpp", "#include <unistd.h>"),
    ("common/http/http_client.h", "  # include <curl/curl.h>"),
    ("common/base/flags.h", "#include <CLI/CLI.hpp>"),
    ("common/base/json.h", "#include <simdjson.h>"),
    ("common/source/walk.cpp", '#include "body_json.h"'),
    ("common/steam/steam_api.h", '#include "body_json.h"'),
    ("common/steam/body_json.h", "#include <unistd.h>"),
    ("common/steam/steam_api.cpp", "#include <fstream>"),
    ("common/steam/steam_api.cpp", "#include <unistd.h>"),
]


def main() -> None:
    found = list(violations(PROJECT))
    assert not found, "\n".join(found)
    for module in PURE:
        assert (PROJECT / f"{module}.cpp").exists(), f"PURE names {module}, which does not exist"
    for name, line in FORBIDDEN:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for part in ("common", "tasks"):
                shutil.copytree(PROJECT / part, copy / part)
            path = copy / name
            path.write_text(f"{line}\n{path.read_text()}")
            found = list(violations(copy))
            assert len(found) == 1 and name in found[0], f"not found: {name}: {line}"


if __name__ == "__main__":
    main()
