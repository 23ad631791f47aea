"""cmake/packaging/release, in repositories of its own."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from pathlib import Path

import pytest
from checkout import VERSION, building, epoch, git, make_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unreleased")
    make_repository(folder)
    return folder


def release(repository: Path, version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [repository / "cmake/packaging/release", version],
        check=False,
        capture_output=True,
        text=True,
        env=building(),
    )


def refused(repository: Path, version: str) -> str:
    done = release(repository, version)
    assert done.returncode == 1, done.stderr
    assert git(repository, "tag", "--list") == ""
    assert not (repository / "build-release").exists()
    return done.stderr


def test_what_is_not_ready_is_refused(repository):
    assert "CMakeLists.txt has another version" in refused(repository, "99.0.0")
    (repository / "left").write_text("behind")
    assert "not committed" in refused(repository, VERSION)
    (repository / "left").unlink()
    changelog = repository / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(f"## {VERSION}\n", "## Not yet\n"))
    git(repository, "commit", "--quiet", "--all", "--message", "unready")
    assert "CHANGELOG.md has nothing" in refused(repository, VERSION)
    assert release(repository, "1").returncode == 64


def test_release_has_the_packages_the_wheel_the_sources_and_their_checksums(released):
    made = released / "build-release"
    names = {path.name for path in made.iterdir()}
    (tarball,) = (name for name in names if "-linux-" in name and name.endswith(".tar.gz"))
    (deb,) = (name for name in names if name.endswith(".deb"))
    (wheel,) = (name for name in names if name.endswith(".whl"))
    files = {tarball, deb, wheel, f"steamflow-{VERSION}.tar.gz"}
    assert names == files | {"SHA256SUMS", "notes.md"}
    assert all(f"{VERSION}-" in name for name in files - {f"steamflow-{VERSION}.tar.gz", deb})
    sums = dict(line.split()[::-1] for line in (made / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        f"./{name}": hashlib.sha256((made / name).read_bytes()).hexdigest() for name in files
    }


def test_sources_are_those_of_the_commit_and_have_no_trace_of_who_made_them(released):
    with tarfile.open(released / f"build-release/steamflow-{VERSION}.tar.gz") as sources:
        members = sources.getmembers()
        inside = {
            member.name.removeprefix(f"steamflow-{VERSION}/"): (
                sources.extractfile(member).read() if member.isfile() else b""
            )
            for member in members
        }
    files = git(released, "ls-files").splitlines()
    assert set(inside) == {*files, "PKG-INFO"}
    for name in files:
        assert inside[name] == (released / name).read_bytes()
    owners = {(member.uid, member.gid, member.uname, member.gname) for member in members}
    assert owners == {(0, 0, "", "")}
    assert {member.mtime for member in members} == {epoch()}
    assert {member.mode for member in members} == {0o755, 0o644}
    *paths, _information = (Path(member.name) for member in members)
    assert paths == sorted(paths)  # not as some file system gives them


def test_tag_and_notes_are_of_the_commit_and_the_changelog(released):
    notes = (released / "build-release/notes.md").read_text()
    changelog = (released / "CHANGELOG.md").read_text()
    section = changelog.split(f"## {VERSION}\n")[1].split("\n## ")[0]
    assert notes.strip() == section.strip() != ""
    tag = f"v{VERSION}"
    assert git(released, "rev-parse", f"{tag}^{{commit}}") == git(released, "rev-parse", "HEAD")
    assert git(released, "tag", "--list", "--format=%(contents)", tag) == notes.strip()
    assert git(released, "status", "--porcelain") == ""


def test_a_release_is_made_once(released):
    again = release(released, VERSION)
    tag = f"v{VERSION}"
    assert (again.returncode, again.stderr) == (1, f"release: the tag {tag} exists\n")
