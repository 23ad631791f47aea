#!/usr/bin/env python3
"""Makes a program's man page and its completions for bash, zsh and fish from the output of `steamflow
describe`.

from_description.py PROGRAM SHARE

SHARE is the folder for man/man1/PROGRAM.1.gz, bash-completion/completions/PROGRAM,
zsh/vendor-completions/_PROGRAM and fish/vendor_completions.d/PROGRAM.fish, where the shells look for
them below a prefix's share/. SOURCE_DATE_EPOCH is the date of the man page.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from description import Description, describe, text_of
from man_page import dispatcher_page, task_page


@dataclass(frozen=True)
class Option:
    name: str
    text: str
    value: str  # what it takes; empty for a flag
    choices: list[str]
    takes_path: bool


@dataclass(frozen=True)
class Program:
    name: str
    options: list[Option]
    commands: list[str]  # of the dispatcher, which has the tasks and one of its own


def option_of(described: Description) -> Option:
    schema = described["schema"]
    is_flag = schema["type"] == "boolean"
    return Option(
        name=described["name"],
        text=text_of(described),
        value="" if is_flag else schema.get("format", schema["type"]),
        choices=schema.get("enum", []),
        takes_path=schema.get("format") == "path",
    )


def program_of(name: str, tasks: dict[str, Description]) -> Program:
    if name != "steamflow":
        return Program(name, [option_of(option) for option in tasks[name]["options"]], [])
    every = [option_of(option) for option in next(iter(tasks.values()))["options"]]
    own = [option for option in every if option.name in ("--help", "--version")]
    return Program(name, own, ["describe", *tasks])


def bash(program: Program) -> str:
    """Completes the argument of an option, or else the options. For a task of the dispatcher, it calls
    the completion of that task."""
    cases = [
        f'    {option.name}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word")) ;;'
        for option in program.options
        if option.choices
    ]
    paths = [option.name for option in program.options if option.takes_path]
    if paths:
        cases.append(f'    {" | ".join(paths)}) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;')
    words = [option.name for option in program.options if option.value and not option.choices]
    others = [name for name in words if name not in paths]
    if others:
        cases.append(f"    {' | '.join(others)}) ;;")
    names = " ".join([*program.commands, *(option.name for option in program.options)])
    cases.append(f'    *) COMPREPLY=($(compgen -W "{names}" -- "$word")) ;;')
    hand_on = """  if ((COMP_CWORD > 1)); then
    _command_offset 1
    return
  fi
"""
    after_equals = """  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
"""
    function = "_" + program.name.replace("-", "_")
    return f"""# bash completion of {program.name}, made from its description
{function}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  COMPREPLY=()
{hand_on if program.commands else after_equals}  case $before in
{chr(10).join(cases)}
  esac
}}
complete -o filenames -F {function} {program.name}
"""


def zsh(program: Program) -> str:
    def quoted(text: str) -> str:
        for character in "\\[]:":
            text = text.replace(character, f"\\{character}")
        return text.replace("'", "'\\''")

    lines = []
    for option in program.options:
        line = f"{option.name}[{quoted(option.text)}]"
        if option.choices:
            line += f":{option.value}:({' '.join(option.choices)})"
        elif option.takes_path:
            line += f":{option.value}:_files"
        elif option.value:
            line += f":{option.value}:"
        lines.append(f"  '*{line}'")
    if program.commands:
        lines.append(f"  '1:task:({' '.join(program.commands)})'")
        lines.append("  '*::option:_normal'")
    return (
        f"#compdef {program.name}\n# made from its description\n_arguments \\\n"
        + " \\\n".join(lines)
        + "\n"
    )


def fish(program: Program) -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    name = program.name
    lines = [f"# fish completion of {name}, made from its description", f"complete -c {name} -f"]
    condition = ""
    if program.commands:
        condition = " -n __fish_use_subcommand"
        lines.append(f"complete -c {name}{condition} -a {quoted(' '.join(program.commands))}")
        for command in program.commands:
            seen = quoted(f"__fish_seen_subcommand_from {command}")
            lines.append(f"complete -c {name} -n {seen} -w {command}")
    for option in program.options:
        line = f"complete -c {name}{condition} -l {option.name.removeprefix('--')}"
        if option.choices:
            line += f" -x -a {quoted(' '.join(option.choices))}"
        elif option.takes_path:
            line += " -r -F"
        elif option.value:
            line += " -x"
        lines.append(f"{line} -d {quoted(option.text)}")
    return "\n".join(lines) + "\n"


def man_page(path: Path, tasks: dict[str, Description]) -> str:
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    if path.name != "steamflow":
        return task_page(tasks[path.name], epoch)
    said = subprocess.run([path, "--help"], check=True, capture_output=True, text=True).stdout
    return dispatcher_page(said, tasks, epoch)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("share", type=Path)
    arguments = parser.parse_args()
    tasks = describe(arguments.program.parent)
    program = program_of(arguments.program.name, tasks)
    for path, content in (
        (f"bash-completion/completions/{program.name}", bash(program).encode()),
        (f"zsh/vendor-completions/_{program.name}", zsh(program).encode()),
        (f"fish/vendor_completions.d/{program.name}.fish", fish(program).encode()),
        (
            f"man/man1/{program.name}.1.gz",
            gzip.compress(man_page(arguments.program, tasks).encode(), mtime=0),
        ),
    ):
        file = arguments.share / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
