"""docker/kubernetes/overlays/trial in the cluster of these tests, which `run` has started.
kubectl uses its administrator's login, and its services can be reached at their addresses."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import urllib.request
from pathlib import Path
from typing import Any

from airflow_api import Airflow
from stack import as_described, await_true

NAMESPACE = "steamflow"
SCHEDULER = ("airflow-scheduler-0", "--container", "scheduler")


def command(*arguments: str, stdin: str | None = None, seconds: float = 300) -> str:
    done = subprocess.run(
        arguments, check=False, capture_output=True, text=True, input=stdin, timeout=seconds
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    return command("kubectl", "--namespace", NAMESPACE, *arguments, stdin=stdin)


def kubectl_json(*arguments: str) -> Any:
    return json.loads(kubectl(*arguments, "--output", "json"))


def secret(name: str, key: str) -> str:
    return base64.b64decode(kubectl_json("get", "secret", name)["data"][key]).decode()


def secrets() -> set[str]:
    """The texts that must not be readable in a specification: the values of all secrets, and the
    passwords in them."""
    found = set()
    for each in kubectl_json("get", "secrets")["items"]:
        for key, encoded in each.get("data", {}).items():
            value = base64.b64decode(encoded).decode()
            if key.startswith("SSL_CERT_") or key.endswith(("certificate.pem", "_URL")):
                continue
            found |= {value, *re.findall("[0-9a-f]{32,}", value)}
    return {value for value in found if value}


def page_script(page: Path, section: str) -> str:
    """The commands in a section of a page."""
    text = page.read_text().split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return "".join(line[4:] for line in text.splitlines(keepends=True) if line.startswith("    "))


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    ready = [each for each in conditions if (each["type"], each["status"]) == ("Ready", "True")]
    return bool(ready) and "deletionTimestamp" not in pod["metadata"]


def unsettled() -> list[str]:
    """The servers of which a pod is missing, outdated or not ready, and the jobs that are not
    done."""
    found = kubectl_json("get", "statefulset,deployment,job,pod")["items"]
    pods = [each for each in found if each["kind"] == "Pod"]
    names = []
    for each in found:
        spec, status, metadata = each["spec"], each.get("status", {}), each["metadata"]
        if each["kind"] == "Job":
            settled = status.get("succeeded") == 1
        elif each["kind"] == "Pod":
            continue
        else:
            labels = spec["selector"]["matchLabels"].items()
            own = [pod for pod in pods if labels <= pod["metadata"]["labels"].items()]
            settled = (
                status.get("observedGeneration") == metadata["generation"]
                and status.get("updatedReplicas") == spec["replicas"] == len(own)
                and all(is_ready(pod) for pod in own)
            )
        if not settled:
            names.append(f"{each['kind']} {metadata['name']}")
    return names


def await_settled() -> None:
    try:
        await_true(lambda: not unsettled(), 600, "all servers are ready")
    except AssertionError:
        print(unsettled(), kubectl("get", "pods"), sep="\n")
        raise


def address(service: str, port: int, namespace: str = NAMESPACE) -> str:
    """The address of a service. If the service has no address of its own, it is that of its
    first pod."""
    found = json.loads(
        command("kubectl", "--namespace", namespace, "get", "endpoints", service, "-o", "json")
    )
    return f"{found['subsets'][0]['addresses'][0]['ip']}:{port}"


def log_in() -> Airflow:
    return Airflow(address("airflow-apiserver", 8080), secret("airflow", "admin-password"))


def query(sql: str) -> str:
    """Runs a query in the database of the records."""
    return kubectl(
        *("exec", "postgres-0", "--", "sh", "-c"),
        'PGPASSWORD=$POSTGRES_PASSWORD exec psql -U steamflow -h localhost -XAtc "$0"',
        sql,
    ).strip()


def redis(*arguments: str) -> str:
    script = (
        'REDISCLI_AUTH=$(sed "s/requirepass //" /etc/redis/redis.conf) exec redis-cli -n 1 "$@"'
    )
    return kubectl("exec", "redis-0", "--", "sh", "-c", script, "sh", *arguments).strip()


def kill_pod(name: str) -> None:
    """Kills a pod as a node does that loses its power: the processes end at once, and then the
    pod."""
    uid = kubectl_json("get", "pod", name)["metadata"]["uid"]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if uid in (process / "cgroup").read_text():
                os.kill(int(process.name), signal.SIGKILL)
    kubectl("delete", "pod", name, "--grace-period=0", "--force")


def kill_kubelet() -> None:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (process / "comm").read_text() == "kubelet\n":
                os.kill(int(process.name), signal.SIGKILL)


def steam(method: str, fault: dict[str, Any] | None = None) -> None:
    """Adds a fault to the Steam stand-in, or removes all faults."""
    request = urllib.request.Request(
        f"https://{address('steam', 8443, namespace='steam')}/standin/faults",
        method=method,
        data=json.dumps(fault).encode() if fault else None,
    )
    trusting = ssl._create_unverified_context()  # the request uses its address
    with urllib.request.urlopen(request, timeout=20, context=trusting):
        pass


class PodWatch:
    """Records all changes of the namespace's pods from now on."""

    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}
        self.text = ""
        self._process = subprocess.Popen(
            [
                *("kubectl", "--namespace", NAMESPACE, "get", "pods", "--watch"),
                *("--output-watch-events", "--output", "json"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            event = json.loads(line)
            self.text += line
            pod = event["object"]
            self.pods[pod["metadata"]["name"]] = pod

    def of_task(self, run: str, task: str) -> list[dict[str, Any]]:
        """The pods of a task in a run, the first try first."""
        dag, run_id = re.search("/dags/(.*)/dagRuns/(.*)", run).groups()  # type: ignore[union-attr]

        def is_of_task(pod: dict[str, Any]) -> bool:
            env = {each["name"]: each.get("value") for each in pod["spec"]["containers"][0]["env"]}
            return (
                env.get("AIRFLOW_CTX_DAG_ID") == dag
                and env.get("AIRFLOW_CTX_TASK_ID") == task
                and env.get("AIRFLOW_CTX_DAG_RUN_ID") == run_id
            )

        found = [
            pod for pod in [*self.pods.values()] if "dag_id" in pod["metadata"].get("labels", {})
        ]
        found = [pod for pod in found if is_of_task(pod)]
        return sorted(found, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()


def exit_code(pod: dict[str, Any]) -> int | None:
    """The exit code of a task's program, or None while it runs."""
    for container in pod["status"].get("containerStatuses", []):
        if container["name"] == "base" and "terminated" in container["state"]:
            return int(container["state"]["terminated"]["exitCode"])
    return None


class ProgramPod:
    """A program in its own pod with all Connections, without Airflow."""

    def __init__(self, name: str, *argv: str):
        self.name = name
        closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        image = kubectl_json("get", "job", "templates")["spec"]["template"]["spec"]["containers"][0]
        container = {
            "name": "program",
            "image": image["image"],
            "args": list(argv),
            "envFrom": [{"secretRef": {"name": "steamflow-connections"}}],
            "volumeMounts": [{"name": "authority", "mountPath": "/run/steamflow"}],
            "resources": {"limits": {"memory": "256Mi"}},
            "securityContext": closed,
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [
                {
                    "name": "authority",
                    "secret": {
                        "secretName": "steamflow-connections",
                        "items": [{"key": "certificate.pem", "path": "certificate.pem"}],
                    },
                }
            ],
        }
        labels = {"app.kubernetes.io/part-of": "steamflow"}
        metadata = {"name": name, "labels": labels}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        kubectl("delete", "pod", name, "--ignore-not-found")
        kubectl("create", "--filename", "-", stdin=json.dumps(pod))

    def phase(self) -> str:
        return str(kubectl_json("get", "pod", self.name)["status"]["phase"])

    def end(self, seconds: float = 300) -> dict[str, Any]:
        """Waits until the program has ended with any outcome, and returns its result line."""
        await_true(lambda: self.phase() in {"Succeeded", "Failed"}, seconds, f"{self.name} ended")
        lines = kubectl("logs", self.name).splitlines()  # of both streams, in no particular order
        results = [line for line in lines if line.startswith('{"task":')]
        assert results, lines
        kubectl("delete", "pod", self.name)
        return as_described(json.loads(results[-1]))
