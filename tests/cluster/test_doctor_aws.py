"""What `sparkify doctor` asks AWS: who is signed in, whether the cluster is there, whether Redshift may COPY."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.conftest import Run
from tests.support import event, write_lines

from sparkify.cluster.aws import Cloud
from sparkify.cluster.objects import read_object
from sparkify.cluster.roles import check_copy_role
from sparkify.config.jsonpaths import check_jsonpaths
from sparkify.errors import CloudError, UsageError


def _role(account: Cloud, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    made = account.client("iam").create_role(RoleName="copy", AssumeRolePolicyDocument=json.dumps(trust), Path="/a/")
    return str(made["Role"]["Arn"])


def test_a_role_that_redshift_may_act_with(account: Cloud) -> None:
    check_copy_role(_role(account, "redshift.amazonaws.com"), cloud=account)


def test_of_a_chain_the_first_role_is_asked_for(account: Cloud) -> None:
    other = "arn:aws:iam::999999999999:role/theirs"
    check_copy_role(f"{_role(account, 'redshift.amazonaws.com')},{other}", cloud=account)
    with pytest.raises(CloudError, match="cannot look at the role"):
        check_copy_role(f"arn:aws:iam::123456789012:role/none,{other}", cloud=account)


def test_a_role_of_another_service(account: Cloud) -> None:
    with pytest.raises(CloudError, match="may not act with") as found:
        check_copy_role(_role(account, "ec2.amazonaws.com"), cloud=account)
    assert "redshift.amazonaws.com" in found.value.hint


def test_a_role_that_is_not_there(account: Cloud) -> None:
    with pytest.raises(CloudError, match="cannot look at the role"):
        check_copy_role("arn:aws:iam::123456789012:role/none", cloud=account)
    with pytest.raises(UsageError, match="no ARN of a role"):
        check_copy_role("dwhRole", cloud=account)


def test_the_checks_of_a_stack(account: Cloud, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "logs" / "a.json", [event()])
    arguments = ("doctor", "--warehouse", "redshift://?stack=sparkify", "--logs", "logs", "--output", "json")

    def checks() -> dict[str, Any]:
        return {finding["check"]: finding for finding in json.loads(run(*arguments).out)["checks"]}

    before = checks()
    assert before["credentials"]["state"] == "ok"
    assert "moto in us-west-2" in before["credentials"]["found"]
    assert before["cluster"]["state"] == "failed"
    assert before["cluster"]["fix"] == "Make it with: sparkify cluster create --name sparkify"
    assert run("cluster", "create", "--yes").code == 0
    after = checks()
    assert after["cluster"]["state"] == "ok"
    assert "with a password for sparkify" in after["cluster"]["found"]


def test_jsonpaths_in_s3(account: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="bucket", Key="a/paths.json", Body=b'{"jsonpaths": ["$.nothing"]}')
    monkeypatch.setattr("sparkify.cluster.objects._connect", lambda: account)
    with pytest.raises(UsageError, match=r"nothing, in s3://bucket/a/paths\.json"):
        check_jsonpaths("s3://bucket/a/paths.json")
    with pytest.raises(CloudError, match="larger than 5 bytes"):
        read_object("s3://bucket/a/paths.json", 5)
    with pytest.raises(CloudError, match="cannot read s3://bucket/none"):
        read_object("s3://bucket/none", 5)
    with pytest.raises(UsageError, match="malformed"):
        read_object("s3://bucket", 5)
