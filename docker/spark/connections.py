"""Translates Airflow's Connections into the options of Spark's readers and writers. They come from
the same environment variables as those of the C++ programs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

JAAS = "org.apache.kafka.common.security"
LOGIN_MODULES = {
    "PLAIN": f"{JAAS}.plain.PlainLoginModule",
    "SCRAM-SHA-256": f"{JAAS}.scram.ScramLoginModule",
    "SCRAM-SHA-512": f"{JAAS}.scram.ScramLoginModule",
}
# libpq's name, the name of PostgreSQL's driver for Java
POSTGRES_EXTRAS = {
    "application_name": "ApplicationName",
    "connect_timeout": "connectTimeout",
    "options": "options",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
}


class SettingError(Exception):
    """A setting in the environment is missing or invalid. The message never quotes secrets."""


@dataclass(frozen=True)
class Connection:
    """The parts of an Airflow Connection; absent parts are empty."""

    variable: str
    host: str = ""
    port: str = ""
    login: str = ""
    password: str = ""
    schema: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, variable: str) -> Connection:
        text = os.environ.get(variable, "")
        if not text:
            raise SettingError(f"no connection: set {variable}")
        try:
            parts = json_parts(text) if text.startswith("{") else uri_parts(text)
        except (TypeError, ValueError):
            raise SettingError(f"{variable} is neither a URI nor JSON of a connection") from None
        return cls(variable, **parts)


def json_parts(text: str) -> dict[str, Any]:
    connection = json.loads(text)
    extra = connection.get("extra") or {}
    parts = {
        name: str(connection.get(name) or "")
        for name in ("host", "port", "login", "password", "schema")
    }
    return parts | {"extra": json.loads(extra) if isinstance(extra, str) else dict(extra)}


def uri_parts(text: str) -> dict[str, Any]:
    """The parts of a URI as Airflow reads them: percent-decoded, and the host in lower case."""
    _, separator, rest = text.partition("#")[0].partition("://")
    if not separator:
        raise ValueError
    rest, _, query = rest.partition("?")
    authority, _, schema = rest.partition("/")
    user, _, address = authority.rpartition("@")
    login, _, password = user.partition(":")
    host, port = address, ""
    if not address.endswith("]") and ":" in address:  # [IPv6] without a port has colons too
        host, _, port = address.rpartition(":")
    extra = dict(parse_qsl(query, keep_blank_values=True))
    if "__extra__" in extra:
        extra = dict(json.loads(extra["__extra__"]))
    host = host.lower().removeprefix("[").removesuffix("]")
    parts = {"host": host, "port": port, "login": login, "password": password, "schema": schema}
    return {name: unquote(part) for name, part in parts.items()} | {"extra": extra}


def bracketed(host: str) -> str:
    """The host in the form that can precede a port: IPv6 addresses get brackets. A host that is a list
    of hosts with ports stays as it is."""
    return f"[{host}]" if host.count(":") > 1 and not set("[,") & set(host) else host


def quoted(text: str) -> str:
    """The text as a quoted value of a JAAS configuration."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def kafka_options() -> dict[str, str]:
    """The options of Spark's Kafka source. The Connection has librdkafka's properties: those about
    addresses, TLS and logins are translated to Java's, and all others only tune the C++ programs."""
    connection = Connection.read("AIRFLOW_CONN_KAFKA_DEFAULT")
    properties = {name: str(value) for name, value in connection.extra.items() if value is not None}
    if connection.host:
        port = f":{connection.port}" if connection.port else ""
        properties.setdefault("bootstrap.servers", bracketed(connection.host) + port)
    servers = properties.pop("bootstrap.servers", "")
    if not servers:
        raise SettingError(f"{connection.variable} names no bootstrap.servers")
    options = {"kafka.bootstrap.servers": servers}
    if protocol := properties.pop("security.protocol", ""):
        options["kafka.security.protocol"] = protocol.upper()
    mechanism = properties.pop("sasl.mechanisms", "") or properties.pop("sasl.mechanism", "")
    login, password = properties.pop("sasl.username", ""), properties.pop("sasl.password", "")
    if mechanism:
        if mechanism not in LOGIN_MODULES:
            raise SettingError(f"{connection.variable}: sasl.mechanism {mechanism} is not known")
        options["kafka.sasl.mechanism"] = mechanism
        options["kafka.sasl.jaas.config"] = (
            f"{LOGIN_MODULES[mechanism]} required"
            f" username={quoted(login)} password={quoted(password)};"
        )
    if certificates := properties.pop("ssl.ca.location", ""):
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.location"] = certificates
    if unknown := [name for name in properties if name.startswith(("sasl.", "ssl."))]:
        raise SettingError(f"{connection.variable}: no counterpart in Java for {unknown[0]}")
    return options


def postgres_options() -> dict[str, str]:
    """The options of Spark's JDBC writer: the URL, and the properties of the driver."""
    connection = Connection.read("AIRFLOW_CONN_POSTGRES_DEFAULT")
    if not connection.host:
        raise SettingError(f"{connection.variable} names no host")
    database = quote(connection.schema or connection.login, safe="")
    address = f"{bracketed(connection.host)}:{connection.port or 5432}"
    options = {
        "url": f"jdbc:postgresql://{address}/{database}",
        "driver": "org.postgresql.Driver",
        "user": connection.login,
        "password": connection.password,
    }
    for name, value in connection.extra.items():
        if name not in POSTGRES_EXTRAS:
            raise SettingError(f"{connection.variable}: no counterpart in Java for {name}")
        options[POSTGRES_EXTRAS[name]] = str(value)
    return options


def iceberg_properties() -> dict[str, str]:
    """Iceberg's properties of the catalog, from the extra of the Connection; {} without one."""
    variable = "AIRFLOW_CONN_ICEBERG_DEFAULT"
    if not os.environ.get(variable):
        return {}
    connection = Connection.read(variable)
    if connection.host or connection.login or connection.password:
        raise SettingError(f"{variable} may have only an extra, with the properties of the catalog")
    if "warehouse" not in connection.extra:
        raise SettingError(f"{variable} names no warehouse")
    return {name: str(value) for name, value in connection.extra.items()}
