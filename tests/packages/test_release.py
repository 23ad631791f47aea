"""cmake/packaging/release, on a clone."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
(VERSION,) = re.findall(
    r"^project\(steamflow VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE
)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "clone"
    git(ROOT, "clone", "--quiet", "--no-tags", str(ROOT), str(folder))
    git(folder, "config", "user.name", "A Maintainer")
    git(folder, "config", "user.email", "maintainer@localhost")
    return folder


def release(clone: Path, version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "cmake/packaging/release", version],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"CCACHE_BASEDIR": str(clone)},
    )


def refused(clone: Path, version: str) -> str:
    done = release(clone, version)
    assert done.returncode == 1, done.stderr
    assert git(clone, "tag", "--list") == ""
    assert not (clone / "build-release").exists()
    return done.stderr


def test_what_is_not_ready_is_refused(clone):
    assert "CMakeLists.txt has another version" in refused(clone, "99.0.0")
    (clone / "left").write_text("behind")
    assert "not committed" in refused(clone, VERSION)
    (clone / "left").unlink()
    changelog = clone / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(f"## {VERSION}\n", "## Not yet\n"))
    git(clone, "commit", "--quiet", "--all", "--message", "unready")
    assert "CHANGELOG.md has nothing" in refused(clone, VERSION)
    git(clone, "reset", "--quiet", "--hard", "HEAD~1")
    assert release(clone, "1").returncode == 64


def test_release(clone):
    done = release(clone, VERSION)
    assert done.returncode == 0, done.stderr
    made = clone / "build-release"
    names = {path.name for path in made.iterdir()}
    packages = {path.name for path in (clone / "build-package").glob("steamflow[-_]*.*")}
    assert {"SHA256SUMS", "notes.md", f"steamflow-{VERSION}.tar.gz"} < names
    assert {name for name in packages if name.endswith((".tar.gz", ".deb"))} < names
    for line in (made / "SHA256SUMS").read_text().splitlines():
        sum_, name = line.split()
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == sum_
    with tarfile.open(made / f"steamflow-{VERSION}.tar.gz") as sources:
        inside = {name.removeprefix(f"steamflow-{VERSION}/") for name in sources.getnames()}
    assert set(git(clone, "ls-files").splitlines()) <= inside

    notes = (made / "notes.md").read_text()
    section = (clone / "CHANGELOG.md").read_text().split(f"## {VERSION}\n")[1].split("\n## ")[0]
    assert notes.strip() == section.strip() != ""
    tag = f"v{VERSION}"
    assert git(clone, "rev-parse", f"{tag}^{{commit}}") == git(clone, "rev-parse", "HEAD")
    assert git(clone, "tag", "--list", "--format=%(contents)", tag) == notes.strip()
    assert git(clone, "status", "--porcelain") == ""

    again = release(clone, VERSION)
    assert (again.returncode, again.stderr) == (1, f"release: the tag {tag} exists\n")
