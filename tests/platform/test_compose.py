"""The required settings of every service in compose.yaml, and the settings that compose.yaml and
docker/init reject."""

from __future__ import annotations

import re
import stat
import subprocess

import pytest
import yaml
from compose import (
    ROOT,
    configuration,
    copy_of_docker,
    docker_compose,
    env_file,
    is_job,
    run_init,
    size,
)

OVERRIDES = ["compose.scram.yaml"]
OWN_IMAGES = {"steamflow", "steamflow-airflow", "steamflow-connect", "steamflow-jupyter"}
SECRET_NAME = re.compile(r"(PASSWORD|PASS|TOKEN|_KEY|SECRET)$")
SERVICES = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
EVERY_SERVICE = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture(scope="module")
def services(docker):
    """Includes the services of the profiles."""
    done = docker_compose(docker, ["compose.yaml"], "--profile", "dev", "config")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == SERVICES.keys()
    return services


@EVERY_SERVICE
def test_image_is_pinned(services, dotenv, name):
    image = services[name]["image"]
    versions = env_file(ROOT / "docker/versions.env").values()
    if image not in OWN_IMAGES:
        tag = image.rpartition(":")[2]
        assert any(tag.removeprefix("v").removesuffix("-alpine") == each for each in versions), tag


@EVERY_SERVICE
def test_memory_is_limited(services, name):
    service = services[name]
    limit = size(service["mem_limit"])
    assert limit <= 2 * 2**30
    heap = re.search(r"-Xmx(\d+[mg])", " ".join(map(str, service.get("environment", {}).values())))
    if heap:  # the rest is for the JVM's memory outside of the heap
        assert size(heap[1]) <= limit * 0.55


@EVERY_SERVICE
def test_health_is_checked(services, name):
    service = services[name]
    assert is_job(service) != ("healthcheck" in service)
    if not is_job(service):
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@EVERY_SERVICE
def test_start_is_ordered_by_health(services, name):
    for other, needed in services[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if is_job(services[other]) else "service_healthy"
        assert needed["condition"] == wanted, other


@EVERY_SERVICE
def test_ports_are_on_loopback(services, name):
    for port in services[name].get("ports", []):
        address = port["host_ip"] if isinstance(port, dict) else port.split(":")[0]
        assert address == "127.0.0.1"


@EVERY_SERVICE
def test_privileges_are_dropped(services, name):
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add"} & service.keys()
    if service["image"].startswith("steamflow") and service["image"] != "steamflow-connect":
        assert service["read_only"] is True


@EVERY_SERVICE
def test_no_secret_is_written_down(name):
    """Checks compose.yaml itself, before the values of .env are inserted."""
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRET_NAME.search(variable) and not str(value).startswith("/run/secrets/"):
            assert re.fullmatch(r"\$\{[A-Z_]+:?\?run docker/init\}", value), variable
        assert not re.search(r"://[^$@/]*:[^$@/]+@", str(value)), variable


@EVERY_SERVICE
def test_logs_are_limited(services, name):
    assert services[name]["logging"]["options"]["max-size"] == "10m"


@EVERY_SERVICE
def test_data_is_in_named_volumes(docker, services, name):
    for volume in services[name].get("volumes", []):
        source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
        if source.startswith("/"):  # a bind mount: of the checkout, or for node-exporter of all
            assert source.startswith(str(docker.parent)) or name == "node-exporter", source


def test_addresses_are_those_of_services(services):
    known = set(services) | {"localhost", "0.0.0.0", "127.0.0.1"}
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            for host in re.findall(r"(?:[@/,\"]|^)([a-z][a-z0-9-]+):\d{4}(?!\w)", str(value)):
                assert host in known, f"{name}: {variable}: {host}"


def test_prometheus_scrapes_services(services):
    prometheus = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())
    for job in prometheus["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            assert target.split(":")[0] in services


def secrets_of(dotenv):
    return {name for name in dotenv if SECRET_NAME.search(name)} - {"STEAM_API_KEY"}


@pytest.mark.parametrize("override", [None, *OVERRIDES])
def test_no_secret_is_an_argument(docker, dotenv, override):
    """Everybody on the machine can see the arguments of every process."""
    services = configuration(docker, *filter(None, ["compose.yaml", override]))["services"]
    secrets = {dotenv[name] for name in secrets_of(dotenv)}
    for name, service in services.items():
        arguments = (
            f"{service.get('entrypoint')} {service.get('command')} {service.get('healthcheck')}"
        )
        assert not [secret for secret in secrets if secret in arguments], name


def test_compose_refuses_without_init(tmp_path):
    docker = copy_of_docker(tmp_path)
    for files in (["compose.yaml"], ["compose.yaml", *OVERRIDES]):
        done = docker_compose(docker, files, "config")
        assert done.returncode != 0
        assert "run docker/init" in done.stderr


def test_compose_refuses_an_empty_password(tmp_path, dotenv):
    """Every use of a secret has an error message for the case that it is empty."""
    for file in ("compose.yaml", *OVERRIDES):
        text = (ROOT / "docker" / file).read_text()
        for name, rest in re.findall(r"\$\{([A-Z_0-9]+)([^}]*)\}", text):
            expected = "?run docker/init" if name == "STEAM_API_KEY" else ":?run docker/init"
            assert rest == expected, name
            assert name in dotenv, name
    docker = copy_of_docker(tmp_path)
    run_init(docker)
    text = (docker / ".env").read_text()
    (docker / ".env").write_text(re.sub("REDIS_PASSWORD=.*", "REDIS_PASSWORD=", text))
    done = docker_compose(docker, ["compose.yaml"], "config")
    assert done.returncode != 0
    assert "REDIS_PASSWORD" in done.stderr


def test_no_two_secrets_are_alike(dotenv):
    secrets = secrets_of(dotenv)
    assert len(secrets) > 10
    assert len({dotenv[name] for name in secrets}) == len(secrets)
    assert min(len(dotenv[name]) for name in secrets) >= 32


def test_init_keeps_what_is_there(tmp_path):
    docker = copy_of_docker(tmp_path)
    run_init(docker)
    dotenv = docker / ".env"
    text = dotenv.read_text()
    certificate = (docker / "certificates/certificate.pem").read_text()
    run_init(docker)
    assert dotenv.read_text() == text
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    assert stat.S_IMODE((docker / "certificates").stat().st_mode) == 0o700
    assert (docker / "certificates/certificate.pem").read_text() == certificate

    changed = re.sub("STEAM_API_KEY=", "STEAM_API_KEY=ABC", text) + "OWN=1\n"
    dotenv.write_text(re.sub("\nGRAFANA_PASSWORD=.*", "", changed))
    versions = docker / "versions.env"
    versions.write_text(re.sub("REDIS_VERSION=.*", "REDIS_VERSION=99", versions.read_text()))
    run_init(docker)
    after = env_file(dotenv)
    assert after["STEAM_API_KEY"] == "ABC"
    assert after["OWN"] == "1"
    assert after["REDIS_VERSION"] == "99"
    assert len(after["GRAFANA_PASSWORD"]) == 32
    assert f"REDIS_PASSWORD={after['REDIS_PASSWORD']}\n" in text


def test_init_leaves_a_foreign_file_alone(tmp_path):
    docker = copy_of_docker(tmp_path)
    (docker / ".env").write_text("REDIS_PASSWORD=of somebody else\n")
    done = subprocess.run([docker / "init"], check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert (docker / ".env").read_text() == "REDIS_PASSWORD=of somebody else\n"


def test_scram_leaves_no_listener_open(docker):
    services = configuration(docker, "compose.yaml", "compose.scram.yaml")["services"]
    for broker in ("kafka-1", "kafka-2", "kafka-3"):
        environment = services[broker]["environment"]
        protocols = environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
        names = [each.split(":")[0] for each in environment["KAFKA_LISTENERS"].split(",")]
        assert sorted(protocols) == sorted(f"{name}:SASL_PLAINTEXT" for name in names)
    for name, service in services.items():
        connection = service.get("environment", {}).get("AIRFLOW_CONN_KAFKA_DEFAULT")
        assert connection is None or "SCRAM-SHA-512" in connection, name


def test_spark_can_load_its_native_libraries(docker):
    """Java unpacks the libraries to /tmp, from which the engine allows no execution by default."""
    done = docker_compose(
        docker, ["compose.yaml", "compose.spark.yaml"], "--profile", "spark", "config"
    )
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    for name in ("spark-master", "spark-worker-1", "spark-worker-2", "airflow-worker"):
        assert services[name]["tmpfs"][-1] == "/tmp:exec", name  # the last entry takes effect
