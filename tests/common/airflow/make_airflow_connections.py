"""Asks an installed Airflow how it writes and reads connections, for the C++ parser's tests.

Run it once in each environment; it replaces that version's entries and keeps the others:

    .cache/airflow-2/bin/python tests/common/airflow/make_airflow_connections.py
    .cache/airflow-3/bin/python tests/common/airflow/make_airflow_connections.py

An entry has a connection in both forms that AIRFLOW_CONN_<ID> may have (`uri`, `json`) and what the
same Airflow reads back from each (`expected_from_uri`, `expected_from_json`). Null means that
Airflow rejects the form, so there is no expected result.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# On its first import, Airflow creates its configuration and, on version 2, a database file.
airflow_home = tempfile.TemporaryDirectory(prefix="airflow-connections-")
os.environ["AIRFLOW_HOME"] = airflow_home.name

from airflow import __version__ as airflow_version

try:
    from airflow.sdk import Connection  # what templates and tasks see on Airflow 3
except ImportError:
    from airflow.models import Connection

OUTPUT = Path(__file__).with_name("airflow_connections.json")
FIELDS = ("conn_type", "login", "password", "host", "port", "schema")

# Connections given by their fields. Airflow writes both forms.
FROM_FIELDS: dict[str, dict[str, Any]] = {
    "kafka with properties": {
        "conn_type": "kafka",
        "extra": {"bootstrap.servers": "localhost:9092", "compression.type": "lz4"},
    },
    "kafka, host and port only": {"conn_type": "kafka", "host": "broker-1", "port": 9092},
    "kafka, list of hosts": {"conn_type": "kafka", "host": "a:9092,b:9092,c:9092"},
    "kafka, list of hosts and a port": {"conn_type": "kafka", "host": "a,b,c", "port": 9092},
    "kafka with sasl": {
        "conn_type": "kafka",
        "extra": {
            "bootstrap.servers": "a:9092,b:9092",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "steam",
            "sasl.password": "p@ss:w/o?r#d%41&a=b+c d",
        },
    },
    "kafka, login and password in the fields": {
        "conn_type": "kafka",
        "login": "steam",
        "password": "secret",
        "host": "broker",
        "port": 9094,
        "extra": {"security.protocol": "SASL_PLAINTEXT"},
    },
    "kafka, numbers and booleans": {
        "conn_type": "kafka",
        "host": "broker",
        "port": 9092,
        "extra": {"linger.ms": 5, "enable.idempotence": True, "ratio": 0.5, "nothing": None},
    },
    "extra, numbers as strings": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"linger.ms": "5", "enable.idempotence": "true", "null": "null", "empty": ""},
    },
    "extra, nested": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"ssl": {"ca": "/etc/ca.pem", "verify": True}, "servers": ["a:1", "b:2"]},
    },
    "extra, equals and ampersands": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"sasl.jaas.config": 'user="a=b" & pass="c;d"', "plus": "a+b c%20d"},
    },
    "extra, newline and tab": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"ssl.ca.pem": "-----BEGIN-----\nMIIB+/==\n-----END-----\n", "tab": "a\tb"},
    },
    "extra, unicode": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"client.id": "몬스터 헌터 🎮", 'quote"d': "back\\slash"},
    },
    "extra, url as value": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"oauth.token.endpoint.uri": "https://id.example.com/token?x=1"},
    },
    "extra, a nested url": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"oauth": {"endpoint": "https://id.example.com/token?x=1#frag"}},
    },
    "extra, empty object": {"conn_type": "kafka", "host": "broker", "extra": {}},
    "extra, its own escape key": {
        "conn_type": "kafka",
        "host": "broker",
        "extra": {"__extra__": "not an object", "other": "kept?"},
    },
    "extra and schema": {
        "conn_type": "postgres",
        "login": "airflow",
        "password": "airflow",
        "host": "db",
        "port": 5432,
        "schema": "steam",
        "extra": {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/ca.pem"},
    },
    "redis, all fields": {
        "conn_type": "redis",
        "login": "default",
        "password": "secret",
        "host": "redis",
        "port": 6379,
        "schema": "1",
        "extra": {"db": 2},
    },
    "redis, password without login": {
        "conn_type": "redis",
        "password": "only password",
        "host": "redis",
        "port": 6379,
    },
    "redis, empty login": {
        "conn_type": "redis",
        "login": "",
        "password": "secret",
        "host": "redis",
    },
    "redis with tls": {"conn_type": "rediss", "host": "redis.example.com", "port": 6380},
    "redis, database in extra": {
        "conn_type": "redis",
        "host": "redis",
        "port": 6379,
        "extra": {"db": 3, "ssl": False},
    },
    "host only": {"conn_type": "redis", "host": "redis"},
    "no host": {"conn_type": "redis"},
    "port without host": {"conn_type": "redis", "port": 6379},
    "login only": {"conn_type": "redis", "login": "someone", "host": "redis"},
    "password empty": {"conn_type": "redis", "login": "someone", "password": "", "host": "redis"},
    "login and password without host": {"conn_type": "redis", "login": "u", "password": "p"},
    "schema with a slash": {"conn_type": "postgres", "host": "db", "schema": "a/b c"},
    "schema without host": {"conn_type": "postgres", "schema": "steam"},
    "host, ipv4": {"conn_type": "redis", "host": "127.0.0.1", "port": 6379},
    "host, ipv6": {"conn_type": "redis", "host": "::1", "port": 6379},
    "host, ipv6 in brackets": {"conn_type": "redis", "host": "[::1]", "port": 6379},
    "host, ipv6 with zone": {"conn_type": "redis", "host": "fe80::1%eth0", "port": 6379},
    "host, upper case": {"conn_type": "redis", "host": "Redis-Master.Example.COM"},
    "host, unix socket": {"conn_type": "redis", "host": "/var/run/redis/redis.sock"},
    "host, url with schema": {
        "conn_type": "elasticsearch",
        "host": "https://search.example.com",
        "port": 9200,
        "login": "elastic",
        "password": "secret",
    },
    "host, url of its own type": {"conn_type": "http", "host": "http://search", "port": 9200},
    "host, url with path": {"conn_type": "elasticsearch", "host": "https://search/es", "port": 443},
    "host, underscore": {"conn_type": "redis", "host": "redis_master", "port": 6379},
    "elasticsearch with schema": {
        "conn_type": "elasticsearch",
        "host": "search",
        "port": 9200,
        "schema": "https",
    },
    "type with underscore": {"conn_type": "google_cloud_platform", "host": "h"},
    "type postgresql": {"conn_type": "postgresql", "host": "db", "schema": "steam"},
    "description": {"conn_type": "redis", "host": "redis", "description": "the cursors"},
}
for password_name, special_password in {
    "every special character": "@:/?#%&+ []{}()<>!$*,;='\"\\|^~`-_.",
    "korean and emoji": "비밀번호🔑",
    "percent escapes": "%41%2F%zz100%",
    "newline and tab": "a\nb\tc",
    "looks like a url": "redis://u:p@h:1/0",
    "spaces at the ends": "  padded  ",
}.items():
    FROM_FIELDS[f"password, {password_name}"] = {
        "conn_type": "redis",
        "login": special_password,
        "password": special_password,
        "host": "redis",
        "port": 6379,
        "schema": "0",
    }

# Connections as people write them. Airflow writes the other form of each.
URIS_BY_HAND = {
    "by hand, kafka": "kafka://localhost:9092",
    "by hand, kafka with properties": "kafka://?bootstrap.servers=a%3A9092%2Cb%3A9092&acks=all",
    "by hand, kafka list": "kafka://a:9092,b:9092",
    "by hand, kafka list without ports": "kafka://a,b",
    "by hand, redis": "redis://localhost:6379/0",
    "by hand, redis password": "redis://:secret@localhost:6379/1",
    "by hand, redis trailing slash": "redis://localhost:6379/",
    "by hand, redis no port": "redis://localhost",
    "by hand, redis ipv6": "redis://:secret@[::1]:6379/0",
    "by hand, rediss": "rediss://u:p%40ss@redis.example.com:6380/0?ssl_cert_reqs=required",
    "by hand, postgresql": "postgresql://u:p@db:5432/steam?sslmode=require",
    "by hand, upper case type": "REDIS://localhost:6379",
    "by hand, at sign unescaped": "redis://u:p@ss@localhost:6379/0",
    "by hand, plus in query": "kafka://broker:9092?client.id=a+b%2Bc",
    "by hand, key twice": "kafka://broker:9092?linger.ms=1&linger.ms=2",
    "by hand, query without value": "kafka://broker:9092?flag&other=",
    "by hand, extra": "kafka://broker:9092/?__extra__=%7B%22linger.ms%22%3A+5%7D",
    "by hand, extra beside others": "kafka://broker:9092/?a=b&__extra__=%7B%22linger.ms%22%3A+5%7D",
    "by hand, fragment": "redis://localhost:6379/0#fragment",
    "by hand, port not a number": "redis://localhost:port/0",
    "by hand, port too large": "redis://localhost:65536/0",
    "by hand, bad percent": "redis://u:%zz@localhost:6379/0",
    "by hand, host with protocol": "elasticsearch://https://elastic:secret@search:9200",
    "by hand, elasticsearch schema": "elasticsearch://elastic:secret@search:9200/https",
    "by hand, https": "https://elastic:secret@search:9200/prefix",
    "by hand, empty type": "//localhost:6379",
    "by hand, no slashes": "localhost:6379",
    "by hand, double slash path": "redis://localhost:6379//0",
}
JSONS_BY_HAND = {
    "json by hand, extra an object": '{"conn_type": "kafka", "extra": {"bootstrap.servers": "a:1"}}',
    "json by hand, extra a string": (
        '{"conn_type": "kafka", "extra": "{\\"bootstrap.servers\\": \\"a:1\\"}"}'
    ),
    "json by hand, port a string": '{"conn_type": "redis", "host": "redis", "port": "6379"}',
    "json by hand, nulls": (
        '{"conn_type": "redis", "host": "redis", "login": null, "password": null, "port": null,'
        ' "schema": null, "extra": null}'
    ),
    "json by hand, empty extra": '{"conn_type": "redis", "host": "redis", "extra": ""}',
    "json by hand, spaces": '  {"conn_type": "redis", "host": "redis"}  ',
    "json by hand, surrogates": '{"conn_type": "redis", "password": "\\ud83d\\udd11\\u0041"}',
    "json by hand, port not a number": '{"conn_type": "redis", "host": "redis", "port": "x"}',
    "json by hand, unknown field": '{"conn_type": "redis", "host": "redis", "database": 1}',
    "json by hand, extra no json": '{"conn_type": "redis", "host": "redis", "extra": "{broken"}',
    "json by hand, no type": '{"host": "redis"}',
}


def from_uri(uri: str) -> Connection:
    return Connection(conn_id="test", uri=uri)


def from_json(text: str) -> Connection:
    return Connection.from_json(text, conn_id="test")


def fields(connection: Connection) -> dict[str, Any]:
    """Return the fields that the C++ parser reads, with the extra parsed; None if it is empty."""
    extra = json.loads(connection.extra) if connection.extra else None
    return {name: getattr(connection, name) for name in FIELDS} | {"extra": extra}


def read_back(read: Any, text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        return fields(read(text))
    except Exception as error:  # noqa: BLE001 - Airflow raises its own, ValueError and TypeError
        print(f"Airflow {airflow_version} refuses {text!r}: {error}", file=sys.stderr)
        return None


def entry(name: str, uri: str | None, text: str | None) -> dict[str, Any]:
    return {
        "airflow": airflow_version,
        "name": name,
        "uri": uri,
        "json": text,
        "expected_from_uri": read_back(from_uri, uri),
        "expected_from_json": read_back(from_json, text),
    }


def entries() -> list[dict[str, Any]]:
    made = []
    for name, given in FROM_FIELDS.items():
        extra = json.dumps(given["extra"]) if "extra" in given else None
        connection = Connection(conn_id="test", **(given | {"extra": extra}))
        made.append(entry(name, connection.get_uri(), connection.as_json()))
    for name, uri in URIS_BY_HAND.items():
        read = read_back(from_uri, uri)
        made.append(entry(name, uri, from_uri(uri).as_json() if read else None))
    for name, text in JSONS_BY_HAND.items():
        read = read_back(from_json, text)
        made.append(entry(name, from_json(text).get_uri() if read else None, text))
    return made


def main() -> None:
    others = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else []
    kept = [other for other in others if other["airflow"] != airflow_version]
    everything = sorted(kept + entries(), key=lambda each: each["airflow"])
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in everything)
    OUTPUT.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
