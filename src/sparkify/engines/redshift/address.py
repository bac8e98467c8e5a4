"""Where a Redshift cluster is and who signs in, by the warehouse's URL; and the connection to it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote

import redshift_connector
from redshift_connector.core import Connection
from redshift_connector.error import InterfaceError

from sparkify.engines.base import Access
from sparkify.engines.redshift.errors import text_of
from sparkify.errors import CloudError, UsageError, WarehouseError

DEFAULT_PORT = 5439
DEFAULT_DATABASE = "dev"
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Address:
    """Where the cluster is and who signs in; without a password IAM gives a temporary one."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)
    cluster: str = ""
    region: str = ""


def address_of_stack(options: dict[str, str]) -> tuple[Address, str]:
    """The address of a cluster that `sparkify cluster create` made, and the role that COPY acts with."""
    from sparkify.cluster.address import find_cluster, temporary_login

    found = find_cluster(options["stack"], options.get("region"))
    login = temporary_login(found)
    return Address(found.host, found.port, found.database, login.user, login.password), found.role_arn


def address_in(parts: SplitResult, options: dict[str, str], access: Access) -> Address:
    """The address that a URL names: its parts, and what stands behind its question mark.

    Raises:
        UsageError: the URL is malformed.
    """
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = 0
    if set(options) - {"schema", "region", "cluster"} or not (parts.hostname and parts.username and port):
        raise UsageError(
            "malformed warehouse URL",
            hint="Write it as redshift://user@host:5439/database, or redshift://?stack=NAME for one that sparkify "
            "cluster create made; ?schema=, &region= and &cluster= may follow.",
        )
    return Address(
        host=parts.hostname,
        port=port,
        database=unquote(parts.path[1:]) or DEFAULT_DATABASE,
        user=unquote(parts.username),
        password=unquote(parts.password or "") or access.password or os.environ.get("PGPASSWORD", ""),
        cluster=options.get("cluster", parts.hostname.split(".")[0]),
        region=options.get("region", ""),
    )


def connect(address: Address) -> Connection:
    """Sign in, with the server's certificate verified; each statement is committed by itself.

    Raises:
        CloudError: IAM gave no password.
        WarehouseError: the cluster is out of reach, or does not let the user in.
    """
    arguments: dict[str, Any] = {"host": address.host, "port": address.port, "database": address.database}
    arguments |= {"ssl": True, "sslmode": "verify-full", "application_name": "sparkify"}
    if address.password:
        arguments |= {"user": address.user, "password": address.password}
    else:
        arguments |= {"iam": True, "db_user": address.user, "cluster_identifier": address.cluster}
        arguments |= {"region": address.region} if address.region else {}
    try:
        with warnings.catch_warnings(), _asking_iam(address):
            warnings.simplefilter("ignore", DeprecationWarning)  # the driver makes its SSLContext in an old way
            connection = redshift_connector.connect(timeout=CONNECT_SECONDS, **arguments)
    except CloudError:
        raise
    except Exception as error:  # the driver raises its own errors, the socket's, and whatever else it meets
        raise WarehouseError(
            f"cannot connect to Redshift at {address.host}:{address.port}: {text_of(error)}",
            hint="Check the address, that the cluster is available, that its security group admits this machine, and "
            "the user and the password.",
            passes=isinstance(error, OSError | InterfaceError),
        ) from error
    connection._usock.settimeout(None)  # the limit is for connecting alone: COPY may take hours
    connection.autocommit = True
    return connection


@contextmanager
def _asking_iam(address: Address) -> Iterator[None]:
    """Say what went wrong when IAM was asked for a password; with a password it is not asked."""
    if address.password:
        yield
        return
    from sparkify.cluster.aws import translated

    try:
        with translated(f"get a password for {address.user} on the cluster {address.cluster}"):
            yield
    except CloudError as error:
        raise CloudError(
            error.what,
            hint=f"{error.hint}\nWithout a password IAM is asked for one: it takes redshift:GetClusterCredentials, and "
            "?cluster=NAME and &region=REGION where the host's name does not tell them.",
        ) from error
