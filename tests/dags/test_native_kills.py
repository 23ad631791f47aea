"""Ends a native task from outside: by its deadline, by signals, and by killing the task, its supervisor
or both. In each case the cursor passes only records that Kafka has (I1), and later undisturbed runs
deliver the rest under the same event ids (I3, I8)."""

from __future__ import annotations

import contextlib
import ctypes
import json
import multiprocessing
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from conftest import KEY, PROGRAMS, FailingSteam
from described import descriptions
from supervised import Api, Outcome, packer, supervise
from test_scheduled import until
from walk import START, Walk

BLOCK = 300  # ids of a run, in calls of 100
KILLS = 12
DAG_ID, TASK_ID = "walk", "players"
DAG_FILE = """
with DAG("walk"):
    steamflow_task(
        "players",
        ["steam-player-summaries", "--topic", "{topic}", "--count", "{count}", *{more}],
        variables=["STEAM_API_KEY", "STEAM_API_URL", "STEAM_DAILY_CALL_BUDGET"],
        connections=["kafka_default", "redis_default"],
    )
"""
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Deployment(Api):
    """Airflow. It wants the task to end if the file exists."""

    stopped: Path = Path("/nowhere")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.stopped.exists() and request.url.path.endswith(("/heartbeat", "/state")):
            return httpx.Response(409, json={"detail": {"reason": "not_running"}})
        return super().__call__(request)


@dataclass
class SupervisedWalk(Walk):
    """A walk by native tasks. Each has its own supervisor, a process."""

    folder: Path
    api: Deployment
    monkeypatch: pytest.MonkeyPatch
    others: set[int] = field(default_factory=set)  # children that belong to no run

    def pack(self, *more: str, count: int = BLOCK) -> None:
        dag_file = self.folder / f"{DAG_ID}.py"
        dag_file.write_text(DAG_FILE.format(topic=self.topic, count=count, more=repr(more)))
        dispatcher = (PROGRAMS / "steamflow").read_bytes()
        assert packer().pack(dispatcher, descriptions(), dag_file, self.folder)

    def start(self) -> int:
        """Starts a supervisor with its task and returns the supervisor's process id."""
        (self.folder / "outcome.json").unlink(missing_ok=True)
        self.others = {child.pid for child in psutil.Process().children()}
        process = multiprocessing.get_context("fork").Process(target=self.run)
        process.start()
        assert process.pid
        return process.pid

    def run(self) -> None:
        outcome = supervise(self.api, self.folder, DAG_ID, TASK_ID, self.monkeypatch)
        said = {"states": self.api.states, "xcoms": self.api.xcoms, "log": outcome.log}
        part = self.folder / "outcome.part"
        part.write_text(json.dumps(said | {"code": outcome.exit_code}))
        part.replace(self.folder / "outcome.json")

    def end(self) -> tuple[list[dict[str, Any]], Outcome] | None:
        """Waits until all processes of the run have ended, also a task without its supervisor. Returns
        what Airflow was told, or None if the supervisor did not survive the run."""

        def left() -> list[psutil.Process]:
            children = psutil.Process().children()
            return [child for child in children if child.pid not in self.others]

        def is_over() -> bool:
            for child in left():
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, os.WNOHANG)
            return not left()

        until(is_over, 120, lambda: f"{left()} still run")
        outcome = self.folder / "outcome.json"
        if not outcome.exists():
            return None
        said = json.loads(outcome.read_text())
        self.api.xcoms = said["xcoms"]
        return said["states"], Outcome(said["code"], said["log"])

    def task(self, supervisor: int) -> int | None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(supervisor).children():
                return child.pid
        return None


@pytest.fixture
def walk_of(
    tmp_path: Path, brokers: str, redis: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], SupervisedWalk]]:
    """walk_of(URL) makes a walk that calls this API and has its own topic and cursor."""
    monkeypatch.setenv("AIRFLOW_VAR_STEAMFLOW_BIN", str(PROGRAMS))
    # A task becomes a child of this process when its supervisor has ended.
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1)

    def make(steam: str) -> SupervisedWalk:
        host, port = redis.split(":")
        kafka = json.dumps({"bootstrap.servers": brokers})
        api = Deployment(
            variables={
                "STEAM_API_KEY": KEY,
                "STEAM_API_URL": steam,
                "STEAM_DAILY_CALL_BUDGET": "-1",
            },
            connections={
                "kafka_default": {"conn_type": "kafka", "extra": kafka},
                "redis_default": {"conn_type": "redis", "host": host, "port": int(port)},
            },
            logical_date=datetime.now(UTC).replace(microsecond=0).isoformat(),
            stopped=tmp_path / "stopped",
        )
        topic = f"native_kills_{time.time_ns()}"
        walk = SupervisedWalk(brokers, redis, steam, topic, tmp_path, api, monkeypatch)
        walk.create_topics(tmp_path)
        return walk

    yield make
    prctl(PR_SET_CHILD_SUBREAPER, 0)


@pytest.fixture
def stuck(walk_of: Callable[[str], SupervisedWalk], failing: FailingSteam) -> SupervisedWalk:
    """A walk that gets no answer to its second call."""
    failing.fail({"steamid": str(START - 100)}, kind="silence")
    return walk_of(failing.url)


def await_first_call(walk: SupervisedWalk) -> set[int]:
    first = walk.accounts(START, 100)
    until(lambda: walk.delivered().keys() == first, 60, lambda: f"delivered: {walk.delivered()}")
    return first


def stop_by_airflow(walk: SupervisedWalk, supervisor: int) -> None:
    walk.api.stopped.touch()


def signal_task(walk: SupervisedWalk, supervisor: int) -> None:
    os.kill(walk.task(supervisor), signal.SIGTERM)


def signal_worker(walk: SupervisedWalk, supervisor: int) -> None:
    os.kill(supervisor, signal.SIGTERM)


def kill_worker(walk: SupervisedWalk, supervisor: int) -> None:
    os.kill(supervisor, signal.SIGKILL)


@pytest.mark.parametrize(
    ("act", "state", "reason"),
    [
        (signal_task, "up_for_retry", "stopped by SIGTERM"),
        (signal_worker, "up_for_retry", "stopped by SIGTERM"),  # the worker passes the signal on
        (stop_by_airflow, None, None),  # somebody has marked the task in the UI
        (kill_worker, None, None),  # the task notices that its parent has died
    ],
)
def test_a_task_that_is_stopped_keeps_what_it_has_done(stuck, monkeypatch, act, state, reason):
    monkeypatch.setattr("airflow.sdk.execution_time.supervisor.MIN_HEARTBEAT_INTERVAL", 0.2)
    stuck.pack(count=200)
    supervisor = stuck.start()
    first = await_first_call(stuck)
    act(stuck, supervisor)
    ended = stuck.end()
    assert stuck.cursor() == START - 100
    assert stuck.delivered().keys() == first
    assert (ended is None) == (act is kill_worker)
    if ended:
        states, outcome = ended
        assert [told["state"] for told in states] == ([state] if state else []), outcome.log
        assert not state or reason in states[0]["retry_reason"]
        assert ("Task killed!" in outcome.events("error")) == (act is stop_by_airflow)


def test_the_deadline_ends_a_task(stuck):
    stuck.pack("--deadline", "20", count=200)
    stuck.start()
    ended = stuck.end()
    assert ended
    (told,) = ended[0]
    assert told["state"] == "up_for_retry"
    assert told["retry_reason"]
    assert stuck.cursor() == START - 100
    stuck.check(START)


def left_of_today() -> float:
    return 86_400 - time.time() % 86_400


def test_a_task_that_has_used_up_the_days_calls_comes_back_on_the_next(walk_of, failing):
    """Airflow is told to retry it then, because an id has failed."""
    failing.fail({"steamid": str(START)}, kind="status", status=500)
    walk = walk_of(failing.url)
    walk.api.variables |= {"STEAM_API_KEY": uuid.uuid4().hex, "STEAM_DAILY_CALL_BUDGET": "3"}
    walk.pack("--retries", "0", count=500)
    before = left_of_today()
    walk.start()
    ended = walk.end()
    assert ended
    (told,) = ended[0]
    assert told["state"] == "up_for_retry", ended[1].log
    after = left_of_today()
    is_past_midnight = after > before
    assert is_past_midnight or after <= told["retry_delay_seconds"] <= before + 1


def victims(walk: SupervisedWalk, supervisor: int) -> dict[str, list[tuple[int, int]]]:
    """The processes that may be killed, with the signals that each may get."""
    task = walk.task(supervisor)
    kills = {"supervisor": [(supervisor, signal.SIGKILL)]}
    if task:
        kills["task"] = [(task, signal.SIGKILL)]
        kills["task, gently"] = [(task, signal.SIGTERM)]
        kills["both"] = [(supervisor, signal.SIGKILL), (task, signal.SIGKILL)]
    return kills


def test_kills_at_random(walk_of, steam):
    walk = walk_of(steam)
    walk.pack()
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    choice = random.Random(seed)
    begun = time.monotonic()
    walk.start()
    assert walk.end()
    length = time.monotonic() - begun  # of the last run that nothing killed
    killed: Counter[str] = Counter()
    while killed.total() < KILLS:
        before, begun = walk.cursor(), time.monotonic()
        supervisor = walk.start()
        time.sleep(choice.uniform(0, length))  # a kill at any moment
        who, kills = choice.choice(list(victims(walk, supervisor).items()))
        for pid, number in kills:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        ended = walk.end()
        states = ended[0] if ended else []  # a killed task reports no state
        if not states or states[-1]["state"] != "success":
            killed[who] += 1
        else:  # I7
            length = time.monotonic() - begun
            result = walk.api.xcoms[f"{TASK_ID}/return_value"]
            assert result["kafka"]["records"] == result["kafka"]["acknowledged"]
            assert result["cursors"][0]["to"] == str(walk.cursor())
        walk.check(before)
    print(f"killed: {dict(killed)}")
    # The last run is not disturbed.
    before = walk.cursor()
    walk.start()
    ended = walk.end()
    assert ended
    assert ended[0][-1]["state"] == "success", ended[1].log
    cursor = walk.cursor()
    assert before - cursor == BLOCK
    assert walk.delivered().keys() == walk.accounts(START, START - cursor)
