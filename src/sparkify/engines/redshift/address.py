"""Where a Redshift cluster is and who signs in, by the warehouse's URL; and the connection to it."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
    """Where the cluster is and who signs in; without a password IAM gives a temporary one.

    Of Redshift Serverless, `workgroup` is the name; IAM gives it the user too. `region` is empty where it is not known.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)
    cluster: str = ""
    region: str = ""
    workgroup: str = ""


def address_of_stack(options: dict[str, str]) -> tuple[Address, str]:
    """The address of a cluster that `sparkify cluster create` made, and the role that COPY acts with."""
    from sparkify.cluster.address import find_cluster, temporary_login

    found = find_cluster(options["stack"], options.get("region"))
    where = Address(found.host, found.port, found.database, "", region=found.region, workgroup=found.workgroup)
    if found.workgroup:
        return where, found.role_arn
    login = temporary_login(found)
    return replace(where, user=login.user, password=login.password), found.role_arn


def address_in(parts: SplitResult, options: dict[str, str], access: Access) -> Address:
    """The address that a URL names: its parts, and what stands behind its question mark.

    Raises:
        UsageError: the URL is malformed.
    """
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = 0
    host = parts.hostname or ""
    workgroup = options.get("workgroup", workgroup_of_host(host))
    has_name = parts.username or workgroup
    if set(options) - {"schema", "region", "cluster", "workgroup"} or not (host and has_name and port):
        raise UsageError("malformed warehouse URL", hint=_FORMS)
    address = Address(
        host=host,
        port=port,
        database=unquote(parts.path[1:]) or DEFAULT_DATABASE,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or "") or access.password or os.environ.get("PGPASSWORD", ""),
        cluster=options.get("cluster", host.split(".")[0]),
        region=options.get("region") or region_of_host(host),
        workgroup=workgroup,
    )
    if workgroup and not address.user:
        return replace(address, password="")  # one that is there is for a user
    if workgroup and not address.password:
        raise UsageError(
            f"no password for {address.user} on the workgroup {workgroup}",
            hint="Give it in PGPASSWORD, or name no user: IAM then gives one to the user of whoever is signed in.",
        )
    return address


_HOST = re.compile(r"([a-z0-9-]+)\.[a-z0-9]+\.([a-z0-9-]+)\.redshift(-serverless(?:-dev)?)?\.amazonaws\.com(?:\.cn)?")
"""AWS's own hosts: name, account or number, Region.

https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-connecting.html
"""


def workgroup_of_host(host: str) -> str:
    """The workgroup of Redshift Serverless that a host's name tells; empty if it tells none."""
    found = _HOST.fullmatch(host)
    return found[1] if found and found[3] else ""


def region_of_host(host: str) -> str:
    """The Region that the name of one of AWS's own hosts tells; empty for another host."""
    found = _HOST.fullmatch(host)
    return found[2] if found else ""


_FORMS = (
    "Write it as redshift://user@host:5439/database, redshift://workgroup.account.region.redshift-serverless.amazonaws.com"
    "/database for Redshift Serverless, or redshift://?stack=NAME for one that sparkify cluster create made; ?schema=, "
    "&region=, &cluster= and &workgroup= may follow."
)


def connect(address: Address) -> Connection:
    """Sign in, with the server's certificate verified; each statement is committed by itself.

    Raises:
        CloudError: IAM gave no password.
        WarehouseError: the cluster is out of reach, or does not let the user in.
    """
    arguments: dict[str, Any] = {"host": address.host, "port": address.port, "database": address.database}
    arguments |= {"ssl": True, "sslmode": "verify-full", "application_name": "sparkify"}
    if address.workgroup and not address.user:
        from sparkify.cluster.serverless import workgroup_login

        login = workgroup_login(address.workgroup, address.database, address.region or None)
        arguments |= {"user": login.user, "password": login.password}
    elif address.password:
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
    if address.password or address.workgroup:
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
