"""What `sparkify doctor` asks where the warehouse is Redshift: the role of COPY, and the rights on its spool."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import moto.settings
import pytest
from tests.redshift.history import command
from tests.redshift.standin import RedshiftStandIn
from tests.redshift.standin.stores import client
from tests.redshift.standin.wire import ServerError
from tests.support import event, song, write_lines

RIGHTS = ("s3:PutObject", "s3:ListBucket", "s3:DeleteObject")

Examine = Callable[..., dict[str, Any]]
SignIn = Callable[..., None]


@pytest.fixture
def examine(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Examine:
    """Run `doctor` on the stand-in in a sound setup; its findings by name."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/a.json", [song()])

    def run(*options: str, code: int = 1) -> dict[str, Any]:
        given = ("--warehouse", redshift.url, "--logs", "logs", "--songs", "songs", "--output", "json", *options)
        checks = json.loads(command("doctor", *given, code=code))["checks"]
        return {finding["check"]: finding for finding in checks}

    return run


@pytest.fixture
def sign_in(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignIn]:
    """Sign in to AWS as somebody new who has these rights on the bucket, on the role and no others."""
    iam = client(redshift.s3_endpoint, "iam")

    def sign(*rights: str) -> None:
        bucket = f"arn:aws:s3:::{redshift.bucket}"
        allowed = [
            {"Effect": "Allow", "Action": [*rights], "Resource": [bucket, f"{bucket}/*"]},
            {"Effect": "Allow", "Action": ["iam:GetRole", "sts:GetCallerIdentity"], "Resource": "*"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.create_user(UserName="ada")
        iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=policy)
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)  # from here on moto holds rights

    yield sign
    monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
    for key in iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="ada", PolicyName="rights")
    iam.delete_user(UserName="ada")


def left(redshift: RedshiftStandIn) -> list[str]:
    """The objects in the bucket."""
    found = redshift.s3().list_objects_v2(Bucket=redshift.bucket)
    return [entry["Key"] for entry in found.get("Contents", [])]


def test_a_sound_setup(redshift: RedshiftStandIn, examine: Examine, sign_in: SignIn) -> None:
    sign_in(*RIGHTS)
    found = examine(code=0)
    assert {finding["state"] for finding in found.values()} == {"ok"}
    assert {"credentials", "copy_role", "copy_spool", "warehouse", "writable"} <= set(found)
    assert found["copy_spool"]["found"] == "s3://sparkify-test/spool: may be written to, listed and removed from"


@pytest.mark.parametrize(("missing", "verb"), list(zip(RIGHTS, ("write", "list", "remove"), strict=True)))
def test_a_right_on_the_spool_that_is_missing_is_named(
    redshift: RedshiftStandIn, examine: Examine, sign_in: SignIn, missing: str, verb: str
) -> None:
    sign_in(*(right for right in RIGHTS if right != missing))
    spool = examine()["copy_spool"]
    assert spool["state"] == "failed"
    assert spool["found"] == f"access denied: may not {verb} s3://sparkify-test/spool/sparkify-spool (copy_spool)"
    assert f"It needs {missing} on arn:aws:s3:::sparkify-test" in spool["fix"]
    assert "anonymous" not in spool["fix"]
    assert bool(left_without_rights(redshift)) is (missing == "s3:DeleteObject"), "only what may not be removed is left"


def test_the_probe_is_run_on_request_and_leaves_nothing(redshift: RedshiftStandIn, examine: Examine) -> None:
    assert "probe" not in examine(code=0)
    redshift.statements.clear()
    found = examine("--probe", code=0)["probe"]
    assert (found["state"], found["found"]) == (
        "ok",
        "COPY reads objects as Sparkify expects: direct_from may be set",
    )
    copies = [sql for sql in redshift.statements if sql.startswith("COPY ")]
    assert copies and all(sql.split()[1].startswith("direct_load_") for sql in copies)
    assert left(redshift) == []


def test_the_probe_says_what_a_cluster_does_otherwise(
    redshift: RedshiftStandIn, examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    redshift.faults.fail("body ~", ServerError("XX000", "Invalid regular expression"), times=9)
    found = examine("--probe")["probe"]
    assert found["state"] == "failed" and "Invalid regular expression" in found["found"]
    assert "Leave direct_from unset" in found["fix"]
    redshift.faults.clear()
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", "")
    found = examine("--probe")["probe"]
    assert found["state"] == "failed" and "copy_role is not set" in found["found"]
    assert left(redshift) == []


def left_without_rights(redshift: RedshiftStandIn) -> list[str]:
    """The objects in the bucket, for any user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
        return left(redshift)


@pytest.mark.parametrize(
    ("variable", "value", "check", "found", "fix"),
    [
        ("SPARKIFY_COPY_ROLE", "", "copy_role", "not given", "SPARKIFY_COPY_ROLE"),
        ("SPARKIFY_COPY_ROLE", "dwhRole", "copy_role", "no ARN of a role", "arn:aws:iam::"),
        ("SPARKIFY_COPY_ROLE", "arn:aws:iam::123456789012:role/none", "copy_role", "cannot look at the role", "NoSuch"),
        ("SPARKIFY_COPY_SPOOL", "", "copy_spool", "copy_spool is not set", "s3://bucket/spool"),
        ("SPARKIFY_COPY_SPOOL", "spool", "copy_spool", "is not a place in S3", "s3://bucket/spool"),
        ("SPARKIFY_COPY_SPOOL", "s3://not-there/spool", "copy_spool", "no such bucket: s3://not-there", "its name"),
    ],
)
def test_what_is_wrong_and_how_to_fix_it(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, check: str, found: str, fix: str
) -> None:
    monkeypatch.setenv(variable, value)
    finding = examine()[check]
    assert finding["state"] == "failed"
    assert found in finding["found"]
    assert fix in finding["fix"]


def test_a_store_that_is_out_of_reach(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setattr("sparkify.sources.object_store.RETRY", {"max_retries": 0})
        spool = examine()["copy_spool"]
    assert spool["state"] == "failed"
    assert "the connection to the store failed" in spool["found"]
    assert "AWS_ENDPOINT_URL" in spool["fix"]
