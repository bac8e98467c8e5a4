"""The URL of a PostgreSQL server, as libpq reads it, with a schema among its parameters."""

from __future__ import annotations

import os
import re
import socket
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sparkify.errors import UsageError

LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps; it cuts longer ones."""

_CONNECTION = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}

# As libpq reads a URL: the user ends at the first @, if no / comes before it; the parameters begin at the next ?.
_PARTS = re.compile(r"(\w+://(?:[^@/]*@)?)([^?]*)(?:\?(.*))?", re.DOTALL)


def parameters_and_schema(url: str) -> tuple[dict[str, Any], str]:
    """The URL's parts as libpq reads them, and the schema.

    What libpq says of a malformed URL may hold the password, or a piece of it: it is not shown.
    """
    found = _PARTS.fullmatch(url)
    if not found or "@" in found[2]:
        raise _malformed()
    pairs = [pair for pair in (found[3] or "").split("&") if pair]
    schemas = [pair for pair in pairs if pair.startswith("schema=")]
    others = "&".join(pair for pair in pairs if pair not in schemas)
    try:
        parameters: dict[str, Any] = dict(conninfo_to_dict(f"{found[1]}{found[2]}{'?' if others else ''}{others}"))
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        raise _malformed() from None
    if not re.fullmatch(r"[0-9,]*", str(parameters.get("port", ""))):
        raise _malformed()
    return parameters, unquote(schemas[-1].removeprefix("schema=")) if schemas else ""


def _malformed() -> UsageError:
    return UsageError(
        "malformed warehouse URL",
        hint="Write it as postgresql://user@host:5432/database; write signs such as @ / ? # % in a part of it as "
        "%40 %2F %3F %23 %25.",
    )


def checked_schema(name: str) -> str:
    """The name of a schema, as it was given.

    Raises:
        UsageError: PostgreSQL would take it for another one, or cut it.
    """
    if name == "$user":
        raise UsageError("PostgreSQL takes $user for the name of the user, not of a schema", hint="Name another one.")
    if "\0" in name or len(name.encode(errors="surrogateescape")) > LONGEST_NAME:
        raise UsageError(f"not the name of a schema: {name!r}", hint=f"A name has {LONGEST_NAME} bytes at the most.")
    return name


def with_defaults(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, with ours where neither they nor libpq's environment or a service file say anything."""
    ours = {"application_name": f"sparkify on {socket.gethostname()[:30]}, process {os.getpid()}"}
    if not (parameters.get("service") or os.environ.get("PGSERVICE")):
        ours |= _CONNECTION
    if os.environ.get("PGCONNECT_TIMEOUT"):
        ours.pop("connect_timeout", None)
    return {**ours, **parameters}


def server_name(parameters: dict[str, Any]) -> str:
    """The server as it may be shown in an error."""
    if service := parameters.get("service"):
        return f"service {service}"
    place = parameters.get("host") or parameters.get("hostaddr") or os.environ.get("PGHOST") or "the local socket"
    port = parameters.get("port") or os.environ.get("PGPORT") or "5432"
    return f"{place}:{port}"
