"""Airflow's Connections in the terms of Spark's options."""

from __future__ import annotations

import json

import pytest
from conftest import ROOT
from connections import SettingError, json_parts, kafka_options, postgres_options, uri_parts

KAFKA, POSTGRES = "AIRFLOW_CONN_KAFKA_DEFAULT", "AIRFLOW_CONN_POSTGRES_DEFAULT"
SASL = {
    "bootstrap.servers": "kafka-1:9092,kafka-2:9092",
    "security.protocol": "sasl_ssl",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": "steamflow",
    "sasl.password": 'p"w\\비밀',
    "ssl.ca.location": "/run/secrets/certificate",
    "linger.ms": 5,
}


def test_the_parts_are_those_that_airflow_reads():
    """Airflow 2 and 3 have made these strings and read them back."""
    checked = 0
    for connection in json.loads(
        (ROOT / "tests/common/airflow/airflow_connections.json").read_text()
    ):
        for form, parts_of in (("uri", uri_parts), ("json", json_parts)):
            expected = connection[f"expected_from_{form}"]
            if expected and expected["conn_type"] in {"kafka", "postgres"}:
                parts = {
                    name: "" if expected[name] is None else str(expected[name])
                    for name in ("host", "port", "login", "password", "schema")
                }
                parts |= {"extra": expected["extra"] or {}}
                assert parts_of(connection[form]) == parts, connection["name"]
                checked += 1
    assert checked > 100


def test_what_librdkafka_says_of_the_way_to_the_brokers_in_javas_terms(monkeypatch):
    monkeypatch.setenv(KAFKA, json.dumps({"conn_type": "kafka", "extra": SASL}))
    assert kafka_options() == {
        "kafka.bootstrap.servers": "kafka-1:9092,kafka-2:9092",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required"
            ' username="steamflow" password="p\\"w\\\\비밀";'
        ),
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.location": "/run/secrets/certificate",
    }


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("kafka://broker:9092", "broker:9092"),
        ("kafka://a%3A9092%2Cb%3A9092", "a:9092,b:9092"),
        ("kafka://[::1]:9092", "[::1]:9092"),
        ('{"host": "::1", "port": 9092}', "[::1]:9092"),
        ('{"host": "a", "port": 1, "extra": "{\\"bootstrap.servers\\": \\"b:2\\"}"}', "b:2"),
    ],
)
def test_the_brokers(monkeypatch, text, servers):
    monkeypatch.setenv(KAFKA, text)
    assert kafka_options() == {"kafka.bootstrap.servers": servers}


def test_postgres(monkeypatch):
    monkeypatch.setenv(POSTGRES, "postgres://me:p%40ss@[::1]:5433/my%20data?sslmode=verify-full")
    assert postgres_options() == {
        "url": "jdbc:postgresql://[::1]:5433/my%20data",
        "driver": "org.postgresql.Driver",
        "user": "me",
        "password": "p@ss",
        "sslmode": "verify-full",
    }


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        (KAFKA, "", "no connection: set AIRFLOW_CONN_KAFKA_DEFAULT"),
        (KAFKA, "secret", "AIRFLOW_CONN_KAFKA_DEFAULT is neither a URI nor JSON"),
        (KAFKA, '{"extra": "secret"}', "AIRFLOW_CONN_KAFKA_DEFAULT is neither a URI nor JSON"),
        (KAFKA, "kafka://", "names no bootstrap.servers"),
        (KAFKA, "kafka://b:1?sasl.mechanism=GSSAPI", "sasl.mechanism GSSAPI is not known"),
        (
            KAFKA,
            "kafka://b:1?ssl.key.password=secret",
            "no counterpart in Java for ssl.key.password",
        ),
        (POSTGRES, "postgres:///data", "names no host"),
        (POSTGRES, "postgres://h/data?passfile=secret", "no counterpart in Java for passfile"),
    ],
)
def test_what_cannot_be_used_is_refused(monkeypatch, variable, text, message):
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingError, match=message) as refused:
        kafka_options() if variable == KAFKA else postgres_options()
    assert "secret" not in str(refused.value)
