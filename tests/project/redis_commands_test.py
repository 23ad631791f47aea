"""Compares the Redis commands that the sources use with those that the client checks at the start.

This way a missing command is noticed at the beginning of a run and not at its end.
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
USES = re.compile(r"redis\.p?call\('(\w+)'|Command\(\s*\{\"(\w+)\"|command\{\"(EVAL)\"")
OF_THE_LOGIN = {"AUTH", "SELECT", "INFO", "COMMAND", "PING"}


def main() -> None:
    client = (PROJECT / "common/redis/redis_client.cpp").read_text()
    listed = re.search(r"kCommands\{(.*?)\};", client, re.DOTALL)
    assert listed, "the client has no list of commands"
    known = set(re.findall(r"\"(\w+)\"", listed[1]))
    used: set[str] = set()
    for folder in ("common", "tasks"):
        for path in (PROJECT / folder).rglob("*.cpp"):
            used.update(name for names in USES.findall(path.read_text()) for name in names if name)
    used = {name.upper() for name in used} - OF_THE_LOGIN
    assert len(used) > 5, "nothing was found"
    if used - known:
        sys.exit(f"kCommands in redis_client.cpp lacks {', '.join(sorted(used - known))}")


if __name__ == "__main__":
    main()
