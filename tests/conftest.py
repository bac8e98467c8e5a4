"""Fixtures that all tests may use: the servers that they start and stop."""

from tests.servers.s3 import moto_url, proxy, rclone_s3, s3

__all__ = ["moto_url", "proxy", "rclone_s3", "s3"]
