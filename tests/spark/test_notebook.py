"""The notebook, run as Jupyter runs it, over the records of the topics and tables."""

from __future__ import annotations

from pathlib import Path

import nbformat
import psycopg
import pytest
from conftest import store_records
from notebook import NOTEBOOK, executed, outputs


def test_the_notebook_is_stored_without_outputs():
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_the_notebook_shows_topics_and_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brokers: str, postgres: str
):
    store_records(brokers, postgres)
    notebook = executed(tmp_path, monkeypatch, brokers, postgres)
    with psycopg.connect(postgres) as database:
        newest = database.execute(
            "SELECT DISTINCT ON (game) game, player_count FROM steamflow.player_counts"
            " ORDER BY game, event_time DESC"
        ).fetchall()
        most_played = database.execute(
            "SELECT name, count(DISTINCT steam_id) FROM steamflow.recently_played_games"
            " GROUP BY name ORDER BY 2 DESC LIMIT 1"
        ).fetchone()
    (table,) = outputs(notebook, "counts")
    assert len(newest) == 3
    for game, count in newest:
        assert f"{game}" in table["text/plain"] and f"{count}" in table["text/plain"]
    name, accounts = most_played
    for cell in ("played", "most-played-plot"):
        assert any(
            name in output["text/plain"] and f"{accounts}" in output["text/plain"]
            for output in outputs(notebook, cell)
        )
    for cell in ("player-counts-plot", "most-played-plot"):
        (picture,) = (output for output in outputs(notebook, cell) if "image/png" in output)
        assert len(picture["image/png"]) > 10_000
