"""The trial, started once with the commands of its page, and a Steam stand-in beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "platform"))

from airflow_api import Airflow
from compose import ROOT
from trial import PodWatch, command, kubectl, log_in, page_script

KEY = "0123456789ABCDEF0123456789ABCDEF"
KUBERNETES = ROOT / "docker/kubernetes"


def start_steam(folder: Path) -> None:
    """Creates a certificate that is valid for Elasticsearch too, because `init` keeps an
    existing certificate."""
    names = "subjectAltName=DNS:elasticsearch,DNS:api.steampowered.com"
    command(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-noenc", "-days", "30", "-subj", "/CN=tests", "-addext", names),
        *("-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"),
    )
    files = [f"--from-file={folder}/{name}.pem" for name in ("key", "certificate")]
    kubectl("apply", "--filename", f"{KUBERNETES}/overlays/trial/namespace.yaml")
    kubectl("create", "secret", "generic", "certificate", *files)
    kubectl("create", "namespace", "steam")
    in_steam = ("kubectl", "--namespace", "steam")
    command(*in_steam, "create", "secret", "generic", "steam", f"--from-literal=key={KEY}", *files)
    command(*in_steam, "apply", "--filename", f"{HERE}/steam.yaml")


@pytest.fixture(scope="session")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodWatch]:
    """Starts the trial, and returns a record of all pods that it has had."""
    start_steam(tmp_path_factory.mktemp("steam"))
    watch = PodWatch()
    log = tmp_path_factory.mktemp("page") / "log"
    page = subprocess.Popen(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            page_script(KUBERNETES / "README.md", "From nothing to a run"),
        ],
        cwd=ROOT,
        env=os.environ | {"STEAM_API_KEY": KEY},
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        started = time.monotonic()
        assert page.wait(600) == 0, log.read_text()
        print(f"from nothing to a run: {time.monotonic() - started:.0f} s")
        yield watch
    finally:
        print(log.read_text())
        watch.stop()


@pytest.fixture
def airflow(pods: PodWatch) -> Airflow:
    """Airflow's API with a login, at the current address of the API."""
    return log_in()
