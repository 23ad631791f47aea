"""The notebook, run as Jupyter runs it, over the topics and tables of the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOK = ROOT / "docker/jupyter/steam.ipynb"


def executed(folder: Path, monkeypatch: pytest.MonkeyPatch, brokers: str, postgres: str) -> Any:
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(folder / name))
    kafka = {"conn_type": "kafka", "extra": {"bootstrap.servers": brokers}}
    monkeypatch.setenv("AIRFLOW_CONN_KAFKA_DEFAULT", json.dumps(kafka))
    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES_DEFAULT", postgres)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    return notebook


def outputs(notebook: Any, cell: str) -> list[dict[str, Any]]:
    """The outputs of a cell, by type."""
    (found,) = (each for each in notebook.cells if each.id == cell)
    return [output["data"] for output in found.outputs if "data" in output]
