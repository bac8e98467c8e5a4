"""Where a bucket is: COPY from Parquet takes it in the Region of the cluster alone."""

from __future__ import annotations

from sparkify.cluster.aws import Cloud, connect
from sparkify.errors import SparkifyError, UsageError

PAGE = "https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html"


def region_of(bucket: str, *, cloud: Cloud | None = None) -> str:
    """The Region of a bucket; empty if S3 does not tell: then COPY or the first object says what is wrong."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        cloud = cloud or connect("us-east-1")
        answer = cloud.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:  # S3 names the Region with a refusal too
        answer = error.response
    except (BotoCoreError, SparkifyError):
        return ""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(answer.get("BucketRegion") or headers.get("x-amz-bucket-region") or "")


def check_region(bucket: str, cluster_region: str, *, cloud: Cloud | None = None) -> None:
    """Make sure that a bucket is where the cluster is, as far as both are known.

    Raises:
        UsageError: it is elsewhere.
    """
    region = region_of(bucket, cloud=cloud) if cluster_region else ""
    if region and region != cluster_region:
        raise UsageError(
            f"the bucket of copy_spool, {bucket}, is in {region}, and the cluster in {cluster_region}",
            hint=f"Name a bucket in {cluster_region}: COPY from Parquet takes no other ({PAGE}).",
        )
