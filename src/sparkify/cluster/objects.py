"""Small objects of S3, read whole."""

from __future__ import annotations

from sparkify.cluster.aws import Cloud, connect, translated
from sparkify.errors import CloudError, UsageError

DEFAULT_REGION = "us-east-1"
"""Where S3 is asked when no region is named; it answers for buckets elsewhere too."""


def read_object(uri: str, most_bytes: int, *, cloud: Cloud | None = None) -> bytes:
    """The content of `s3://bucket/key`.

    Raises:
        UsageError: the URI is malformed, or boto3 is missing.
        CloudError: there is no such object, it is larger than `most_bytes`, or AWS refuses.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise UsageError(f"malformed: {uri}", hint="Write it as s3://bucket/key.")
    cloud = cloud or _connect()
    with translated(f"read {uri}"):
        content: bytes = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(most_bytes + 1)
    if len(content) > most_bytes:
        raise CloudError(f"{uri} is larger than {most_bytes:,} bytes", hint="Is it the right object?")
    return content


def _connect() -> Cloud:
    try:
        return connect()
    except UsageError as error:
        if "region" not in error.what:
            raise
        return connect(DEFAULT_REGION)
