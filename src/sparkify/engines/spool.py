"""The spool in S3: where rows lie on their way into a warehouse that loads from there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sparkify.errors import UsageError, WarehouseError

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[\w.=/-]*)?", re.ASCII)
_FOLDER = "sparkify-spool"
_ORPHAN_AGE = timedelta(days=1)


class SpoolInS3:
    """Objects below a prefix; `put` gives them names that are safe in SQL text.

    Every method raises WarehouseError if S3 refuses, and says which right is missing.
    """

    def __init__(self, bucket: str, prefix: str, store: Any) -> None:
        self._bucket = bucket
        self._folder = f"{prefix}/{_FOLDER}".lstrip("/")
        self._store = store

    def put(self, name: str, content: bytes) -> str:
        """Write an object; its URL comes back."""
        import obstore

        with self._translated("write"):
            obstore.put(self._store, f"{self._folder}/{name}", content)
        return f"s3://{self._bucket}/{self._folder}/{name}"

    def remove(self, prefix: str) -> None:
        """Remove the objects below a prefix."""
        self._remove([entry["path"] for entry in self._list(f"{self._folder}/{prefix}")])

    def remove_orphans(self) -> None:
        """Remove what runs that were killed left behind: all that is older than a day."""
        oldest = datetime.now(UTC) - _ORPHAN_AGE
        self._remove([entry["path"] for entry in self._list(self._folder) if entry["last_modified"] < oldest])

    def check(self) -> None:
        """Write a small object, list, and remove it."""
        name = f"check-{uuid.uuid4().hex}"
        self.put(name, b"sparkify")
        try:
            self._list(f"{self._folder}/{name}")
        finally:
            self._remove([f"{self._folder}/{name}"])

    def _list(self, prefix: str) -> list[Any]:
        import obstore

        with self._translated("list"):
            return [entry for batch in obstore.list(self._store, prefix=prefix) for entry in batch]

    def _remove(self, paths: list[str]) -> None:
        import obstore

        if paths:
            with self._translated("remove"):
                obstore.delete(self._store, paths)

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        """Say what could not be done, without the store's text, which may quote what was signed."""
        from sparkify.store_errors import explained

        try:
            yield
        except Exception as error:  # obstore has no common base for what a store may answer
            found = explained(error, f"s3://{self._bucket}/{self._folder}", action, may_be_public=False)
            raise WarehouseError(f"{found.what} (copy_spool)", hint=found.hint) from None


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
