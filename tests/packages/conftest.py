"""One release, which several tests look at, because it takes minutes to build."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import VERSION, command, elsewhere, make_repository


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository in which the release of the files of the checkout was made: in a folder whose name
    has a blank, by a person with other settings. build-release/ has it."""
    home = tmp_path_factory.mktemp("release")
    folder = home / "else where"
    make_repository(folder)
    release = folder / "cmake/packaging/release"
    command(release, VERSION, env=elsewhere(home), umask=0o077)
    return folder
