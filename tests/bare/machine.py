"""A bare machine: a container with a Debian to which nothing has been added, and with a checkout
in a folder whose name contains a blank. It shares with the machine of the tests only the access
to the registries and ccache's store."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = "/home/someone/steam flow"
# Settings that tell the programs that fetch packages which registries, proxies and certificates to
# use.
SETTINGS = re.compile(
    r"(PIP|UV|MAVEN)_.*|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|LANG"
    r"|(https?|no)_proxy",
    re.IGNORECASE,
)
FILES = {Path("/etc/pip.conf"): "/etc/pip.conf", Path.home() / ".m2": "/root/.m2"}
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)
# The ports of a run, counted from the first. Kafka and Elasticsearch use the next port too.
PORTS = {"REDIS": 0, "KAFKA": 1, "POSTGRES": 3, "SEARCH": 4, "STEAM": 6, "AIRFLOW": 7}


@dataclass
class Ended:
    exit_code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.exit_code}\n{self.out}\n{self.err}"


class Machine:
    def __init__(self, release: str, folder: Path):
        self.release = release
        self.name = f"steamflow-bare-{uuid.uuid4()}"
        self.ports = free_ports(release)
        make_ccache(release, folder / "ccache")
        store = command("ccache", "--get-config", "cache_dir").strip()
        Path(store).mkdir(parents=True, exist_ok=True)
        volumes = {folder / "ccache": "/ccache", **FILES}
        mounts = [f"--volume={a}:{b}:ro" for a, b in volumes.items() if a.exists()]
        environment = {key: value for key, value in os.environ.items() if SETTINGS.fullmatch(key)}
        environment |= {
            "CMAKE_CXX_COMPILER_LAUNCHER": "/ccache/launch",
            "CCACHE_DIR": "/ccache-store",
            "CCACHE_BASEDIR": CHECKOUT,
            "CCACHE_NOHASHDIR": "1",
            "LC_ALL": "C.UTF-8",  # ccache includes it in its hash; the quickstart sets it
        }
        docker(
            *("run", "--detach", "--network=host", f"--name={self.name}", *mounts),
            *(f"--volume={store}:/ccache-store", f"--workdir={CHECKOUT}"),
            *(f"--env={key}={value}" for key, value in environment.items()),
            *(f"steamflow-{release}", "sleep", "infinity"),
        )
        self.add("/etc/apt/apt.conf.d/99tests", command("apt-config", "dump", "Acquire"))
        for number, certificate in enumerate(own_certificates()):
            self.add(f"/usr/local/share/ca-certificates/own-{number}.crt", certificate)
        self.clone(folder / "clone")

    def clone(self, clone: Path) -> None:
        command("git", "clone", "--quiet", "--depth=1", f"file://{ROOT}", clone)
        versions = clone / "docker/versions.env"
        text = versions.read_text()
        for name, port in self.ports.items():
            text = re.sub(rf"(?<=^QUICKSTART_{name}_PORT=)\d+", str(port), text, flags=re.MULTILINE)
        versions.write_text(text)
        docker("cp", f"{clone}/.", f"{self.name}:{CHECKOUT}")

    def add(self, path: str, content: str) -> None:
        data = content.encode()
        file = tarfile.TarInfo(path.lstrip("/"))
        file.size, file.mode = len(data), 0o644
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(file, io.BytesIO(data))
        docker("cp", "-", f"{self.name}:/", data=packed.getvalue())

    def argv(self, script: str) -> list[str]:
        return [*ENGINE, "exec", self.name, "bash", "-c", script]

    def run(self, script: str) -> Ended:
        done = subprocess.run(
            self.argv(script), check=False, capture_output=True, text=True, timeout=2400
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def succeed(self, script: str) -> Ended:
        """Runs a script that must exit with 0."""
        ended = self.run(script)
        assert ended.exit_code == 0, f"{script}: {ended}"
        return ended

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.name)


ENGINE = ["docker", "--host", os.environ["STEAMFLOW_TEST_DOCKER"]]


def command(*arguments: str | Path) -> str:
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def docker(*arguments: str, data: bytes | None = None) -> None:
    done = subprocess.run([*ENGINE, *arguments], check=False, capture_output=True, input=data)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr.decode()}"


def free_ports(release: str) -> dict[str, int]:
    """The containers use the machine's network. The ports are below the range from which the
    kernel takes the ports of outgoing connections, and differ between releases."""
    first = {"bookworm": 20000, "trixie": 26000}[release] + os.getpid() % 500 * 10
    while any(port_taken(port) for port in range(first, first + 10)):
        first += 10
    return {name: first + offset for name, offset in PORTS.items()}


def port_taken(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def own_certificates() -> Iterator[str]:
    """The CA certificates that this machine trusts in addition to Debian's."""
    debians = {
        certificate
        for file in Path("/usr/share/ca-certificates").glob("**/*.crt")
        for certificate in CERTIFICATE.findall(file.read_text())
    }
    for certificate in CERTIFICATE.findall(Path("/etc/ssl/certs/ca-certificates.crt").read_text()):
        if certificate not in debians:
            yield certificate


def make_ccache(release: str, folder: Path) -> None:
    """The release's ccache and its libraries, taken from another container. The machine does not
    install them, and starts ccache only to compile."""
    folder.mkdir()
    (folder / "launch").write_text(
        '#!/bin/sh\nexec /ccache/lib/ld-linux-*.so.* --library-path /ccache/lib /ccache/ccache "$@"\n'
    )
    (folder / "launch").chmod(0o755)
    script = r"""
export DEBIAN_FRONTEND=noninteractive
apt-get update && apt-get install --yes --no-install-recommends ccache
mkdir /ccache/lib
cp /usr/bin/ccache /ccache
ldd /usr/bin/ccache | sed -nE 's|^[^/]*(/.+) \(0x.*|\1|p' | xargs cp --dereference -t /ccache/lib
"""
    docker(
        *("run", "--rm", "--network=host", f"--volume={folder}:/ccache", f"steamflow-{release}"),
        *("sh", "-e", "-c", script),
    )
