"""The commands that a page shows: its indented blocks. If lines of a block begin with `$ `,
these are the commands, and the other lines are their output. Otherwise all lines are commands.
Text that is not a command is in a fenced block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Command:
    text: str  # a line, with the lines that continue it
    printed: list[str] = field(default_factory=list)  # the output that the page shows


def blocks(page: str) -> Iterator[list[str]]:
    """The indented blocks. Markdown requires a blank line before each."""
    without_fences = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    block: list[str] = []
    before = ""
    for line in [*without_fences.splitlines(), "end"]:
        if line.startswith("    ") and (block or not before):
            block.append(line[4:])
        elif line or not block:
            if block:
                yield block
            block = []
        before = line


def commands(page: str) -> Iterator[Command]:
    for block in blocks(page):
        command: Command | None = None
        has_prompts = any(line.startswith("$ ") for line in block)
        for line in block:
            if has_prompts and not line.startswith("$ "):
                assert command, f"a block begins with output: {line}"
                command.printed.append(line)
            elif command and not has_prompts and is_unfinished(command.text):
                command.text += f"\n{line}"
            else:
                if command:
                    yield command
                command = Command(line.removeprefix("$ "))
        if command:
            yield command


def is_unfinished(text: str) -> bool:
    """Returns whether the text is a loop or ends with a backslash."""
    is_loop = re.match(r"(for|until|while) ", text) and not re.search(r"\bdone\b[^\n]*$", text)
    return text.endswith("\\") or bool(is_loop)
