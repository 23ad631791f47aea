"""The machine that all tests of a release share, one after another."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from machine import Machine


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(os.environ["STEAMFLOW_BARE"], tmp_path_factory.mktemp("machine"))
    yield made
    made.remove()
