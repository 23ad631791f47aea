"""Runs every command of every page as the page shows it. A command that no test runs fails.
Addresses are replaced by those of the servers in conftest.py."""

from __future__ import annotations

import re

import pytest
from commands import Command, commands
from conftest import ROOT, World, run

# Commands that are not run here: the page, the beginning of the command (a regular expression), and
# who runs it or why nobody does. A path in the reason must exist.
ELSEWHERE = [
    ("README.md", r"\./quickstart", "tests/bare/test_bare.py, on bare machines"),
    ("README.md", r"tests/run", "tests/run, which this is a part of"),
    ("README.md", r"docker/build", "tests/docker/build, with other base images"),
    ("README.md", r"docker run", "tests/docker/test_image.py"),
    ("README.md", r"cmake ", "tests/bare/test_bare.py, on bare machines"),
    (
        "README.md",
        r"cmake/packaging/wheel|pip install|steamflow dags",
        "tests/packages/test_wheel.py",
    ),
    ("common/supervisor/README.md", r"cmake ", "tests/dags/test_native_protocol.py"),
    ("CONTRIBUTING.md", r"cmake ", "tests/run, with other presets"),
    ("CONTRIBUTING.md", r"ctest ", "tests/run, with other presets"),
    ("CONTRIBUTING.md", r"tests/tidy", "it checks changed files, and nothing has changed here"),
    ("CONTRIBUTING.md", r"tests/types", "tests/run, which this is a part of"),
    ("CONTRIBUTING.md", r"tests/run", "tests/run, which this is a part of"),
    ("CONTRIBUTING.md", r"tests/kubernetes/run", ".ci/run, after tests/run"),
    ("CONTRIBUTING.md", r"cmake/packaging/release", "tests/packages/test_release.py, on a clone"),
    ("docker/README.md", r"docker/init", "tests/platform/test_compose.py"),
    ("docker/README.md", r"docker/build", "tests/docker/build, with other base images"),
    (
        "docker/README.md",
        r"(cd docker && )?docker compose( -f compose.yaml -f compose.scram.yaml)? up",
        "tests/platform/test_stack.py and tests/platform/test_scram.py",
    ),
    (
        "docker/README.md",
        r"docker compose -f compose.yaml -f compose.spark.yaml",
        "no image of Spark is available; tests/platform/test_compose.py reads the file",
    ),
    ("docker/kubernetes/README.md", r"(?!.*(helm|strimzi|deploy/)).*", "tests/kubernetes/trial.py"),
    (
        "docker/kubernetes/README.md",
        r".*(helm|strimzi|deploy/)",
        "no operator and no chart is available; tests/platform/test_kubernetes.py checks schemas",
    ),
    ("docker/spark/README.md", r"source docker|python3 -m|pip |mvn ", "tests/services/spark"),
    (
        "docker/spark/README.md",
        r"export |docker/spark/",
        "tests/spark/test_windows.py and tests/spark/test_lake.py",
    ),
    (
        "tasks/elasticsearch_apply/README.md",
        r"elasticsearch-apply ",
        "no Kibana is available; tests/tasks/elasticsearch_apply has a stand-in",
    ),
    ("docs/operations.md", r"", "tests/pages/test_restore.py, from the page"),
    ("tests/bench/README.md", r"tests/bench/run", "it measures, which requires an idle machine"),
    (
        "tests/fakes/README.md",
        r"build/bin/steam-standin",
        "the fixture `world` of tests/pages/conftest.py",
    ),
    ("tests/fakes/README.md", r"tests/fakes/tls_proxy", "tests/tasks/tls_test.cpp"),
    (
        "tests/services/README.md",
        r"tests/services/",
        "tests/run, which starts and stops all of them",
    ),
]

# The environment of certain commands, in addition to the addresses.
SETTINGS = {"with a mistyped key": {"AIRFLOW_VAR_STEAM_API_KEY": "0" * 32}}

# Topics come before records, and records come before the commands that read them.
ORDER = [r"tasks/kafka_create_topics/", r"tasks/steam_", r"tasks/kafka_to_", r"tasks/(?!pipeline_)"]


def listed_pages() -> list[str]:
    names = run("git", "-C", ROOT, "ls-files", "*.md").splitlines()
    pages = [name for name in names if not name.startswith("tests/project/toy_task/")]

    def position(page: str) -> int:
        return next((i for i, each in enumerate(ORDER) if re.match(each, page)), len(ORDER))

    return sorted(pages, key=lambda page: (position(page), page))


PAGES = listed_pages()


def elsewhere(page: str, command: Command) -> bool:
    return any(page == of and re.match(begin, command.text) for of, begin, _ in ELSEWHERE)


def own_commands(page: str) -> list[Command]:
    found = commands((ROOT / page).read_text())
    return [command for command in found if not elsewhere(page, command)]


def last_result(text: str) -> dict[str, object] | None:
    """The result line that a program prints, or that a page shows abbreviated (`...`)."""
    lines = [line for line in text.splitlines() if line.startswith('{"task":')]
    if not lines:
        return None
    shown = re.findall(r'"(task|status|exit_code)":"?([\w-]+)"?', lines[-1])
    return dict(shown)


@pytest.mark.parametrize("page", [page for page in PAGES if own_commands(page)])
def test_commands(world: World, page: str) -> None:
    before = ""  # the input of later commands of the page
    for command in own_commands(page):
        if re.match(r"(export|source) ", command.text):
            before += f"{command.text}\n"
            continue
        settings = next((SETTINGS[word] for word in SETTINGS if word in command.text), {})
        done = world.shell(before + command.text, **settings)
        shown = last_result("\n".join(command.printed)) or {}
        failure = f"{page}: {command.text}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr}"
        assert done.returncode == int(str(shown.get("exit_code", 0))), failure
        if shown:
            result = last_result(done.stdout) or {}
            assert shown.items() <= result.items(), failure


@pytest.mark.parametrize(("page", "begin", "reason"), ELSEWHERE)
def test_what_is_listed_is_on_the_page(page: str, begin: str, reason: str) -> None:
    assert page in PAGES
    shown = commands((ROOT / page).read_text())
    assert any(re.match(begin, command.text) for command in shown), f"{begin} is missing"
    for path in re.findall(r"tests/[\w/.]+[\w]", reason):
        assert (ROOT / path).exists(), path


def test_a_command_that_nobody_knows_is_run() -> None:
    """The list names single commands and not whole pages, except for a page that its own test
    reads."""
    unknown = [*commands("text\n\n    $ no-such-program --at all\n    {}\n\ntext\n")]
    assert [command.text for command in unknown] == ["no-such-program --at all"]
    wide = {page for page in PAGES if elsewhere(page, unknown[0])}
    assert wide <= {"docker/kubernetes/README.md", "docs/operations.md"}
