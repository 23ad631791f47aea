"""Checks that the pages fit together: every link leads to a file and a heading that exist, and
docs/runbook.md has a heading for each alert, which names it, and for each exit code.

    papers_test.py
"""

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RUNBOOK = PROJECT / "docs/runbook.md"


def pages() -> list[Path]:
    """The pages, including those that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [PROJECT / name for name in listed.stdout.splitlines()]


def prose(page: Path) -> str:
    """The page without its code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings, in the form that a forge uses in links."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path) -> list[str]:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{page.relative_to(PROJECT)}: {link}")
    return broken


def main() -> None:
    found = pages()
    assert len(found) > 20, "nothing was read"
    broken = [link for page in found for link in broken_links(page)]
    assert not broken, "\n".join(broken)

    headings = anchors(RUNBOOK)
    rules = (PROJECT / "docker/prometheus/rules.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)(.*?)(?=- alert:|\Z)", rules, re.DOTALL)
    assert len(alerts) > 10, "nothing was compared"
    for name, rule in alerts:
        assert name.lower() in headings, f"{name} has no heading in docs/runbook.md"
        assert f"runbook: docs/runbook.md#{name.lower()}\n" in rule, f"{name} has another runbook"
    codes = re.findall(
        r"= (\d+),", (PROJECT / "common/base/task_error.h").read_text().split("enum class")[1]
    )
    assert len(codes) > 10, "nothing was compared"
    for code in codes:
        assert f"exit-code-{code}" in headings, f"exit code {code} has no heading"
    told = {heading for heading in headings if heading.startswith("exit-code-")}
    assert told == {f"exit-code-{code}" for code in codes}


if __name__ == "__main__":
    main()
