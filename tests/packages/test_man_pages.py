"""The man pages of build-package/, as man shows them, compared with the descriptions of the programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-package"
PAGES = BUILD / "cmake/packaging/share/man/man1"
TASKS = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("tasks/*/main.cpp"))

sys.path.insert(0, str(ROOT / "cmake/packaging"))
from description import Description, default_of, describe, text_of
from man_page import page, plain


def shown(path: Path) -> str:
    """What man shows on a terminal of 80 columns. It must not warn."""
    done = subprocess.run(
        ["man", "--warnings", "--encoding=UTF-8", "--local-file", path],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
    )
    assert done.stderr == ""
    return done.stdout


@cache
def sections_of(program: str) -> dict[str, str]:
    text, _footer = shown(PAGES / f"{program}.1.gz").rstrip().rsplit("\n", 1)
    _header, *rest = re.split(r"^([A-Z ]+)$", text, flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


@cache
def descriptions() -> dict[str, Description]:
    return describe(BUILD / "bin")


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def entries_of(section: str) -> dict[str, str]:
    """What is said of each tag, on one line: from column 12 on, and beside the tag if that is short."""
    found: dict[str, str] = {}
    tag = ""
    for line in section.splitlines():
        if entry := re.fullmatch(r" {7}(?=\S)(\S{1,4}(?= )|.+)(.*)", line):
            tag = entry[1]
            found[tag] = entry[2]
        elif line.startswith(" " * 12):
            found[tag] += f" {line}"
    return {tag: on_one_line(text) for tag, text in found.items()}


@pytest.mark.parametrize("task", TASKS)
def test_page_has_every_option_with_its_text_limits_and_default(task):
    entries = {
        re.split(r"[ ,]", tag)[0]: (tag, text)
        for tag, text in entries_of(sections_of(task)["OPTIONS"]).items()
    }
    options = descriptions()[task]["options"]
    assert set(entries) == {option["name"] for option in options}
    for option in options:
        tag, text = entries[option["name"]]
        schema = option["schema"]
        assert text.startswith(on_one_line(text_of(option)))
        limits = text.removeprefix(on_one_line(text_of(option)))
        default = schema.get("default")
        assert (", ".join(default) if isinstance(default, list) else default_of(option)) in limits
        for name in option.get("excludes", []):
            assert name in limits
        for limit in {"minimum", "maximum"} & set(schema):
            assert str(schema[limit]).removesuffix(".0") in limits
        assert all(choice in tag for choice in schema.get("enum", []))
        assert (" " in tag.removesuffix(", -h")) == (schema["type"] != "boolean")
        assert tag.endswith("...") == (schema["type"] == "array")


@pytest.mark.parametrize("task", TASKS)
def test_options_are_in_their_groups(task):
    """A group whose options --help has in two places is one."""
    groups = re.findall(r"^ {3}(\S.*)$", sections_of(task)["OPTIONS"], re.MULTILINE)
    described = [option["group"] for option in descriptions()[task]["options"]]
    assert ["Options", *groups] == list(dict.fromkeys(described))


@pytest.mark.parametrize("task", TASKS)
def test_page_has_all_else_that_the_task_says_of_itself(task):
    described, sections = descriptions()[task], sections_of(task)
    assert list(sections) == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT"),
        *("EXIT STATUS", "EXAMPLE", "SEE ALSO"),
    ]
    about = on_one_line(sections["NAME"]).removeprefix(f"{task} - ")
    assert described["description"].startswith(f"{about}.")
    text = on_one_line(sections["DESCRIPTION"])
    assert text.startswith(described["description"])
    assert all(topic in text for topic in described["topics"])

    _how, listed = sections["ENVIRONMENT"].split("\n\n", 1)
    environment = entries_of(listed)
    variables = [f"AIRFLOW_VAR_{each['name']}" for each in described["variables"]]
    connections = [f"AIRFLOW_CONN_{each['id'].upper()}" for each in described["connections"]]
    others = [each["name"] for each in described["environment"]]
    assert [*environment] == [*variables, *connections, *others]
    for each in (*described["variables"], *described["environment"]):
        names = (f"AIRFLOW_VAR_{each['name']}", each["name"])
        told = [environment[name] for name in names if name in environment]
        assert any((each.get("description") or each["option"]) in text for text in told)

    statuses = entries_of(sections["EXIT STATUS"])
    assert statuses == {str(each["code"]): each["description"] for each in described["exit_codes"]}
    assert on_one_line(sections["EXAMPLE"]).startswith(described["example"])
    (named,) = re.findall(r"The page (\S+) in", on_one_line(sections["SEE ALSO"]))
    assert (BUILD / "cmake/packaging/share/doc/steamflow" / named).exists()


def test_page_of_the_dispatcher_has_what_its_help_has():
    sections = sections_of("steamflow")
    said = subprocess.run(
        [BUILD / "bin/steamflow", "--help"], check=True, capture_output=True, text=True
    ).stdout
    forms = re.findall(r"(steamflow (?:TASK|describe) \[.*\])$", said, re.MULTILINE)
    assert [line.strip() for line in sections["SYNOPSIS"].splitlines() if line] == forms
    assert len(forms) == 2
    paragraph = said.split("\n\n")[3]
    assert "steamflow dags --help" in paragraph
    assert on_one_line(paragraph) in on_one_line(sections["DESCRIPTION"])
    assert entries_of(sections["TASKS"]) == {
        name: each["description"] for name, each in descriptions().items()
    }
    assert set(entries_of(sections["OPTIONS"])) == {"--help, -h", "--version"}
    assert on_one_line(sections["EXAMPLE"]) in said
    others = re.findall(r"(\S+)\(1\)", sections["SEE ALSO"])
    assert sorted(others) == TASKS


@pytest.mark.parametrize(
    "text",
    [
        ".SH A section",
        "'SH A section",
        r"a \fBbackslash\fR and \n[.s]",
        """'[1, "a"]' `b` ^c ~/d -- --e""",
        "lines\n.SH of several",
    ],
)
def test_no_text_is_taken_for_a_command_of_roff(text, tmp_path):
    path = tmp_path / "a.1"
    path.write_text(page("a", "1.2.3", 0, "about", {"DESCRIPTION": [plain(text)]}))
    assert f"\nDESCRIPTION\n       {on_one_line(text)}\n" in shown(path)


def test_page_bears_the_day_of_the_commit_in_utc(tmp_path):
    assert ".TH A 1 1970\\-01\\-02 " in page("a", "1.2.3", 86400, "about", {})
