#!/usr/bin/env python3
"""The shared libraries of the programs, and the Debian packages that they come from.

    libraries.py sbom VERSION FILE PROGRAM...   writes the bill of materials, as CycloneDX 1.5
    libraries.py bundle PROGRAMS FOLDER         copies the libraries of the programs in a folder
                                                into FOLDER/lib/steamflow, with their licences

Libraries that belong to the C library are not copied: they fit only their own dynamic loader, and
every system has them. SOURCE_DATE_EPOCH is the time of the bill of materials.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

C_LIBRARY = "libc6"
# These libraries leave nothing but code in the programs.
HEADERS_ONLY = ("libcli11-dev", "libexpected-dev", "nlohmann-json3-dev")


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    architecture: str

    def purl(self) -> str:
        release = dict(
            line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
        )
        distribution = f"{release['ID']}-{release['VERSION_ID']}".replace('"', "")
        version = self.version.replace(":", "%3A").replace("+", "%2B")
        name = self.name.replace("+", "%2B")
        return f"pkg:deb/debian/{name}@{version}?arch={self.architecture}&distro={distribution}"


def output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked(programs: Iterable[Path]) -> list[Path]:
    """The libraries that the dynamic loader finds for the programs, ordered by name."""
    found: dict[str, Path] = {}
    for program in programs:
        if program.read_bytes()[:4] != b"\x7fELF":  # a script
            continue
        for line in output("ldd", program).splitlines():
            if "not found" in line:
                sys.exit(f"{program}: {line.strip()}")
            if path := re.search(r"(/.+) \(0x", line):
                found[Path(path[1]).name] = Path(path[1])
    return [found[name] for name in sorted(found)]


def owners(libraries: list[Path]) -> dict[Path, Package]:
    """The package of each library. dpkg knows a file by its path in the package. With a merged
    /usr this may be another path of the same file."""
    patterns = [f"*/{library.resolve().name}" for library in libraries]
    names: dict[Path, str] = {}
    for line in output("dpkg-query", "--search", *patterns).splitlines():
        if line.startswith("diversion by "):  # the C library's on Debian 13; its own line follows
            continue
        package, path = line.rsplit(": ", 1)
        for library in libraries:
            if Path(path).exists() and library.samefile(path):
                names[library] = package.split(",")[0]
    versions = packages(set(names.values()))
    return {library: versions[names[library]] for library in libraries}


def packages(names: Iterable[str]) -> dict[str, Package]:
    found = {}
    for name in names:
        fields = output(
            *("dpkg-query", "--show", "--showformat"),
            *("${Package}\t${Version}\t${Architecture}", name),
        )
        found[name] = Package(*fields.split("\t"))
    return found


def component(package: Package, files: list[Path]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "bom-ref": package.purl(),
        "type": "library",
        "name": package.name,
        "version": package.version,
        "purl": package.purl(),
    }
    if files:
        described["components"] = [
            {
                "type": "file",
                "name": file.name,
                "hashes": [
                    {"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}
                ],
            }
            for file in files
        ]
    return described


def bill_of_materials(version: str, programs: list[Path]) -> dict[str, Any]:
    files: dict[Package, list[Path]] = {each: [] for each in packages(HEADERS_ONLY).values()}
    for library, package in owners(linked(programs)).items():
        files.setdefault(package, []).append(library)
    ordered = sorted(files, key=lambda package: package.name)
    time = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    root = f"pkg:generic/steamflow@{version}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "bom-ref": root,
                "type": "application",
                "name": "steamflow",
                "version": version,
                "purl": root,
                "components": [
                    {"type": "application", "name": program.name, "version": version}
                    for program in sorted(programs, key=lambda program: program.name)
                ],
            },
        },
        "components": [component(package, files[package]) for package in ordered],
        "dependencies": [{"ref": root, "dependsOn": [package.purl() for package in ordered]}],
    }


def bundle(programs: Path, folder: Path) -> None:
    (folder / "lib/steamflow").mkdir(parents=True)
    for library, package in owners(linked(programs.iterdir())).items():
        if package.name == C_LIBRARY:
            continue
        shutil.copyfile(library, folder / "lib/steamflow" / library.name)
        licence = folder / "share/doc/steamflow/licences" / package.name
        licence.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(f"/usr/share/doc/{package.name}/copyright", licence)


def main() -> None:
    os.umask(0o022)
    match sys.argv[1:]:
        case ["sbom", version, file, *programs]:
            bill = bill_of_materials(version, [Path(program) for program in programs])
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(json.dumps(bill, indent=2) + "\n")
        case ["bundle", programs, folder]:
            bundle(Path(programs), Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
