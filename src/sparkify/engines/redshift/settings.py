"""The settings of Redshift alone."""

from __future__ import annotations

from pydantic import BaseModel, ByteSize, Field, field_validator

DEFAULT_ROLE = "default"
"""In the place of an ARN: the role that is the cluster's default."""


class RedshiftSettings(BaseModel):
    """How rows get into Redshift."""

    copy_role: str = Field(
        "",
        description="the ARN of the IAM role with which Redshift reads S3; a chain of roles has commas between; "
        "default is the one that is the cluster's default",
    )
    copy_spool: str = Field("", description="the prefix in S3, s3://bucket/prefix, for rows on their way into Redshift")
    direct_from: ByteSize | None = Field(
        None,
        description="Redshift takes objects of S3 of at least this size in by itself, without a detour over this "
        "machine; none, the default, switches it off",
    )

    @field_validator("direct_from", mode="before")
    @classmethod
    def _a_size_or_none(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("must be a number")
        return None if value == "none" else value
