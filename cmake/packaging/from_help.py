#!/usr/bin/env python3
"""Generates a program's man page and its completions for bash, zsh and fish from its --help.

from_help.py --help2man HELP2MAN PROGRAM SHARE

SHARE is the folder for man/man1/PROGRAM.1.gz, bash-completion/completions/PROGRAM,
zsh/vendor-completions/_PROGRAM and fish/vendor_completions.d/PROGRAM.fish, where the shells look
for them below a prefix's share/. SOURCE_DATE_EPOCH is the date of the man page.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import subprocess
from pathlib import Path

from command_help import Help, Option, read_help


def function(program: str) -> str:
    return "_" + program.replace("-", "_")


def bash(program: str, help_text: Help) -> str:
    """Completes the value of an option that takes one, and otherwise the options. The dispatcher
    passes the completion on to that of its task."""
    cases = [
        f'    {option.name}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word")) ;;'
        for option in help_text.options()
        if option.choices
    ]
    paths = [option.name for option in help_text.options() if takes_path(option)]
    if paths:
        cases.append(f'    {" | ".join(paths)}) COMPREPLY=($(compgen -f -- "$word")) ;;')
    words = [option.name for option in help_text.options() if option.value and not option.choices]
    others = [name for name in words if name not in paths]
    if others:
        cases.append(f"    {' | '.join(others)}) ;;")
    names = " ".join([*help_text.tasks, *(option.name for option in help_text.options())])
    cases.append(f'    *) COMPREPLY=($(compgen -W "{names}" -- "$word")) ;;')
    hand_on = """  if ((COMP_CWORD > 1)); then
    _command_offset 1
    return
  fi
"""
    return f"""# bash completion of {program}, made from its --help
{function(program)}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  COMPREPLY=()
{hand_on if help_text.tasks else ""}  case $before in
{chr(10).join(cases)}
  esac
}}
complete -o filenames -F {function(program)} {program}
"""


def zsh(program: str, help_text: Help) -> str:
    def quoted(text: str) -> str:
        for character in "\\[]:":
            text = text.replace(character, f"\\{character}")
        return text.replace("'", "'\\''")

    lines = []
    for option in help_text.options():
        line = f"{option.name}[{quoted(option.text)}]"
        if option.choices:
            line += f":{option.value}:({' '.join(option.choices)})"
        elif takes_path(option):
            line += f":{option.value}:_files"
        elif option.value:
            line += f":{option.value}:"
        lines.append(f"  '*{line}'")
    if help_text.tasks:
        lines.append(f"  '1:task:({' '.join(help_text.tasks)})'")
        lines.append("  '*::option:_normal'")
    return (
        f"#compdef {program}\n# made from its --help\n_arguments \\\n" + " \\\n".join(lines) + "\n"
    )


def fish(program: str, help_text: Help) -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = [f"# fish completion of {program}, made from its --help", f"complete -c {program} -f"]
    condition = ""
    if help_text.tasks:
        condition = " -n __fish_use_subcommand"
        lines.append(f"complete -c {program}{condition} -a {quoted(' '.join(help_text.tasks))}")
        for task in help_text.tasks:
            seen = quoted(f"__fish_seen_subcommand_from {task}")
            lines.append(f"complete -c {program} -n {seen} -w {task}")
    for option in help_text.options():
        line = f"complete -c {program}{condition} -l {option.name.removeprefix('--')}"
        if option.choices:
            line += f" -x -a {quoted(' '.join(option.choices))}"
        elif takes_path(option):
            line += " -r -F"
        elif option.value:
            line += " -x"
        lines.append(f"{line} -d {quoted(option.text)}")
    return "\n".join(lines) + "\n"


def takes_path(option: Option) -> bool:
    by_name = re.search("(file|folder)$", option.name)
    return bool(option.value) and bool(by_name or re.match("(File|Folder) ", option.text))


def man_page(help2man: str, program: Path, about: str) -> bytes:
    # help2man passes the program's path to a shell without quotes, and the folder may contain a
    # blank.
    page = subprocess.run(
        [help2man, "--no-info", "--name", about.rstrip("."), f"./{program.name}"],
        check=True,
        cwd=program.parent,
        capture_output=True,
        env=os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
    ).stdout
    return gzip.compress(page, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--help2man", required=True)
    parser.add_argument("program", type=Path)
    parser.add_argument("share", type=Path)
    arguments = parser.parse_args()
    name = arguments.program.name
    help_text = read_help(arguments.program)
    for path, content in (
        (f"bash-completion/completions/{name}", bash(name, help_text).encode()),
        (f"zsh/vendor-completions/_{name}", zsh(name, help_text).encode()),
        (f"fish/vendor_completions.d/{name}.fish", fish(name, help_text).encode()),
        (
            f"man/man1/{name}.1.gz",
            man_page(arguments.help2man, arguments.program, help_text.about),
        ),
    ):
        file = arguments.share / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
