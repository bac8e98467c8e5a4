"""The spool in S3: where rows lie on their way into a warehouse that loads from there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sparkify.errors import UsageError, WarehouseError

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[\w.=/-]*)?", re.ASCII)
_FOLDER = "sparkify-spool"
_ORPHAN_AGE = timedelta(days=1)


class SpoolInS3:
    """Objects below a prefix; `put` gives them names that are safe in SQL text."""

    def __init__(self, bucket: str, prefix: str, store: Any) -> None:
        self._bucket = bucket
        self._folder = f"{prefix}/{_FOLDER}".lstrip("/")
        self._store = store

    def put(self, name: str, content: bytes) -> str:
        """Write an object; its URL comes back.

        Raises:
            WarehouseError: it could not be written.
        """
        import obstore

        try:
            obstore.put(self._store, f"{self._folder}/{name}", content)
        except Exception as error:  # obstore has no common base for what a store may answer
            raise WarehouseError(
                f"cannot write to s3://{self._bucket}/{self._folder}: {str(error).splitlines()[0]}",
                hint="The caller needs s3:PutObject and s3:DeleteObject there; see copy_spool.",
            ) from error
        return f"s3://{self._bucket}/{self._folder}/{name}"

    def remove(self, prefix: str) -> None:
        """Remove the objects below a prefix."""
        self._remove([entry for batch in self._list(f"{self._folder}/{prefix}") for entry in batch])

    def remove_orphans(self) -> None:
        """Remove what runs that were killed left behind: all that is older than a day."""
        oldest = datetime.now(UTC) - _ORPHAN_AGE
        self._remove(
            [entry for batch in self._list(self._folder) for entry in batch if entry["last_modified"] < oldest]
        )

    def _list(self, prefix: str) -> Any:
        import obstore

        return obstore.list(self._store, prefix=prefix)

    def _remove(self, entries: list[Any]) -> None:
        import obstore

        if entries:
            obstore.delete(self._store, [entry["path"] for entry in entries])


def spool_in_s3(url: str) -> SpoolInS3:
    """The spool at a URL, `s3://bucket/prefix`.

    Raises:
        UsageError: it is not such a URL.
    """
    found = _URL.fullmatch(url)
    if not found:
        raise UsageError(
            f"copy_spool is not a place in S3: {url!r}" if url else "copy_spool is not set",
            hint="Name a prefix for what is on its way into Redshift, such as s3://bucket/spool; letters, digits and "
            "- _ . = / may stand in it.",
        )
    from sparkify.aws import open_bucket
    from sparkify.stores import CLIENT, RETRY

    store = open_bucket(found[1], anonymous=False, client=CLIENT, retry=RETRY)
    return SpoolInS3(found[1], (found[2] or "").strip("/"), store)
