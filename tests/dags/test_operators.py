"""The operator by itself, as a DAG of another project uses it."""

from __future__ import annotations

import inspect
import json
import re
import runpy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, Asset
from conftest import ROOT
from rendered import ENVIRONMENT, given, rendered
from test_every_dag import argv, options_of, settings_of

RUNTIMES = ["bash", "docker", "kubernetes"]


@pytest.fixture
def module(load_dags, monkeypatch):
    """module("operators", RUNTIME="docker") is that module of the package."""

    def load(name: str, **settings: str) -> Any:
        load_dags(**settings)  # loads the package again, with these settings
        return __import__(f"steamflow.{name}", fromlist=[name])

    return load


def task_of(operator: Any, **arguments: Any) -> Any:
    with DAG("steam_usrinfo_dag", schedule=None, start_date=datetime(2024, 1, 1, tzinfo=UTC)):
        return operator(task_id="player_summaries", argv=["steam-player-summaries"], **arguments)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_program_is_given_what_the_task_names(module, runtime):
    operator = module("operators", RUNTIME=runtime).SteamflowOperator
    task = task_of(
        operator,
        variables=["STEAM_API_KEY", "STEAM_API_URL", "STEAM_TIMEZONE", "STEAM_DAILY_CALL_BUDGET"],
        connections=["kafka_default", "redis_default"],
        environment={"RUN": "{{ run_id }}"},
    )
    assert task.task_type == "SteamflowOperator"
    expected = ENVIRONMENT | {"RUN": "manual__1"}
    assert given(rendered(task)) == (["steam-player-summaries"], expected)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_can_be_mapped_over_arguments(module, runtime):
    operator = module("operators", RUNTIME=runtime).SteamflowOperator
    argvs = [["steam-news"], ["steam-current-players"]]
    with DAG("steam_usrinfo_dag", schedule=None, start_date=datetime(2024, 1, 1, tzinfo=UTC)):
        mapped = operator.partial(task_id="each", variables=["STEAM_GAMES"]).expand(argv=argvs)
    task = mapped.unmap({"argv": argvs[1]})
    assert given(rendered(task))[0] == ["steam-current-players"]
    assert "AIRFLOW_VAR_STEAM_GAMES" in given(task)[1]


@pytest.mark.parametrize("parameter", ["argv", "variables", "connections"])
def test_a_text_is_no_list(module, parameter):
    operator = module("operators").SteamflowOperator
    arguments = {"argv": ["steam-news"], parameter: "STEAM_API_URL"}
    with pytest.raises(TypeError, match=f"{parameter} is the text 'STEAM_API_URL'"):
        operator(task_id="news", **arguments)


def test_there_is_no_task_without_a_program(module):
    with pytest.raises(ValueError, match="argv is empty"):
        module("operators").SteamflowOperator(task_id="news", argv=[])


def test_each_parameter_is_told_of(module):
    operator = module("operators").SteamflowOperator
    parameters = inspect.signature(operator.__init__).parameters
    told = re.findall(r":param (\w+):", operator.__doc__)
    assert set(told) == set(parameters) - {"self", "kwargs"}
    assert all(parameters[name].annotation for name in told)


def test_the_example_of_the_page_names_what_its_program_has(module, tmp_path):
    module("operators")
    (example,) = re.findall(
        r"```python\n(from steamflow.operators .*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    file = tmp_path / "example.py"
    file.write_text(example)
    with DAG("example", schedule=None, start_date=datetime(2024, 1, 1, tzinfo=UTC)) as dag:
        runpy.run_path(str(file))
    (task,) = dag.tasks
    command = argv(task)
    assert options_of(command)
    named = {name for name in task.env if name.startswith(("AIRFLOW_VAR_", "AIRFLOW_CONN_"))}
    assert named <= settings_of(command[0])
    assert named > {"AIRFLOW_VAR_PUSHGATEWAY_URL"}


def test_no_link_without_an_address_of_grafana(module):
    assert not module("operators").SteamflowOperator.operator_extra_links


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_task_has_a_link_to_the_dashboard_of_its_topic(module, runtime):
    settings = {"RUNTIME": runtime, "GRAFANA_URL": "https://grafana.example/"}
    operator = module("operators", **settings).SteamflowOperator
    topic_asset = module("assets", **settings).topic_asset
    (link,) = (each for each in operator.operator_extra_links if each.name == "Grafana")
    fills = task_of(operator, outlets=[Asset("s3://elsewhere"), topic_asset("steam_news")])
    url = link.get_link(fills, ti_key=None)
    assert url == "https://grafana.example/d/steamflow-kafka?var-filters=topic%7C%3D%7Csteam_news"
    other = link.get_link(task_of(operator), ti_key=None)
    assert other == "https://grafana.example/d/steamflow-pipeline"


def test_the_dashboards_of_the_links_are_those_of_docker():
    dashboards = {
        dashboard["uid"]: dashboard
        for dashboard in map(
            json.loads,
            (path.read_text() for path in (ROOT / "docker/grafana/dashboards").glob("*.json")),
        )
    }
    assert "steamflow-pipeline" in dashboards
    (variable,) = dashboards["steamflow-kafka"]["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("filters", "adhoc")


def test_only_the_events_of_topics_are_told_what_was_acknowledged(module):
    assets = module("assets")
    topic, other = assets.topic_asset("steam_news"), Asset("s3://elsewhere")
    events = {topic: SimpleNamespace(extra={}), other: SimpleNamespace(extra={})}
    result = {"kafka": {"topic": "steam_news", "acknowledged": 3}, "run": {"run_id": "manual__1"}}
    context = {"task": SimpleNamespace(outlets=[other, topic]), "outlet_events": events}
    assets.tell_acknowledged(context, result)
    assert events[topic].extra == {
        "topic": "steam_news",
        "run_id": "manual__1",
        "acknowledged": 3,
    }
    assert events[other].extra == {}
