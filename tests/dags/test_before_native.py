"""The native runtime on an Airflow that has none."""

from __future__ import annotations

from conftest import DAGS


def test_an_airflow_without_it_says_so_when_a_dag_is_parsed(dag_bag):
    errors = dag_bag(RUNTIME="native").import_errors
    assert len(errors) == len(list(DAGS.glob("*.py")))
    for error in errors.values():
        assert "'native', which needs Airflow 3.3 or later, and this is 2." in error
