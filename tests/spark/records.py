"""The records of the tests, in the form that the sources produce. Only their hour differs from run to
run."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from confluent_kafka import OFFSET_END, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

COUNTS, PLAYED = "topic_currPlayer", "rct_plyd_games"
PROFILES, WATCHED, NEWS = "topic_GetUserInfo", "steamusers", "steam_news"
GAMES = {"Palworld": 1623730, "Monster Hunter World": 582010, "엘든 링": 1245620}
SEOUL = timezone(timedelta(hours=9))
FIRST_ACCOUNT = 76561197960499900
# Forty hours ago, which is within the topics' retention.
BEGIN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=40)


@dataclass(frozen=True)
class Record:
    topic: str
    key: str
    event_id: str  # empty: without the header
    time: datetime
    fields: dict[str, Any] | None  # None: not JSON
    is_tombstone: bool = False

    def value(self) -> str | None:
        if self.is_tombstone:
            return None
        if self.fields is None:
            return "{"
        timestamp = self.time.astimezone(SEOUL).isoformat(timespec="seconds")
        return json.dumps(self.fields | {"timestamp": timestamp})


def after(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def player_count(game: str, time: datetime, count: int) -> Record:
    event_id = f"{COUNTS}/{GAMES[game]}/{time:%Y-%m-%dT%H:%MZ}"
    fields = {"game": game, "appid": GAMES[game], "player_count": count}
    return Record(COUNTS, game, event_id, time, fields)


def game_played(account: int, appid: int, begun: datetime, time: datetime) -> Record:
    """A game record, from the pass of the walk that began at `begun`."""
    event_id = f"{PLAYED}/{begun:%Y-%m-%dT%H:%MZ}/{account}/{appid}"
    fields = {"appid": appid, "name": f"Game {appid}", "playtime_2weeks": 60}
    return Record(PLAYED, str(appid), event_id, time, fields | {"steam_id": str(account)})


def counts_between(begin: datetime, end: datetime, chance: random.Random) -> list[Record]:
    step = timedelta(minutes=3)
    times = [begin + i * step for i in range((end - begin) // step)]
    return [player_count(game, time, chance.randrange(200_000)) for time in times for game in GAMES]


def walk(begin: datetime, accounts: int, chance: random.Random) -> list[Record]:
    """A pass over accounts, with one account every two minutes and up to four of twelve games each."""
    return [
        game_played(FIRST_ACCOUNT - i, appid, begin, begin + timedelta(minutes=2 * i))
        for i in range(accounts)
        for appid in chance.sample(range(10, 130, 10), chance.randrange(5))
    ]


def again(record: Record) -> Record:
    """The record that the source produces when it runs again: the event id is the same, and a record
    of a walk has the time of the second run."""
    if record.topic == COUNTS:
        return record
    return replace(record, time=record.time + timedelta(minutes=7))


def first_and_second_part() -> tuple[list[Record], list[Record]]:
    """The records of 30 hours, and of 4 more hours with late, repeated and unusable records."""
    chance = random.Random(1)
    first = counts_between(after(0), after(30), chance) + walk(after(0), 850, chance)
    late = [record for record in first[::40] if record.time > after(10)]
    first = [record for record in first if record not in late]
    first += [again(record) for record in chance.sample(first, 200)]
    second = counts_between(after(30), after(34), chance)
    second += walk(after(30), 110, chance)  # of the same accounts again
    second += late + [again(record) for record in chance.sample(first, 200)]
    second += [
        Record(COUNTS, "Palworld", "", after(31), {"appid": 1, "player_count": 5}),
        Record(COUNTS, "Palworld", f"{COUNTS}/no/number", after(31), {"appid": 1}),
        Record(COUNTS, "Palworld", f"{COUNTS}/no/json", after(31), None),
        player_count("Palworld", after(40 + 48), 7),  # from the future
    ]
    return first, second


def third_part() -> tuple[list[Record], list[Record]]:
    """One record of each topic, and records that are too late: a day older than the newest one of the
    first part."""
    on_time = [
        player_count("Palworld", after(35), 8),
        game_played(FIRST_ACCOUNT, 10, after(35), after(35)),
    ]
    times = [BEGIN + timedelta(minutes=minutes) for minutes in (61, 124, 190)]
    return on_time, [player_count(game, time, 9) for game in GAMES for time in times]


def profile(topic: str, account: int, pass_: datetime, name: str) -> Record:
    event_id = f"{topic}/{pass_:%Y-%m-%dT%H:%MZ}/{account}"
    fields = {"steamid": str(account), "personaname": name, "personastate": 1, "new_field": [1]}
    return Record(topic, str(account), event_id, pass_ + timedelta(minutes=1), fields)


def news(gid: str, edition: str, date: datetime) -> Record:
    fields = {"gid": gid, "title": f"Title {edition}", "date": int(date.timestamp())}
    fields |= {"feed_appid": 570, "tags": ["patch", "노트"]}
    return Record(NEWS, gid, f"{NEWS}/570/{gid}/{edition}", date + timedelta(hours=1), fields)


def state_and_news() -> tuple[list[Record], list[Record]]:
    """Records that belong to no window, with repeats and a tombstone; and records that a sink turns
    into dead letters."""
    records = [
        profile(topic, FIRST_ACCOUNT - i, after(hours), f"name {i} at {hours}")
        for topic in (PROFILES, WATCHED)
        for hours in (0, 30)
        for i in range(40)
    ]
    records += [again(record) for record in records[:30]]
    gone = FIRST_ACCOUNT - 1
    records.append(Record(PROFILES, str(gone), "", after(31), {}, is_tombstone=True))
    records += [news(f"{i}", edition, after(i)) for i in range(20) for edition in ("a1", "b2")]
    records += [again(record) for record in records[-10:]]
    far = {"gid": "far", "date": 2**40, "feed_appid": "570", "appid": -1, "title": None}
    records.append(Record(NEWS, "far", f"{NEWS}/570/far/c3", after(3), far))
    letters = [
        Record(NEWS, "1", f"{NEWS}/no/json", after(31), None),
        Record(NEWS, "1", f"{NEWS}/no/value", after(31), {}, is_tombstone=True),
    ]
    return records, letters


def produce(brokers: str, records: list[Record]) -> None:
    """Produces the records in order and waits for each acknowledgement."""
    errors = []
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
    for record in records:
        producer.produce(
            record.topic,
            record.value(),
            record.key,
            headers={"event_id": record.event_id} if record.event_id else None,
            on_delivery=lambda error, _: error and errors.append(error),
        )
    assert producer.flush(60) == 0
    assert not errors


def delete_records(brokers: str, topic: str) -> None:
    """Deletes all records of the topic, as retention does."""
    admin = AdminClient({"bootstrap.servers": brokers})
    partitions = admin.list_topics(topic, timeout=60).topics[topic].partitions
    ends = [TopicPartition(topic, partition, OFFSET_END) for partition in partitions]
    for deleted in admin.delete_records(ends).values():
        deleted.result(60)
