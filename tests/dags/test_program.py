"""What a program is given, the same in every runtime."""

from __future__ import annotations

import pytest
from rendered import given

RUNTIMES = ["bash", "docker", "kubernetes"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_shards(load_dags, runtime):
    dag = load_dags(RUNTIME=runtime, SHARDS="2")["steam_usrinfo_dag"]
    argv = ["steam-news", "--shard", "1/2"]
    assert given(dag.get_task("player_summaries").unmap({"argv": argv}))[0] == argv
