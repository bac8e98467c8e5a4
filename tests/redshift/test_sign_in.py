"""Who signs in without a password: by IAM to a cluster that is named, and by the stack of a cluster."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto.redshift.exceptions import RedshiftClientError
from moto.redshift.responses import RedshiftResponse
from redshift_connector.iam_helper import IamHelper
from tests.cluster.cloud import complete
from tests.needs import missing
from tests.redshift.history import command
from tests.redshift.standin import PORTS, RedshiftStandIn
from tests.redshift.standin.stores import client
from tests.support import event, song, write_lines

import sparkify
from sparkify.cluster import stack
from sparkify.errors import CloudError, UsageError, WarehouseError


@pytest.fixture
def warehouse(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RedshiftStandIn]:
    """The stand-in, which lets nobody in with a password of their own; small files in the working folder."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/a.json", [song()])
    monkeypatch.setattr(RedshiftResponse, "describe_custom_domain_associations", _no_domain, raising=False)
    IamHelper.credentials_cache.clear()
    yield redshift
    IamHelper.credentials_cache.clear()


def _no_domain(_self: Any) -> str:
    """What AWS answers for a host that is no domain of a cluster, which the driver asks of every host not AWS's own."""
    raise RedshiftClientError("CustomDomainAssociationNotFoundFault", "no such domain")


@pytest.fixture
def cluster(warehouse: RedshiftStandIn) -> Iterator[str]:
    """The name of a cluster that AWS knows."""
    redshift = client(warehouse.s3_endpoint, "redshift")
    redshift.create_cluster(
        ClusterIdentifier="dwh", NodeType="ra3.large", MasterUsername="awsuser", MasterUserPassword="Not-Asked-For-1"
    )
    yield "dwh"
    redshift.delete_cluster(ClusterIdentifier="dwh", SkipFinalClusterSnapshot=True)


def test_iam_gives_a_password(warehouse: RedshiftStandIn, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", warehouse.role)
    warehouse.passwords.clear()
    with sparkify.connect(f"{warehouse.url}?cluster={cluster}&region=us-east-1") as connection:
        connection.etl(logs="logs", songs="songs")
        assert connection.query("SELECT songplay_id FROM songplays").rows == [("1541121934796-1-1-0",)]
    assert set(warehouse.users) == {f"IAM:{warehouse.user}"}
    (given,) = IamHelper.credentials_cache.values()
    assert given["DbPassword"]
    assert str(given["DbPassword"]) not in "\n".join(warehouse.statements)


@pytest.mark.parametrize("options", ["?cluster=none&region=us-east-1", "?region=us-east-1"])
def test_a_cluster_that_aws_does_not_know(warehouse: RedshiftStandIn, cluster: str, options: str) -> None:
    with pytest.raises(CloudError, match=r"cannot get a password for awsuser on the cluster \w+: Cluster") as found:
        sparkify.connect(warehouse.url + options)
    assert "redshift:GetClusterCredentials" in found.value.hint
    assert "?cluster=NAME and &region=REGION" in found.value.hint


def test_nobody_is_signed_in_to_aws(warehouse: RedshiftStandIn, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(CloudError, match="cannot get a password for awsuser on the cluster dwh: no credentials"):
        sparkify.connect(f"{warehouse.url}?cluster={cluster}&region=us-east-1")


def test_redshift_does_not_take_the_password(warehouse: RedshiftStandIn, cluster: str) -> None:
    warehouse.accept_iam_users = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the driver leaves its socket open when it is refused
        with pytest.raises(WarehouseError, match="password authentication failed") as found:
            sparkify.connect(f"{warehouse.url}?cluster={cluster}&region=us-east-1")
        said = str(found.value)
        del found
        gc.collect()
    (given,) = IamHelper.credentials_cache.values()
    assert str(given["DbPassword"]) not in said


def test_a_stack_is_all_that_has_to_be_named(warehouse: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cluster create` to `cluster destroy`: address, user, password and role are found by the name of the stack."""
    if warehouse.port not in PORTS:
        missing("ports", "no port of those that Redshift takes is free")
    complete(monkeypatch, warehouse.host)
    monkeypatch.setattr(stack, "_POLL_SECONDS", 0.0)
    named = ("--name", "lake", "--database", warehouse.database, "--user", "ada", "--port", str(warehouse.port))
    command("cluster", "create", "--yes", *named)
    (role,) = client(warehouse.s3_endpoint, "redshift").describe_clusters()["Clusters"][0]["IamRoles"]
    warehouse.roles = {role["IamRoleArn"]}
    warehouse.passwords.clear()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    url = "redshift://?stack=lake&schema=music&region=us-east-1"
    command("etl", "--warehouse", url, "--logs", "logs", "--songs", "songs")
    with sparkify.connect(url, read_only=True) as connection:
        assert connection.query("SELECT songplay_id, song_id FROM songplays").rows == [("1541121934796-1-1-0", "SO1")]
    assert set(warehouse.users) == {"IAM:ada"}
    assert [sql for sql in warehouse.statements if sql.startswith("COPY ") and role["IamRoleArn"] not in sql] == []
    command("doctor", "--warehouse", url, "--logs", "logs", "--songs", "songs")
    command("cluster", "destroy", "--yes", "--name", "lake", "--region", "us-east-1")
    with pytest.raises(CloudError, match="there is no stack lake"):
        sparkify.connect(url)


class Serverless:
    """The one call of Redshift Serverless that signing in takes; moto has none of it."""

    def __init__(self, password: str = "Temporary-1", refusal: str = "") -> None:
        api = boto3.client("redshift-serverless", region_name="us-east-1")
        self.stubber = Stubber(api)
        self._password, self._refusal = password, refusal
        self.cloud = SimpleNamespace(client=lambda _name: api)

    def answer(self, times: int) -> None:
        for _ in range(times):
            if self._refusal:
                self.stubber.add_client_error("get_credentials", "AccessDeniedException", self._refusal)
            else:
                given = {
                    "dbUser": "IAM:ada",
                    "dbPassword": self._password,
                    "expiration": datetime(2030, 1, 1, tzinfo=UTC),
                }
                asked = {"workgroupName": "lake", "dbName": "dev", "durationSeconds": 3600}
                self.stubber.add_response("get_credentials", given, asked)
        self.stubber.activate()


def test_a_workgroup_is_named_in_the_place_of_a_user(
    warehouse: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM gives the user too: that of whoever is signed in; a password for another user is not sent there."""
    serverless = Serverless()
    serverless.answer(2)  # the lock has a connection of its own
    monkeypatch.setattr("sparkify.cluster.serverless.connect", lambda _region=None: serverless.cloud)
    monkeypatch.setenv("PGPASSWORD", warehouse.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", warehouse.role)
    url = f"redshift://{warehouse.host}:{warehouse.port}/{warehouse.database}?workgroup=lake"
    with sparkify.connect(url) as connection:
        connection.etl(logs="logs", songs="songs")
        assert connection.query("SELECT songplay_id FROM songplays").rows == [("1541121934796-1-1-0",)]
    assert set(warehouse.users) == {"IAM:ada"}
    serverless.stubber.assert_no_pending_responses()


def test_a_refusal_names_the_right_of_serverless(warehouse: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    serverless = Serverless(refusal="no")
    serverless.answer(1)
    monkeypatch.setattr("sparkify.cluster.serverless.connect", lambda _region=None: serverless.cloud)
    with pytest.raises(CloudError, match="cannot get a password for the workgroup lake: no") as found:
        sparkify.connect(f"redshift://{warehouse.host}:{warehouse.port}/dev?workgroup=lake")
    assert "redshift-serverless:GetCredentials" in found.value.hint


def test_a_user_of_a_workgroup_has_a_password(warehouse: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"redshift://{warehouse.user}@{warehouse.host}:{warehouse.port}/dev?workgroup=lake"
    with pytest.raises(UsageError, match=f"no password for {warehouse.user} on the workgroup lake"):
        sparkify.connect(url)
    monkeypatch.setenv("PGPASSWORD", warehouse.password)
    with sparkify.connect(url) as connection:
        assert connection.query("SELECT 1").rows == [(1,)]
