"""Checks the promises of Grafana's provisioning: the dashboards are found, their data source
exists, and no panel hides another."""

import itertools
import json
import re
from pathlib import Path

GRAFANA = Path(__file__).resolve().parents[2] / "docker" / "grafana"
WIDTH = 24  # in cells of Grafana's grid


def main() -> None:
    source = (GRAFANA / "provisioning/datasources/prometheus.yaml").read_text()
    uid = re.search(r"^ +uid: (\w+)", source, re.MULTILINE)
    assert uid
    dashboards = [json.loads(path.read_text()) for path in GRAFANA.glob("dashboards/*.json")]
    assert len({dashboard["uid"] for dashboard in dashboards}) == len(dashboards) == 3
    for dashboard in dashboards:
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert len({panel["title"] for panel in panels}) == len(panels)
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            what = f"{dashboard['title']}, {panel['title']}"
            assert panel["datasource"] == {"type": "prometheus", "uid": uid[1]}, what
            assert panel["fieldConfig"]["defaults"]["unit"], what
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
            at = panel["gridPos"]
            assert 0 <= at["x"] and at["x"] + at["w"] <= WIDTH, what
            cells = set(
                itertools.product(
                    range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
                )
            )
            assert not cells & taken, f"{what} covers another panel"
            taken |= cells


if __name__ == "__main__":
    main()
