"""The S3 that COPY reads: moto's, by boto3."""

from __future__ import annotations

from typing import Any, Literal

from tests.redshift.standin.faults import Faults
from tests.redshift.standin.wire import ServerError

REGION = "us-east-1"


CarriageReturn = Literal["a letter", "a line end", "refused"]
"""What COPY makes of a carriage return in text; AWS's pages on COPY do not say."""


class Stores:
    """Buckets, as the role of the COPY sees them.

    Every method raises ServerError if S3 denies the access.
    """

    def __init__(self, endpoint: str, faults: Faults) -> None:
        self._client = client(endpoint)
        self._faults = faults
        self.carriage_return: CarriageReturn = "a letter"
        self.other_line_ends = ""

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys that begin with a prefix, without those that stand for folders."""
        self._ask(bucket, prefix)
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        except self._client.exceptions.NoSuchBucket as error:
            raise _no_bucket(bucket) from error
        return [key for key in found if not key.endswith("/")]

    def size(self, bucket: str, key: str) -> int | None:
        """The size of an object, or None if it is not there."""
        self._ask(bucket, key)
        try:
            return int(self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except self._client.exceptions.ClientError:
            return None

    def read(self, bucket: str, key: str) -> bytes | None:
        """An object, or None if it is not there."""
        self._ask(bucket, key)
        try:
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        except self._client.exceptions.NoSuchKey:
            return None
        except self._client.exceptions.NoSuchBucket as error:
            raise _no_bucket(bucket) from error
        data: bytes = body.read()
        return data

    def _ask(self, bucket: str, key: str) -> None:
        if self._faults.denies(f"s3://{bucket}/{key}"):
            message = "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 0,CanRetry 1"
            raise ServerError("XX000", message, f"error: {message} code: 8001 context: s3://{bucket}/{key}")


def _no_bucket(bucket: str) -> ServerError:
    message = "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket,CanRetry 1"
    return ServerError("XX000", message, f"error: {message} code: 8001 context: bucket={bucket}")


def client(endpoint: str, service: str = "s3") -> Any:
    """A boto3 client for moto."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
