"""Copies of the checkout, and the environments in which they are built."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
(VERSION,) = re.findall(
    r"^project\(steamflow VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE
)


def command(*arguments: str | Path, **options: Any) -> str:
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def git(folder: Path, *arguments: str, **options: Any) -> str:
    return command("git", *arguments, cwd=folder, **options).strip()


def epoch() -> int:
    """The time that the packages of the checkout bear."""
    return int(git(ROOT, "log", "-1", "--format=%ct"))


def copy_checkout(folder: Path) -> None:
    """The files of git, as they are now, without its history."""
    folder.mkdir(parents=True, exist_ok=True)
    command(
        *("xargs", "--null", "cp", "--parents", "--no-dereference", "--target-directory", folder),
        cwd=ROOT,
        input=command("git", "ls-files", "-z", cwd=ROOT),
    )


def make_repository(folder: Path) -> None:
    """With one commit: the files of the checkout, and its time."""
    copy_checkout(folder)
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "A Maintainer")
    git(folder, "config", "user.email", "maintainer@localhost")
    git(folder, "add", "--force", "--all")
    when = {"GIT_COMMITTER_DATE": f"@{epoch()} +0000"}
    git(folder, "commit", "--quiet", "--message", "all", env=os.environ | when)


def building() -> dict[str, str]:
    """What builds in temporary folders are given. Python makes such a folder itself, with another name
    each time. With these settings ccache knows a file again."""
    return os.environ | {
        "STEAMFLOW_CACHE": os.environ.get("STEAMFLOW_CACHE", str(ROOT / ".cache")),
        "CXX": "c++",  # the name that CMake finds by itself
        "CMAKE_CXX_COMPILER_LAUNCHER": "ccache",
        "CCACHE_BASEDIR": tempfile.gettempdir(),
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_DIR": command("ccache", "--get-config", "cache_dir").strip(),
    }


def elsewhere(home: Path) -> dict[str, str]:
    """The same, for a person with other settings than here; but for the locale, by which ccache tells
    compilations apart."""
    return building() | {"TZ": "Asia/Seoul", "HOME": str(home)}
