"""What it takes to open and to load a Redshift cluster: credentials, the cluster, COPY's role, the spool in S3."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from sparkify.engines.base import Access
from sparkify.engines.diagnosis import Diagnosis, checked, signed_in
from sparkify.engines.redshift.settings import DEFAULT_ROLE, RedshiftSettings
from sparkify.errors import UsageError


def diagnose(url: str, access: Access) -> Iterator[Diagnosis]:
    """Look at everything that is needed before the cluster is asked."""
    options = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    stack, region = options.get("stack", ""), options.get("region")
    settings = RedshiftSettings(**access.own)
    yield checked("credentials", lambda: signed_in(region))
    if stack:
        yield checked("cluster", lambda: _cluster(stack, region))
    if settings.copy_role or not stack:
        yield checked("copy_role", lambda: _role(settings.copy_role, region))
    yield checked("copy_spool", lambda: _copy_spool(settings.copy_spool, _region(url, stack, region)))


def _region(url: str, stack: str, region: str | None) -> str:
    """Where the cluster is, as far as its address tells."""
    if stack:
        from sparkify.cluster.aws import connect

        return connect(region).region
    from sparkify.engines.redshift.address import region_of_host

    return region or region_of_host(urlsplit(url).hostname or "")


def _cluster(stack: str, region: str | None) -> str:
    from sparkify.cluster.address import find_cluster, temporary_login
    from sparkify.cluster.serverless import workgroup_login

    address = find_cluster(stack, region)
    if address.workgroup:
        login = workgroup_login(address.workgroup, address.database, address.region)
        return f"{address.host}:{address.port}, a workgroup, with a password for {login.user}"
    temporary_login(address)
    return f"{address.host}:{address.port}, with a password for {address.user}"


def _role(arn: str, region: str | None) -> str:
    from sparkify.cluster.aws import connect
    from sparkify.cluster.roles import check_copy_role

    if not arn:
        raise UsageError(
            "not given",
            hint="Name the role with which Redshift reads S3 in sparkify.toml or SPARKIFY_COPY_ROLE, such as "
            "arn:aws:iam::123456789012:role/NAME; a cluster that sparkify cluster create made brings its own.",
        )
    if arn == DEFAULT_ROLE:
        return "the cluster's default role; the first COPY shows whether there is one"
    check_copy_role(arn, cloud=connect(region))
    return f"{arn}: Redshift may act with it"


def _copy_spool(url: str, region: str) -> str:
    """Write, list and remove a small object: the only sure proof; and look where the bucket is."""
    from sparkify.cluster.buckets import check_region
    from sparkify.engines.redshift.spool import bucket_of, spool_in_s3

    check_region(bucket_of(url), region)
    spool_in_s3(url).check()
    return f"{url}: may be written to, listed and removed from"
