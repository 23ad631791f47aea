"""The command line and environment of a program, which are the same in every runtime."""

from __future__ import annotations

import pytest
from rendered import ENVIRONMENT, given, rendered

RUNTIMES = ["bash", "docker", "kubernetes"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_shards(load_dags, runtime):
    dag = load_dags(RUNTIME=runtime, SHARDS="2")["steam_usrinfo_dag"]
    argv = ["steam-news", "--shard", "1/2"]
    assert given(dag.get_task("player_summaries").unmap({"argv": argv}))[0] == argv


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_native_objects_are_text(load_dags, runtime):
    """A DAG may render templates to the objects that their text represents."""
    dags = load_dags(RUNTIME=runtime)
    for name in ("steam_usrinfo_dag", "runDag"):
        dags[name].render_template_as_native_obj = True
    task = rendered(dags["steam_usrinfo_dag"].get_task("player_summaries"))
    assert given(task) == (["steam-player-summaries"], ENVIRONMENT)
    task = rendered(dags["runDag"].get_task("overload_test"))
    assert given(task)[0] == ["kafka-load-test", "--factor", "1000"]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("carrier", "traceparent"),
    [({"traceparent": "00-0af7", "tracestate": "a=b"}, "00-0af7"), ({}, ""), (None, "")],
)
def test_the_trace_of_the_task_goes_on(load_dags, runtime, carrier, traceparent):
    """Airflow 2 gives none, for which all other tests stand."""
    task = load_dags(RUNTIME=runtime)["steam_usrinfo_dag"].get_task("player_summaries")
    given_to_it = given(rendered(task, context_carrier=carrier))
    assert given_to_it == (["steam-player-summaries"], ENVIRONMENT | {"TRACEPARENT": traceparent})


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("ending", [".sh", ".env"])
def test_an_argument_is_no_file_of_a_template(load_dags, runtime, ending):
    """Airflow's operators would read an argument with this ending as a template file."""
    dag = load_dags(RUNTIME=runtime, SHARDS="2")["steam_usrinfo_dag"]
    argv = ["steam-news", "--sink", f"file:/news{ending}"]
    task = rendered(dag.get_task("player_summaries").unmap({"argv": argv}))
    assert given(task)[0] == argv
