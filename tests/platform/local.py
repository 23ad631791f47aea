"""Runs services of compose.yaml as processes on loopback, with the very variables, commands and health
checks of the file: what a container would give them (names, folders, secrets) is put in their place.

A service gets an address of its own in 127.0.0.0/8, so that all keep their ports; one that talks TLS
is reached as localhost, which its certificate names.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compose import ROOT, Configuration, size, unescaped

CACHE = Path(os.environ.get("STEAMFLOW_CACHE", ROOT / ".cache"))
PROGRAMS = Path(os.environ.get("STEAMFLOW_BIN", ROOT / "build/bin")).resolve()
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
TLS = {"connect": 8083}
# Nothing outlives the test.
TIED = ["setpriv", "--pdeathsig", "KILL"]


def is_free(address: str, port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind((address, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Below the range from which the kernel takes the ports of outgoing connections."""
    while not is_free("127.0.0.1", port := random.randrange(20000, 32000)):
        pass
    return port


def await_true(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def kilobytes(file: Path, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return 0
    return int(found[1]) if found else 0


def descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:  # it has ended
        return []
    found = [int(child) for child in children]
    return found + [each for child in found for each in descendants(child)]


def result_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The result line of a program that has succeeded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Local:
    def __init__(self, docker: Path, config: Configuration, folder: Path):
        self.docker, self.services, self.folder = docker, config["services"], folder
        while not is_free(
            subnet := f"127.{random.randrange(16, 250)}.{random.randrange(250)}.1", 9092
        ):
            pass
        self.addresses = {
            name: f"{subnet.removesuffix('.1')}.{number}"
            for number, name in enumerate(self.services, 10)
        }
        self.tls_ports = {name: free_port() for name in TLS}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def stop(self) -> None:
        """At once, with what they have started: nobody needs the data any more. PostgreSQL would
        leave shared memory behind."""
        for process in self.processes.values():
            if "postgres" in str(process.args):
                process.send_signal(signal.SIGINT)
                continue
            for pid in [*descendants(process.pid), process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self.processes.values():
            process.wait(30)

    def endpoint(self, name: str, port: str) -> str:
        if TLS.get(name) == int(port):
            return f"localhost:{self.tls_ports[name]}"
        return f"{self.addresses[name]}:{port}"

    def volume(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def resolved(self, name: str, text: Any) -> str:
        """As the container of the service would see it."""
        text = unescaped(str(text))
        own = self.addresses[name]
        if name not in TLS:
            text = re.sub(r"//:(?=\d{4}(,|$))", f"//{own}:", text)  # listens on all addresses
            text = re.sub(r"\blocalhost\b|127\.0\.0\.1(?!:)", own, text)
        else:
            text = re.sub(r"(localhost|0\.0\.0\.0)(?=:)", name, text)
        for other in sorted(self.services, key=len, reverse=True):
            place = rf"(?<![\w.-]){other}:(\d+)(?!\w)"
            text = re.sub(place, lambda found, other=other: self.endpoint(other, found[1]), text)
        for volume in self.services[name].get("volumes", []):
            source, target = (
                (volume["source"], volume["target"])
                if isinstance(volume, dict)
                else volume.split(":")[:2]
            )
            if not source.startswith("/"):
                text = text.replace(target, str(self.volume(source)))
        for secret, file in {
            "certificate": "certificate.pem",
            "key": "key.pem",
            "store": "store.p12",
        }.items():
            text = text.replace(f"/run/secrets/{secret}", f"{self.docker}/certificates/{file}")
        return text

    def environment(self, name: str) -> dict[str, str]:
        variables = self.services[name].get("environment", {})
        return {key: self.resolved(name, value) for key, value in variables.items()}

    def command(self, name: str) -> list[str]:
        return [self.resolved(name, argument) for argument in self.services[name]["command"]]

    def launch(self, name: str, command: list[str], **options: Any) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*TIED, *command],
                stdin=options.pop("stdin", subprocess.DEVNULL),
                stdout=log,
                stderr=log,
                **options,
            )

    def is_healthy(self, name: str, environment: dict[str, str] | None = None) -> bool:
        """By the check in the file, with the environment of the service."""
        environment = environment or self.environment(name) | {"PATH": os.environ["PATH"]}
        kind, *test = self.services[name]["healthcheck"]["test"]
        test = [self.resolved(name, argument) for argument in test]
        done = subprocess.run(
            ["sh", "-c", *test] if kind == "CMD-SHELL" else test,
            check=False,
            env=environment,
            capture_output=True,
            timeout=30,
        )
        return done.returncode == 0

    def await_healthy(self, *names: str) -> None:
        for name in names:

            def settled(name: str = name) -> bool:
                log = (self.folder / f"{name}.log").read_text()[-3000:]
                assert self.processes[name].poll() is None, f"{name} has ended:\n{log}"
                return self.is_healthy(name)

            await_true(settled, 60, f"{name} is healthy")

    def run_job(self, name: str, *more: str) -> subprocess.CompletedProcess[str]:
        """A job of our own image."""
        program, *arguments = self.command(name)
        return self.run_task([program, *arguments, *more], self.environment(name))

    def run_task(
        self, argv: list[str], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAMS / argv[0], *argv[1:]],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
            timeout=150,
        )

    def memory(self, name: str) -> int:
        """Bytes: the most that the process has had resident, and what those that it has started hold
        now, shared pages in equal parts."""
        pid = self.processes[name].pid
        peak = kilobytes(Path(f"/proc/{pid}/status"), "VmHWM")
        below = sum(
            kilobytes(Path(f"/proc/{child}/smaps_rollup"), "Pss") for child in descendants(pid)
        )
        return (peak + below) * 1024

    def limit(self, name: str) -> int:
        return size(self.services[name]["mem_limit"])

    # The servers, each started as its image's entry point does.

    def java(self, archive: str) -> list[str]:
        """Kafka's jars, with the archive of classes that makes them start fast, as in the image."""
        folder = next(CACHE.glob(archive))
        classes = max(folder.glob("classes-*.jsa"), key=lambda path: path.stat().st_mtime)
        logging = ROOT / "tests/services/kafka-log4j.properties"
        return [
            "java",
            "-XX:TieredStopAtLevel=1",  # the quick compiler only, for small machines
            f"-XX:SharedArchiveFile={classes}",
            f"-Dlog4j.configuration=file:{logging}",
            "-cp",
            f"{folder}/jars/*",
        ]

    def start_kafka(self, name: str) -> None:
        environment = self.environment(name)
        folder = self.folder / f"{name}-properties"
        java = self.java("kafka-*")
        options = f"{environment['KAFKA_HEAP_OPTS']} {environment['KAFKA_JVM_PERFORMANCE_OPTS']}"
        broker = [java[0], *options.split(), *java[1:], "kafka.Kafka"]
        broker.append(str(folder / "final/server.properties"))
        command = f"exec {shlex.join(broker)}"
        if not folder.exists():
            for part in ("default", "mounted", "final"):
                (folder / part).mkdir(parents=True)
            for part in ("server", "log4j", "tools-log4j"):
                (folder / "default" / f"{part}.properties").touch()
            setup = [*java, "kafka.docker.KafkaDockerWrapper", "setup"]
            for part in ("default", "mounted", "final"):
                setup += [f"--{part}-configs-dir", str(folder / part)]
            command = f"{shlex.join(setup)} && {command}"
        environment |= {"PATH": os.environ["PATH"]}
        self.launch(name, ["sh", "-c", command], env=environment)

    def start_brokers(self) -> None:
        for name in BROKERS:
            self.start_kafka(name)

    def start_redis(self) -> None:
        shell, flag, script = self.command("redis")
        script = script.replace("<<CONFIG\n", f"<<CONFIG\nbind {self.addresses['redis']}\n")
        environment = self.environment("redis") | {"PATH": os.environ["PATH"]}
        self.launch("redis", [shell, flag, script], env=environment, cwd=self.volume("redis"))

    def start_postgres(self, name: str) -> None:
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        folder = self.volume(name)
        environment = self.environment(name)
        owner: list[str] = []
        if os.geteuid() == 0:  # the server refuses root
            shutil.chown(folder, "postgres", "postgres")
            owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            owner += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        password = self.folder / f"{name}-password"
        password.write_text(environment["POSTGRES_PASSWORD"])
        user = environment["POSTGRES_USER"]
        subprocess.run(
            [
                *(*owner, programs / "initdb", f"--pgdata={folder}", f"--username={user}"),
                *("--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"),
            ],
            check=True,
            capture_output=True,
        )
        _, *arguments = self.command(name)
        own = ["-D", folder, "-c", f"listen_addresses={self.addresses[name]}"]
        own += ["-c", f"unix_socket_directories={folder}"]
        self.launch(name, [*owner, str(programs / "postgres"), *map(str, own), *arguments])
        self.await_healthy(name)
        self.query(f"CREATE DATABASE {user}", name, "postgres")

    def query(self, sql: str, name: str = "postgres", database: str = "") -> str:
        """In the database that is called like its user, where no other is named."""
        environment = self.environment(name)
        done = subprocess.run(
            [
                *("psql", "--no-psqlrc", "--tuples-only", "--no-align"),
                *("--host", self.addresses[name], "--username", environment["POSTGRES_USER"]),
                *("--dbname", database or environment["POSTGRES_USER"], "--command", sql),
            ],
            check=False,
            env={"PATH": os.environ["PATH"], "PGPASSWORD": environment["POSTGRES_PASSWORD"]},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start_connect(self) -> None:
        """The image writes CONNECT_A_B into its file of properties as a.b."""
        environment = self.environment("connect")
        properties = {
            key.removeprefix("CONNECT_").lower().replace("_", "."): value
            for key, value in environment.items()
            if key.startswith("CONNECT_")
        }
        plugins = next(CACHE.glob("connect-*")) / "plugins"
        properties |= {"plugin.path": str(plugins), "plugin.discovery": "service_load"}
        file = self.folder / "connect.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        java = self.java("connect-*")
        java[1:1] = f"{environment['KAFKA_HEAP_OPTS']} {environment['KAFKA_OPTS']}".split()
        self.launch(
            "connect", [*java, "org.apache.kafka.connect.cli.ConnectDistributed", str(file)]
        )
        self.await_healthy("connect")

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
