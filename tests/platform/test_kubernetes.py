"""Checks docker/kubernetes with the schemas of Kubernetes and of Strimzi, and compares it with
the settings of the same servers in compose.yaml."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from compose import ROOT, env_file

KUBERNETES = ROOT / "docker/kubernetes"
VERSIONS = env_file(ROOT / "docker/versions.env")
CACHE = Path(os.environ.get("STEAMFLOW_CACHE", ROOT / ".cache"))
STRIMZI = "kafka.strimzi.io/v1"
Resource = dict[str, Any]


def load_all(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def rendered(folder: Path) -> Iterator[Resource]:
    """The output of kustomize for a folder that only lists resources and files and names their
    namespace."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    known = {"apiVersion", "kind", "namespace", "resources", "configMapGenerator"}
    assert kustomization.keys() <= known
    for name in kustomization.get("resources", []):
        path = folder / name
        for resource in rendered(path) if path.is_dir() else load_all(path):
            if resource["kind"] not in {"Namespace", "ConfigMap"}:
                assert resource["metadata"]["namespace"] == kustomization["namespace"]
            yield resource
    for each in kustomization.get("configMapGenerator", []):
        data = {file: (folder / file).read_text() for file in each["files"]}
        metadata = {"name": each["name"]}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    listed = {name for name in kustomization.get("resources", []) if name.endswith(".yaml")}
    present = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert listed == present, f"not listed in {folder}"


TRIAL = list(rendered(KUBERNETES / "overlays/trial"))
STRIMZI_OVERLAY = list(rendered(KUBERNETES / "overlays/strimzi"))
SPARK = list(rendered(KUBERNETES / "spark"))
RESOURCES = TRIAL + [each for each in STRIMZI_OVERLAY if each not in TRIAL] + SPARK
VALUES = yaml.safe_load((KUBERNETES / "airflow.yaml").read_text())
SECRET_NAME = re.compile("PASSWORD|SECRET_KEY|FERNET|JWT|_CONN")


def name_of(resource: Resource) -> str:
    return f"{resource['kind']}/{resource['metadata']['name']}"


def of_kind(*kinds: str) -> list[Resource]:
    found = [resource for resource in RESOURCES if resource["kind"] in kinds]
    assert found, kinds
    return found


def pods() -> list[tuple[str, Resource]]:
    workloads = of_kind("StatefulSet", "Deployment", "Job")
    found = [(name_of(each), each["spec"]["template"]) for each in workloads]
    jobs = [(name_of(each), each["spec"]["jobTemplate"]) for each in of_kind("CronJob")]
    return found + [(name, job["spec"]["template"]) for name, job in jobs]


def containers() -> list[Any]:
    return [
        pytest.param(container, id=f"{name}/{container['name']}")
        for name, pod in pods()
        for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
    ]


EVERY_CONTAINER = pytest.mark.parametrize("container", containers())


def strict(schema: Any) -> Any:
    """Returns the schema with unknown properties forbidden, because the API server drops these
    silently."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if (
        isinstance(schema.get("properties"), dict)
        and schema.get("type") == "object"
        and not is_open
    ):
        schema["additionalProperties"] = False
    return schema


@pytest.fixture(scope="module")
def strimzi_schemas() -> dict[str, Any]:
    schemas = {}
    for path in (CACHE / f"strimzi-{VERSIONS['STRIMZI_VERSION']}/crds").glob("*.yaml"):
        spec = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]  # has a megabyte
        for version in spec["versions"]:
            if f"{spec['group']}/{version['name']}" == STRIMZI:
                schema = strict(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                schemas[spec["names"]["kind"]] = schema
    return schemas


@pytest.mark.parametrize("resource", [pytest.param(each, id=name_of(each)) for each in RESOURCES])
def test_schema(resource, strimzi_schemas):
    if resource["apiVersion"] == STRIMZI:
        schema = strimzi_schemas[resource["kind"]]
        jsonschema.Draft202012Validator(schema).validate(resource)
    else:
        kubernetes_validate.validate(resource, VERSIONS["KUBERNETES_VERSION"], strict=True)


def test_a_wrong_property_is_found(strimzi_schemas):
    kafka = next(each for each in of_kind("Kafka"))
    wrong = json.loads(json.dumps(kafka))
    wrong["spec"]["kafka"]["listener"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(strimzi_schemas["Kafka"]).validate(wrong)
    service = json.loads(json.dumps(of_kind("Service")[0]))
    service["spec"]["port"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, VERSIONS["KUBERNETES_VERSION"], strict=True)


def test_topics_are_those_of_the_file():
    topics = {
        each["spec"]["topicName"]: {
            "partitions": each["spec"]["partitions"],
            "replication": each["spec"]["replicas"],
            "config": each["spec"]["config"],
        }
        for each in of_kind("KafkaTopic")
    }
    assert topics == json.loads((ROOT / "docker/kafka/topics.json").read_text())


def test_brokers_are_those_of_compose():
    (kafka,), (pool,) = of_kind("Kafka"), of_kind("KafkaNodePool")
    environment = env_file(ROOT / "docker/kafka/broker.env")
    for name, value in kafka["spec"]["kafka"]["config"].items():
        variable = f"KAFKA_{name.replace('.', '_').upper()}"
        assert environment[variable] == json.dumps(value), name
    assert kafka["spec"]["kafka"]["version"] == VERSIONS["STRIMZI_KAFKA_VERSION"]
    options = pool["spec"]["jvmOptions"]
    heap = f"-Xms{options['-Xms']} -Xmx{options['-Xmx']}"
    assert environment["KAFKA_HEAP_OPTS"] == heap
    direct = f"-XX:MaxDirectMemorySize={options['-XX']['MaxDirectMemorySize']}"
    assert direct in environment["KAFKA_JVM_PERFORMANCE_OPTS"]
    assert pool["spec"]["replicas"] == 3


def test_brokers_of_the_trial_are_those_of_compose():
    (kafka,) = (each for each in TRIAL if name_of(each) == "StatefulSet/kafka")
    assert kafka["spec"]["replicas"] == 3
    (container,) = kafka["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value") for each in container["env"]}
    wanted = env_file(ROOT / "docker/kafka/broker.env")
    assert wanted.keys() <= given.keys()
    own = {  # names of pods, no listener for the host, logins
        "KAFKA_CONTROLLER_QUORUM_VOTERS",
        "KAFKA_LISTENERS",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
        "KAFKA_LOG_DIRS",
    }
    assert {name for name in wanted if given[name] != wanted[name]} == own


def test_data_survives_its_pod():
    """The reference kept its data in emptyDir volumes."""
    (pool,) = of_kind("KafkaNodePool")
    for volume in pool["spec"]["storage"]["volumes"]:
        assert volume["type"] == "persistent-claim"
        assert volume["deleteClaim"] is False
    for each in of_kind("StatefulSet"):
        claims = {claim["metadata"]["name"] for claim in each["spec"]["volumeClaimTemplates"]}
        mounted = {
            mount["name"]
            for container in each["spec"]["template"]["spec"]["containers"]
            for mount in container["volumeMounts"]
        }
        assert claims <= mounted
        for volume in each["spec"]["template"]["spec"].get("volumes", []):
            kinds = volume.keys() - {"name"}
            assert kinds <= {"secret", "configMap"} or volume["emptyDir"]["medium"] == "Memory"


def test_addresses_stay():
    """The services are headless, and their names outlive the pods. Nothing advertises an
    address."""
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind("Service")}
    for each in of_kind("StatefulSet"):
        service = services[each["spec"]["serviceName"]]
        assert service["clusterIP"] == "None"
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert service["selector"].items() <= labels.items()
        ports = [
            port["containerPort"]
            for container in each["spec"]["template"]["spec"]["containers"]
            for port in container["ports"]
        ]
        assert [port["port"] for port in service["ports"]] == ports
    for listener in of_kind("Kafka")[0]["spec"]["kafka"]["listeners"]:
        assert listener["type"] == "internal"
        assert listener["authentication"]["type"] == "scram-sha-512"


@EVERY_CONTAINER
def test_container_is_pinned_limited_and_without_privileges(container):
    name, _, tag = container["image"].partition(":")
    version = tag.removeprefix("v").removesuffix("-alpine")
    assert version in {*VERSIONS.values(), project_version()}, name
    assert {"memory", "cpu"} <= container["resources"]["requests"].keys()
    assert "memory" in container["resources"]["limits"]
    context = container["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}


@EVERY_CONTAINER
def test_secrets_are_references(container):
    for variable in container.get("env", []):
        if SECRET_NAME.search(variable["name"]):
            assert "secretKeyRef" in variable["valueFrom"], variable["name"]
        password = re.search(r"password=\W*(\w+)", variable.get("value", ""))
        assert not password or variable["value"].count("$(") > 0


def test_no_secret_is_written_down():
    assert not [each for each in RESOURCES if each["kind"] == "Secret"]
    for each in of_kind("ConfigMap"):
        assert not [name for name in each["data"] if SECRET_NAME.search(name)], name_of(each)


def project_version() -> str:
    text = (ROOT / "CMakeLists.txt").read_text()
    return text.split("project(steamflow VERSION ")[1].split()[0]


def test_pods_are_restricted():
    """The namespace of the trial requires this. Only what creates pods uses the cluster's API."""
    make_pods = {"StatefulSet/airflow-scheduler", "CronJob/steam-windows", "CronJob/steam-lake"}
    for name, pod in pods():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        talks = pod["spec"]["automountServiceAccountToken"]
        assert talks is (name in make_pods), name
    (namespace,) = (each for each in TRIAL if each["kind"] == "Namespace")
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_executors_are_restricted():
    """Spark makes their pods from a template, and adds the image and the limits."""
    (template,) = load_all(KUBERNETES / "spark/executor.yml")
    kubernetes_validate.validate(
        template | {"metadata": {"name": "executor"} | template["metadata"]},
        VERSIONS["KUBERNETES_VERSION"],
        strict=True,
    )
    drivers = [pod for name, pod in pods() if name.startswith("CronJob/")]
    for driver in drivers:
        assert template["metadata"]["labels"] == driver["metadata"]["labels"]
        assert template["spec"]["securityContext"] == driver["spec"]["securityContext"]
        (container,), (executor,) = driver["spec"]["containers"], template["spec"]["containers"]
        assert executor["securityContext"] == container["securityContext"]
        properties = (KUBERNETES / "spark/spark.properties").read_text()
        assert re.search(
            rf"container\.image +{re.escape(container['image'])}$", properties, re.MULTILINE
        )
    assert template["spec"]["automountServiceAccountToken"] is False


def test_every_server_is_probed():
    for each in of_kind("StatefulSet", "Deployment"):
        for container in each["spec"]["template"]["spec"]["containers"]:
            assert "livenessProbe" in container, name_of(each)


def test_every_server_has_a_disruption_budget():
    budgets = [
        budget["spec"]["selector"]["matchLabels"] for budget in of_kind("PodDisruptionBudget")
    ]
    for each in of_kind("StatefulSet"):
        labels = each["spec"]["template"]["metadata"]["labels"].items()
        assert any(budget.items() <= labels for budget in budgets), name_of(each)
    template = of_kind("Kafka")[0]["spec"]["kafka"]["template"]
    assert template["podDisruptionBudget"] == {"maxUnavailable": 1}


@pytest.mark.parametrize("overlay", [TRIAL, STRIMZI_OVERLAY], ids=["trial", "strimzi"])
def test_prometheus_finds_what_it_asks(overlay):
    services = {
        f"{each['metadata']['name']}:{port['port']}"
        for each in overlay
        if each["kind"] == "Service"
        for port in each["spec"]["ports"]
    }
    configuration = yaml.safe_load((KUBERNETES / "monitoring/prometheus.yml").read_text())
    for job in configuration["scrape_configs"]:
        for static in job["static_configs"]:
            assert set(static["targets"]) <= services


def test_network_policies_close_the_stores():
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind("NetworkPolicy")}
    assert policies.pop("nothing-by-default") == {"podSelector": {}, "policyTypes": ["Ingress"]}
    for each in of_kind("StatefulSet", "Deployment"):
        labels = each["spec"]["template"]["metadata"]["labels"].items()
        selectors = [policy["podSelector"]["matchLabels"] for policy in policies.values()]
        assert any(selector.items() <= labels for selector in selectors), name_of(each)
    allowed = [
        source["podSelector"]["matchLabels"] for source in policies["stores"]["ingress"][0]["from"]
    ]
    for job in of_kind("Job"):
        labels = job["spec"]["template"]["metadata"]["labels"].items()
        assert any(source.items() <= labels for source in allowed), name_of(job)


def test_values_of_the_chart():
    assert VALUES["airflowVersion"] == VERSIONS["AIRFLOW_3_VERSION"]
    assert VALUES["defaultAirflowTag"] == project_version()
    for part in ("apiServer", "scheduler", "dagProcessor", "triggerer", "workers"):
        assert "memory" in VALUES[part]["resources"]["limits"], part
    assert VALUES["createUserJob"]["enabled"] is False
    (given,) = yaml.safe_load(VALUES["extraEnvFrom"])
    environment = {each["name"]: each["value"] for each in VALUES["env"]}
    secret = environment["AIRFLOW_VAR_STEAMFLOW_KUBERNETES_SECRET"]
    assert secret == given["secretRef"]["name"]
    init = (KUBERNETES / "init").read_text()
    names = [VALUES["data"]["metadataSecretName"], VALUES["data"]["brokerUrlSecretName"]]
    names += [
        VALUES[f"{kind}Name"] for kind in ("fernetKeySecret", "apiSecretKeySecret", "jwtSecret")
    ]
    for name in {*names, *secret_names()}:
        assert re.search(rf"^ *secret {name} ", init, re.MULTILINE), name


def secret_names() -> set[str]:
    """The names of all secrets that pods refer to, as variables or as files."""
    text = json.dumps([pod for _, pod in pods()])
    return set(re.findall(r'"(?:secretKeyRef|secretRef)": {"name": "([^"]+)"', text)) | set(
        re.findall(r'"secretName": "([^"]+)"', text)
    )
