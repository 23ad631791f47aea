"""The text that a program of steamflow prints with --help."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The column where the texts of --help begin. A longer name of an option has its own line.
TEXT_COLUMN = 36


@dataclass(frozen=True)
class Option:
    name: str  # --topic
    value: str  # TEXT, UINT, FLOAT; empty for a flag
    choices: tuple[str, ...]
    default: str
    text: str


@dataclass(frozen=True)
class Help:
    about: str
    groups: dict[str, dict[str, Option]]  # by the title of the group, and then by name
    tasks: tuple[str, ...]  # only the dispatcher's

    def options(self) -> list[Option]:
        return [option for group in self.groups.values() for option in group.values()]


def read_help(program: Path) -> Help:
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    bodies = dict(re.findall(r"^(\w[^\n]*):\n((?:  .*\n)+)", text, re.MULTILINE))
    del bodies["Example"]
    bodies.pop("Environment", None)
    tasks = tuple(bodies.pop("Tasks", "").split())
    groups = {title: parse_group(body.rstrip("\n")) for title, body in bodies.items()}
    return Help(text.split("\n", 1)[0], groups, tasks)


def parse_group(body: str) -> dict[str, Option]:
    options = {}
    for entry in re.split(r"\n(?=  -)", body):
        first, *rest = entry.split("\n")
        kind, text = (first, " ".join(rest)) if rest else (first[:TEXT_COLUMN], first[TEXT_COLUMN:])
        name = re.search(r"--[a-z0-9-]+", kind)
        assert name, f"no option: {entry}"
        # CLI11 before 2.3 prints "=50", and later versions print " [50] ". These follow nothing, or a
        # range such as " in [0 - 100]".
        default = re.search(r"=(\S+)|(?<! in) \[(\S*)\](?: |$)", kind)
        value = re.match(r" ([A-Z]+)", kind[name.end() :])
        choices = re.search(r"\{(.*)\}", kind)
        options[name[0]] = Option(
            name=name[0],
            value=value[1] if value else "",
            choices=tuple(choices[1].split(",")) if choices else (),
            default=(default[1] or default[2]) if default else "",
            text=" ".join(text.split()),
        )
    return options
