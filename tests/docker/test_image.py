"""The images and packages on a real Docker engine. STEAMFLOW_TEST_DOCKER is its address, and
tests/docker/build has built there what is tested. STEAMFLOW_BIN is the folder of the stand-in."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-package"
sys.path.insert(0, str(ROOT / "tests/harness"))
from described import as_described

PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
LARGEST_MB = 60
NEWS = ("steam-news", "--sink", "stdout")
# The options that a careful operator uses.
CLOSED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


@dataclass
class Ended:
    exit_code: int
    out: str
    err: str

    def result(self) -> dict[str, Any]:
        """The result of a task: the last line on stdout."""
        return as_described(json.loads(self.out.splitlines()[-1]))


def docker(*arguments: str | Path, data: bytes | None = None) -> Ended:
    done = subprocess.run(
        ["docker", "--host", os.environ["STEAMFLOW_TEST_DOCKER"], *arguments],
        check=False,
        capture_output=True,
        input=data,
        timeout=120,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def run(*arguments: str | Path) -> Ended:
    return docker("run", "--rm", "--network", "host", *arguments)


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def inspect(image: str) -> dict[str, Any]:
    (found,) = json.loads(docker("image", "inspect", image).out)
    return dict(found)


@pytest.fixture(scope="module")
def steam() -> Iterator[str]:
    """The option that directs a container to a stand-in for the Steam Web API."""
    standin = subprocess.Popen(
        [PROGRAMS / "steam-standin", "--port", "0", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with standin:  # closes its standard input, so that it ends
        assert standin.stdout
        yield f"AIRFLOW_VAR_STEAM_API_URL={standin.stdout.readline().strip()}"


def test_a_task_runs(steam):
    ended = run(*CLOSED, "--env", steam, "steamflow", *NEWS)
    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.result()["task"] == "steam-news"
    assert ended.result()["sink"]["records"] == len(ended.out.splitlines()) - 1 > 0
    # The time zone of the records' timestamps comes from the image.
    assert '+09:00"' in ended.out


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["no-such-task"], 64),
        (["steam-news", "--no-such-option"], 64),
        (["kafka-to-postgres"], 78),
    ],
)
def test_exit_codes_are_the_tasks(arguments, exit_code):
    assert run("steamflow", *arguments).exit_code == exit_code


def test_without_a_task_it_lists_them():
    ended = run("steamflow")
    assert ended.exit_code == 0
    tasks = [path.parent.name.replace("_", "-") for path in ROOT.glob("tasks/*/main.cpp")]
    assert set(tasks) <= set(ended.out.split())


def test_sigterm_reaches_the_task():
    """The task is the first process of its container, for which no signal has a default action."""
    name = f"steamflow-{uuid.uuid4()}"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        docker(
            *("run", "--detach", "--network", "host", "--name", name),
            *("--env", f"AIRFLOW_VAR_STEAM_API_URL={url}", "steamflow", *NEWS),
        )
        silent.settimeout(30)
        silent.accept()  # the task waits for a response
        assert docker("stop", "-t", "20", name).exit_code == 0
    ended = docker("logs", name)
    (told,) = json.loads(docker("inspect", name).out)
    docker("rm", name)
    assert told["State"]["ExitCode"] == 143
    assert ended.result()["error"]["kind"] == "interrupted"


def test_variables_from_a_file_reach_the_task_and_not_the_engine(steam):
    name = f"steamflow-{uuid.uuid4()}"
    key = "0123456789ABCDEF0123456789ABCDEF"
    variables = f"{steam}\0AIRFLOW_VAR_STEAM_API_KEY={key}\0AIRFLOW_VAR_STEAM_NEWS_APPS=[570]\0"
    assert docker("create", "--network", "host", "--name", name, "steamflow", *NEWS).exit_code == 0
    try:
        copied = docker(
            "cp", "-", f"{name}:/", data=archive("run/steamflow/environment", variables)
        )
        assert copied.exit_code == 0, copied.err
        ended = docker("start", "--attach", name)
        assert ended.exit_code == 0, ended.err
        assert '"appid":570' in ended.out
        assert key not in docker("inspect", name).out
    finally:
        docker("rm", "--force", name)


@pytest.mark.parametrize("content", ["NAME=without its end", "no equals sign\0", "=nameless\0"])
def test_a_broken_file_of_variables_is_told(content):
    name = f"steamflow-{uuid.uuid4()}"
    docker("create", "--name", name, "--network", "none", "steamflow", *NEWS)
    try:
        docker("cp", "-", f"{name}:/", data=archive("run/steamflow/environment", content))
        ended = docker("start", "--attach", name)
        assert ended.exit_code == 78
        assert "/run/steamflow/environment holds something other" in ended.err
        assert ended.out == ""
    finally:
        docker("rm", "--force", name)


def archive(path: str, content: str) -> bytes:
    data = content.encode()
    file = tarfile.TarInfo(path)
    file.size, file.mode = len(data), 0o444
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(file, io.BytesIO(data))
    return packed.getvalue()


def test_the_xcom_file_of_a_pod_is_written(steam, tmp_path):
    """The file is in the folder that KubernetesPodOperator mounts, which every user can write
    to."""
    folder = tmp_path / "xcom"
    folder.mkdir()
    folder.chmod(0o777)
    ended = run(*CLOSED, "--volume", f"{folder}:/airflow/xcom", "--env", steam, "steamflow", *NEWS)
    assert ended.exit_code == 0
    assert json.loads((folder / "return.json").read_text()) == ended.result()


def test_it_has_no_shell_no_root_and_nothing_in_excess():
    assert run("--entrypoint", "/bin/sh", "steamflow", "-c", "true").exit_code == 127
    found = inspect("steamflow")
    assert found["Config"]["User"] == "65532:65532"
    assert found["Config"]["Entrypoint"] == ["/opt/steamflow/bin/steamflow"]
    labels = found["Config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == git("rev-parse", "HEAD")
    assert labels["org.opencontainers.image.title"] == "steamflow"
    assert f"steamflow:{labels['org.opencontainers.image.version']}" in found["RepoTags"]


def test_its_files_bear_the_time_of_the_commit():
    name = f"steamflow-{uuid.uuid4()}"
    docker("create", "--name", name, "steamflow")
    exported = subprocess.run(
        ["docker", "--host", os.environ["STEAMFLOW_TEST_DOCKER"], "export", name],
        check=True,
        capture_output=True,
    ).stdout
    docker("rm", name)
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        files = {member.name: member for member in tar.getmembers()}
    programs = [path for path in files if re.match(r"opt/steamflow/bin/.", path)]
    assert len(programs) > 10
    assert {files[path].mtime for path in programs} == {int(git("log", "-1", "--format=%ct"))}
    assert {member.uid for member in files.values()} == {0}
    assert [path for path in files if re.match(r"etc/ssl/certs/[0-9a-f]{8}\.0$", path)]
    assert not [path for path in files if re.search(r"/(sh|bash|apt|dpkg|perl)$", path)]


def test_its_size(capsys):
    saved = subprocess.run(
        ["docker", "--host", os.environ["STEAMFLOW_TEST_DOCKER"], "save", "steamflow:latest"],
        check=True,
        capture_output=True,
    ).stdout
    megabytes = len(gzip.compress(saved, 6)) / 1e6
    with capsys.disabled():
        print(f" steamflow is {megabytes:.1f} MB compressed", end="")
    assert megabytes < LARGEST_MB


def test_the_same_commit_gives_the_same_layers():
    """Builds the last stage again. Docker cannot take it from its cache, because the label
    differs."""
    options = [f"--build-arg={name}=other" for name in ("VERSION", "REVISION")]
    config = inspect("steamflow")
    layers = config["RootFS"]["Layers"]
    epoch = git("log", "-1", "--format=%ct")
    again = docker(
        *("build", *options, f"--build-arg=SOURCE_DATE_EPOCH={epoch}"),
        *("--build-arg=BASE=steamflow-base-ccache", "--network", "host"),
        *("--file", ROOT / "docker/Dockerfile", "--target", "tasks"),
        *("--tag", "steamflow-again", ROOT),
    )
    assert again.exit_code == 0, again.err
    assert inspect("steamflow-again")["Id"] != config["Id"]
    assert inspect("steamflow-again")["RootFS"]["Layers"] == layers


def test_airflows_image_has_the_programs_and_the_dags(steam):
    shell = ("--entrypoint", "sh", "steamflow-airflow", "-c")
    ended = run("--env", steam, *shell, f"exec {' '.join(NEWS)}")
    assert ended.exit_code == 0, ended.err
    assert ended.result()["sink"]["records"] > 0
    files = run(*shell, "cd /opt/airflow && find dags -type f").out.split()
    assert sorted(files) == git("ls-files", "dags").split()


def test_the_tarball_runs_on_a_bare_debian(steam):
    (tarball,) = BUILD.glob("steamflow-*.tar.gz")
    script = f"""
mkdir /anywhere && tar -x -f /{tarball.name} -C /anywhere --strip-components 1
exec /anywhere/bin/{" ".join(NEWS)}
"""
    volume = f"{tarball}:/{tarball.name}:ro"
    ended = run("--volume", volume, "--env", steam, "steamflow-bare", "sh", "-e", "-c", script)
    assert ended.exit_code == 0, ended.err
    assert ended.result()["sink"]["records"] > 0


def test_the_deb_installs_and_goes(steam):
    (deb,) = BUILD.glob("steamflow_*.deb")
    script = f"""
dpkg --install /{deb.name} >&2
{" ".join(NEWS)}
dpkg --remove steamflow >&2
test ! -e /usr/bin/steam-news
"""
    volume = f"{deb}:/{deb.name}:ro"
    ended = run("--volume", volume, "--env", steam, "steamflow-base", "sh", "-e", "-c", script)
    assert ended.exit_code == 0, ended.err
    assert ended.result()["sink"]["records"] > 0
