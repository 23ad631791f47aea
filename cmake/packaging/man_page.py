"""The man pages, as man(7) describes their form, from what the programs say of themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from description import Description, default_of, text_of

# What roff or the terminal would show as something else. A minus is that of a command line.
SPECIAL = str.maketrans(
    {
        "\\": r"\(rs",
        "-": r"\-",
        "'": r"\(aq",
        "`": r"\(ga",
        '"': r"\(dq",
        "^": r"\(ha",
        "~": r"\(ti",
    }
)


def plain(text: str) -> str:
    """The text as one line of a page."""
    escaped = " ".join(text.split()).translate(SPECIAL)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def bold(text: str) -> str:
    return f"\\fB{plain(text)}\\fR"


def italic(text: str) -> str:
    return f"\\fI{plain(text)}\\fR"


def entry(tag: str, *lines: str) -> list[str]:
    """A tag, and what is said of it: below the tag, or beside it if that is the number of an exit code."""
    body = [line for text in lines if text for line in (".br", text)][1:]
    return [".TP 5", tag, *body]


def value_of(option: Description) -> str:
    """What the option takes, as its tag has it."""
    schema = option["schema"]
    if "enum" in schema:
        return " " + "|".join(map(bold, schema["enum"]))
    if schema["type"] == "boolean":
        return ""
    inner = schema.get("items", schema)
    more = " ..." if schema["type"] == "array" else ""  # it may be given several times
    return f" {italic(inner.get('format', inner['type']))}{more}"


def limits_of(option: Description) -> str:
    """What its value may be, and what it is otherwise."""
    schema = option["schema"]

    def number(value: float) -> str:
        return str(int(value) if value == int(value) else value)

    said = []
    match schema.get("minimum"), schema.get("maximum"):
        case None, None:
            pass
        case least, None:
            said.append(f"{number(least)} or more")
        case None, most:
            said.append(f"{number(most)} or less")
        case least, most:
            said.append(f"{number(least)} to {number(most)}")
    match schema.get("default"):
        case None:
            pass
        case list(values):  # of which a line can have some
            said.append(f"default {', '.join(values)}")
        case _:
            said.append(f"default {default_of(option)}")
    if excluded := option.get("excludes"):
        said.append(f"not together with {', '.join(excluded)}")
    limits = "; ".join(said)
    return plain(limits[:1].upper() + limits[1:])


def page(program: str, version: str, epoch: int, about: str, sections: dict[str, list[str]]) -> str:
    day = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")
    lines = [
        rf".\" Made from the description of {program}.",
        f'.TH {plain(program.upper())} 1 {plain(day)} "{plain(f"steamflow {version}")}" "User Commands"',
        ".nh",  # the name of a variable is not to be broken
        ".ad l",
        ".SH NAME",
        rf"{plain(program)} \- {plain(about)}",
    ]
    for name, section in sections.items():
        lines += [f".SH {name}", *section]
    return "\n".join(lines) + "\n"


def example_of(command: str) -> list[str]:
    return [".EX", plain(command), ".EE"]


def options_of(options: list[Description]) -> list[str]:
    """By group, as --help has them."""
    groups: dict[str, list[str]] = {}
    for option in options:
        short = f", {bold('-h')}" if option["name"] == "--help" else ""
        tag = bold(option["name"]) + short + value_of(option)
        group = groups.setdefault(option["group"], [])
        group += entry(tag, plain(text_of(option)), limits_of(option))
    lines = groups.pop("Options")
    for name, group in groups.items():
        lines += [f".SS {plain(name)}", *group]
    return lines


def environment_of(task: Description) -> list[str]:
    def said(variable: Description) -> str:
        return variable.get("description") or f"Read where {variable['option']} is not given"

    variables = {f"AIRFLOW_VAR_{each['name']}": said(each) for each in task["variables"]}
    connections = {
        f"AIRFLOW_CONN_{each['id'].upper()}": f"{each['id']}; {each['option']} names another one"
        for each in task["connections"]
    }
    others = {each["name"]: said(each) for each in task["environment"]}
    lines = ["An option takes precedence over the environment. An empty variable counts as unset."]
    for heading, group in (
        ("Variables of Airflow", variables),
        ("Connections of Airflow, as URI or JSON", connections),
        ("Others", others),
    ):
        if group:
            lines.append(f".SS {heading}")
        for name, text in group.items():
            lines += entry(bold(name), plain(text))
    return lines


def first_sentence(text: str) -> str:
    return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]


def task_page(task: Description, epoch: int) -> str:
    name = task["task"]
    about = task["description"]
    topics = task["topics"]
    uses = f"Unless options say otherwise, it uses the Kafka topics {', '.join(topics)}."
    folder = name.replace("-", "_")
    sections = {
        "SYNOPSIS": [f"{bold(name)} [{italic('OPTION')}...]"],
        "DESCRIPTION": [
            plain(about),
            *([".PP", plain(uses)] if topics else []),
            ".PP",
            "The last line on standard output is the result, as JSON.",
        ],
        "OPTIONS": options_of(task["options"]),
        "ENVIRONMENT": environment_of(task),
        "EXIT STATUS": [
            line
            for each in task["exit_codes"]
            for line in entry(bold(str(each["code"])), plain(each["description"]))
        ],
        "EXAMPLE": example_of(task["example"]),
        "SEE ALSO": [
            f"{bold('steamflow')}(1)",
            ".PP",
            plain(f"The page tasks/{folder}/README.md in share/doc/steamflow tells more."),
        ],
    }
    return page(name, task["version"], epoch, first_sentence(about), sections)


def dispatcher_page(said: str, tasks: dict[str, Description], epoch: int) -> str:
    """`said` is what its --help says, which has no description: what the program is, the forms of its
    command line, the tasks, the options, a paragraph and an example."""
    first, _tasks, _options, paragraph, example = said.rstrip("\n").split("\n\n")
    about, *usage = first.splitlines()
    name = "steamflow"
    task = next(iter(tasks.values()))
    own = [option for option in task["options"] if option["name"] in ("--help", "--version")]
    forms = [line.partition(":")[2].split() for line in usage]
    sections = {
        "SYNOPSIS": [
            line
            for program, *words in forms
            for line in (".br", f"{bold(program)} {italic(' '.join(words))}")
        ][1:],
        "DESCRIPTION": [plain(about), ".PP", plain(paragraph)],
        "TASKS": [
            line
            for each in tasks.values()
            for line in entry(bold(each["task"]), plain(each["description"]))
        ],
        "OPTIONS": options_of(own),
        "EXAMPLE": example_of(example.partition("\n")[2]),
        "SEE ALSO": [
            ",\n".join(f"{bold(each)}(1)" for each in tasks),
            ".PP",
            plain("The page README.md in share/doc/steamflow tells more."),
        ],
    }
    return page(name, task["version"], epoch, about.rstrip("."), sections)
