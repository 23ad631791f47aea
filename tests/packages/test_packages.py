"""The packages in build-package/, which `cmake --workflow --preset package` made."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
from pathlib import Path

import pytest
from checkout import ROOT, command, copy_checkout, elsewhere, epoch

BUILD = ROOT / "build-package"
TASKS = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("tasks/*/main.cpp"))
PROGRAMS = sorted([*TASKS, "steamflow"])
SCRIPT = "steamflow-bundle"  # for a machine that has Airflow, and so Python
OBJECT = "tasks/CMakeFiles/steam-news.dir/steam_news/main.cpp.o"
TOP = "steamflow-[0-9.]+-linux-[^/]+"


def the_one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


@pytest.fixture(scope="module")
def tarball() -> Path:
    return the_one(BUILD, "steamflow-*.tar.gz")


@pytest.fixture(scope="module")
def deb() -> Path:
    return the_one(BUILD, "steamflow_*.deb")


@pytest.fixture(scope="module")
def unpacked(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    command("tar", "--extract", "--file", tarball, "--directory", folder)
    return the_one(folder, "*")


def test_a_second_build_elsewhere_gives_the_same_bytes(tarball, deb, released):
    """One object is also compiled without ccache, which might know the result."""
    for first in (tarball, deb):
        second = released / "build-release" / first.name
        assert hashlib.sha256(second.read_bytes()).digest() == (
            hashlib.sha256(first.read_bytes()).digest()
        ), f"diffoscope {first} {second}"
    build = released / "build-package"
    (build / OBJECT).unlink()
    uncached = elsewhere(released.parent) | {"CCACHE_DISABLE": "1"}
    command("ninja", OBJECT, cwd=build, env=uncached)
    assert (build / OBJECT).read_bytes() == (BUILD / OBJECT).read_bytes()


def test_tarball_has_one_folder_and_no_trace_of_who_made_it(tarball):
    with tarfile.open(tarball) as archive:
        members = archive.getmembers()
    assert all(re.match(f"{TOP}(/|$)", member.name) for member in members)
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, epoch())}
    assert {member.mode for member in members if member.isdir()} <= {0o755}
    assert {member.mode for member in members if member.isfile()} <= {0o755, 0o644}


def test_tarball_has_the_programs_and_what_they_need(unpacked):
    assert {path.name for path in (unpacked / "bin").iterdir()} == {*PROGRAMS, SCRIPT}
    for program in PROGRAMS:
        loaded = command("ldd", unpacked / "bin" / program)
        outside = re.findall(r"=> (/\S+)", loaded.replace(str(unpacked), "$PACKAGE"))
        # The libraries of the C library; every system has them.
        assert {re.split(r"[.-]", Path(path).name)[0] for path in outside} <= {
            "libc",
            "libm",
            "libresolv",
            "libdl",
            "libpthread",
            "librt",
        }
        search = command("readelf", "--dynamic", unpacked / "bin" / program)
        assert re.findall(r"PATH\).*\[(.*)\]", search) == ["$ORIGIN/../lib/steamflow"]
    assert (unpacked / "share/steamflow/topics.json").exists()
    dags = [path for path in (unpacked / "share/steamflow/dags").rglob("*") if path.is_file()]
    named = {str(path.relative_to(unpacked / "share/steamflow")) for path in dags}
    without_program = {"dags/steam_lake.py", "dags/steam_windows.py"}  # Spark's
    assert named == set(command("git", "ls-files", "dags", cwd=ROOT).split()) - without_program


def test_programs_need_a_c_library_of_this_release_at_most(unpacked):
    """They must not need a newer C library that only this machine has."""
    own = re.search(r"GLIBC ([\d.]+)", command("ldd", "--version"))
    own = own[1] if own else ""
    programs = [path for path in (unpacked / "bin").iterdir() if path.name != SCRIPT]
    for file in [*programs, *(unpacked / "lib/steamflow").iterdir()]:
        needed = re.findall(r"GLIBC_(\d+)\.(\d+)", command("readelf", "--version-info", file))
        assert max((int(a), int(b)) for a, b in needed) <= tuple(map(int, own.split(".")))


def test_bill_of_materials_names_every_library(unpacked):
    bill = json.loads((unpacked / "share/doc/steamflow/sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    files = {
        file["name"]: file["hashes"][0]["content"]
        for component in bill["components"]
        for file in component.get("components", [])
    }
    for library in (unpacked / "lib/steamflow").iterdir():
        assert files[library.name] == hashlib.sha256(library.read_bytes()).hexdigest()
    by_name = {component["name"]: component for component in bill["components"]}
    assert {"librdkafka1", "libc6", "libcli11-dev"} <= set(by_name)
    kafka = by_name["librdkafka1"]
    installed = command("dpkg-query", "--show", "--showformat=${Version}", "librdkafka1")
    assert kafka["version"] == installed
    assert kafka["purl"].startswith("pkg:deb/debian/librdkafka1@")
    listed = bill["metadata"]["component"]["components"]
    assert [program["name"] for program in listed] == PROGRAMS
    depended_on = bill["dependencies"][0]["dependsOn"]
    assert sorted(depended_on) == sorted(each["bom-ref"] for each in bill["components"])


def test_every_library_has_its_licence(unpacked):
    bill = json.loads((unpacked / "share/doc/steamflow/sbom.cdx.json").read_text())
    bundled = {library.name for library in (unpacked / "lib/steamflow").iterdir()}
    for component in bill["components"]:
        if bundled & {file["name"] for file in component.get("components", [])}:
            licence = unpacked / "share/doc/steamflow/licences" / component["name"]
            assert licence.stat().st_size > 0


def test_pages_are_there_and_every_link_of_theirs_leads_somewhere(unpacked):
    pages = unpacked / "share/doc/steamflow"
    for task in TASKS:
        assert (pages / "tasks" / task.replace("-", "_") / "README.md").exists()
    links = [
        (page, link)
        for page in pages.rglob("*.md")
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())
        if "://" not in link
    ]
    assert len(links) > len(TASKS)
    for page, link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page}: {link}"
        assert not heading or heading in headings(target), f"{page}: {link}"


def headings(page: Path) -> set[str]:
    """The headings of a page, in the form that links use."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_licence_is_there(unpacked, deb):
    assert (unpacked / "share/doc/steamflow/LICENSE").read_bytes() == (
        (ROOT / "LICENSE").read_bytes()
    )
    names = command("dpkg-deb", "--contents", deb)
    assert " ./usr/share/doc/steamflow/copyright\n" in names


def test_without_git_the_packages_can_be_configured(tmp_path):
    """The files are as in an archive, which does not name a commit."""
    copy_checkout(tmp_path)
    environment = {name: os.environ[name] for name in os.environ if name != "SOURCE_DATE_EPOCH"}
    said = command("cmake", "--preset", "package", cwd=tmp_path, env=environment)
    assert "the packages bear the time of now" in said


def test_deb_depends_on_the_libraries_and_brings_none(deb):
    depends = command("dpkg-deb", "--field", deb, "Depends")
    for package in ("librdkafka1", "libpq5", "libhiredis", "libsimdjson", "ca-certificates"):
        assert package in depends
    names = re.findall(r" \./(\S+)$", command("dpkg-deb", "--contents", deb), re.MULTILINE)
    assert {f"usr/bin/{program}" for program in PROGRAMS} <= set(names)
    assert not [name for name in names if name.startswith("usr/lib/")]
    assert names == sorted(names)  # and not in the order of a file system
    sums = command("dpkg-deb", "--info", deb, "md5sums").splitlines()
    assert sums == sorted(sums, key=lambda line: line.split()[1])


def test_both_have_a_man_page_for_each_program(unpacked, deb):
    pages = {f"share/man/man1/{program}.1.gz" for program in PROGRAMS}
    assert {str(path.relative_to(unpacked)) for path in unpacked.glob("share/man/**/*.gz")} == pages
    names = re.findall(
        r" \./usr/(share/man/\S+gz)$", command("dpkg-deb", "--contents", deb), re.MULTILINE
    )
    assert set(names) == pages
