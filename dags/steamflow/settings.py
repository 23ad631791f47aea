"""What shapes the DAGs: the deployment's choices, read from the environment when a DAG file is
parsed, never from the database. An empty value is the default. What a program is told at run time
does not belong here: that is a Variable or Connection of its task.

- `AIRFLOW_VAR_STEAMFLOW_RUNTIME`: where the programs run: `bash` (default), `native`, `docker` or
  `kubernetes`.
- `AIRFLOW_VAR_STEAMFLOW_BIN`: bash and native: the folder of the programs. Default: they are on PATH.
- `AIRFLOW_VAR_STEAMFLOW_IMAGE`: docker and kubernetes: the image. Default `steamflow:latest`.
- `AIRFLOW_VAR_STEAMFLOW_DOCKER_NETWORK`: docker: the network that reaches Kafka and Redis, where
  that is not Docker's default bridge.
- `AIRFLOW_VAR_STEAMFLOW_KUBERNETES_SECRET`: kubernetes: the Secret, in the pods' namespace, from which
  they get Connections, keys and passwords by reference; its keys are AIRFLOW_CONN_* and AIRFLOW_VAR_*,
  and for an authority of one's own certificate.pem, SSL_CERT_FILE and SSL_CERT_DIR.
  Default: Airflow writes them into the pod's specification.
- `AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL`: where people reach Grafana: each task then links to its dashboard.
- `AIRFLOW_VAR_STEAMFLOW_SHARDS`: how many tasks share the walk of a sharded DAG, 1 to 999.
"""

from __future__ import annotations

import os
import re


def setting(name: str, pattern: str, expected: str, default: str = "") -> str:
    """The environment's AIRFLOW_VAR_STEAMFLOW_<name>; ValueError, which fails the import of every
    DAG, where it does not match the pattern."""
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
