"""The spool in S3: where rows are kept on their way into a warehouse that loads from there."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sparkify.errors import UsageError, WarehouseError
from sparkify.storage.spool import is_alive

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[\w.=/-]*)?", re.ASCII)
_FOLDER = "sparkify-spool"
_ORPHAN_AGE = timedelta(days=1)

Put = Callable[[str, bytes], str]
"""Writes an object of a name and a content; its URL comes back."""


class SpoolInS3:
    """Objects below a prefix, with names that are safe in SQL text, each below the name of its machine and process.

    Every method raises WarehouseError if S3 refuses, and says which right is missing.
    """

    def __init__(self, bucket: str, prefix: str, store: Any) -> None:
        self._bucket = bucket
        self._root = f"{prefix}/{_FOLDER}".lstrip("/")
        self._store = store
        self._machine = _machine()
        self.bytes_written = 0

    @contextmanager
    def folder(self) -> Iterator[Put]:
        """A folder for a while: what is put there is removed at the end."""
        path = self._own_folder()
        try:
            yield lambda name, content: self._put(f"{path}/{name}", content)
        except BaseException:
            with suppress(WarehouseError):
                self._remove(lambda _entry: True, path)
            raise
        self._remove(lambda _entry: True, path)

    def remove_orphans(self) -> None:
        """Remove what runs left behind that were killed: those of this machine, and elsewhere what is a day old."""
        oldest = datetime.now(UTC) - _ORPHAN_AGE
        self._remove(lambda entry: entry["last_modified"] < oldest or self._is_orphan(entry["path"]), self._root)

    def check(self) -> None:
        """Write a small object, list, and remove it."""
        path = f"{self._own_folder()}/check"
        self._put(path, b"sparkify")
        try:
            self._list(path)
        finally:
            self._delete([path])

    def _own_folder(self) -> str:
        return f"{self._root}/{self._machine}-{os.getpid()}/{uuid.uuid4().hex}"

    def _is_orphan(self, path: str) -> bool:
        machine, _, process = path.removeprefix(f"{self._root}/").split("/")[0].partition("-")
        return machine == self._machine and process.isdigit() and not is_alive(int(process))

    def _put(self, path: str, content: bytes) -> str:
        import obstore

        with self._explained("write"):
            obstore.put(self._store, path, content)
        self.bytes_written += len(content)
        return f"s3://{self._bucket}/{path}"

    def _remove(self, is_meant: Callable[[Any], bool], prefix: str) -> None:
        self._delete([entry["path"] for entry in self._list(prefix) if is_meant(entry)])

    def _list(self, prefix: str) -> list[Any]:
        import obstore

        with self._explained("list"):
            return [entry for batch in obstore.list(self._store, prefix=prefix) for entry in batch]

    def _delete(self, paths: list[str]) -> None:
        import obstore

        if paths:
            with self._explained("remove"):
                obstore.delete(self._store, paths)

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        """Say what could not be done, without the store's text, which may quote what was signed."""
        from sparkify.storage.store_errors import explained

        try:
            yield
        except Exception as error:  # obstore has no common base for what a store may answer
            found = explained(error, f"s3://{self._bucket}/{self._root}", action, may_be_public=False)
            raise WarehouseError(f"{found.what} (copy_spool)", hint=found.hint) from None


def _machine() -> str:
    """What tells this machine from others, and one space of process numbers on it from another."""
    names = [socket.gethostname()]
    with suppress(OSError):
        names += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]


def bucket_of(url: str) -> str:
    """The bucket of a spool's URL.

    Raises:
        UsageError: it is not such a URL.
    """
    return _parts(url)[1]


def _parts(url: str) -> re.Match[str]:
    found = _URL.fullmatch(url)
    if not found:
        raise UsageError(
            f"copy_spool is not a place in S3: {url!r}" if url else "copy_spool is not set",
            hint="Name a prefix for what is on its way into Redshift, such as s3://bucket/spool; letters, digits and "
            "- _ . = / may stand in it.",
        )
    return found


def spool_in_s3(url: str) -> SpoolInS3:
    """The spool at a URL, `s3://bucket/prefix`.

    Raises:
        UsageError: it is not such a URL.
    """
    found = _parts(url)
    from sparkify.sources.object_store import CLIENT, RETRY
    from sparkify.storage.aws import open_bucket

    store = open_bucket(found[1], anonymous=False, client=CLIENT, retry=RETRY)
    return SpoolInS3(found[1], (found[2] or "").strip("/"), store)
