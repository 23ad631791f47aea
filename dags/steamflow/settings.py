"""The settings that shape the DAGs. They are read from the environment when a DAG file is parsed,
never from the database. An empty value means the default. Settings of a program at run time are
Variables and Connections of its task instead.

- `AIRFLOW_VAR_STEAMFLOW_RUNTIME`: where the programs run: `bash` (default), `native`, `docker` or
  `kubernetes`.
- `AIRFLOW_VAR_STEAMFLOW_BIN`: bash and native: the folder of the programs. Default: search PATH.
- `AIRFLOW_VAR_STEAMFLOW_IMAGE`: docker and kubernetes: the image. Default `steamflow:latest`.
- `AIRFLOW_VAR_STEAMFLOW_DOCKER_NETWORK`: docker: the network in which Kafka and Redis can be reached.
  Default: Docker's default bridge.
- `AIRFLOW_VAR_STEAMFLOW_KUBERNETES_SECRET`: kubernetes: a Secret in the namespace of the pods. They
  read Connections, keys and passwords from it, under the keys AIRFLOW_CONN_* and AIRFLOW_VAR_*. For a
  private certificate authority it also has certificate.pem, SSL_CERT_FILE and SSL_CERT_DIR.
  Default: Airflow writes all of them into the pod's specification.
- `AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL`: the address of Grafana; each task then links to its dashboard.
- `AIRFLOW_VAR_STEAMFLOW_SHARDS`: how many tasks share the work of a sharded DAG, 1 to 999.
"""

from __future__ import annotations

import os
import re


def setting(name: str, pattern: str, expected: str, default: str = "") -> str:
    """The value of AIRFLOW_VAR_STEAMFLOW_<name> in the environment. Raises ValueError if it does not
    match the pattern; then the import of every DAG fails."""
    variable = f"AIRFLOW_VAR_STEAMFLOW_{name}"
    value = os.environ.get(variable) or default
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{variable} is {value!r}, expected {expected}")
    return value


RUNTIME = setting(
    "RUNTIME", "bash|native|docker|kubernetes", "bash, native, docker or kubernetes", "bash"
)
BIN = setting("BIN", "(/.*)?", "an absolute path")
IMAGE = setting("IMAGE", r"\S+", "the name of an image", "steamflow:latest")
DOCKER_NETWORK = setting("DOCKER_NETWORK", r"\S*", "the name of a network")
KUBERNETES_SECRET = setting("KUBERNETES_SECRET", "[a-z0-9.-]*", "the name of a Secret")
GRAFANA_URL = setting("GRAFANA_URL", r"(https?://\S+)?", "an http or https URL")
SHARDS = int(setting("SHARDS", "[1-9][0-9]{0,2}", "a number from 1 to 999", "1"))
