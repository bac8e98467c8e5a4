"""The report: one HTML file that asks nothing of a network.

Jinja escapes whatever comes from data; the page's Content-Security-Policy lets no script run but the two that are
written into it, and fetches nothing.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path

from sparkify.engines.base import Engine
from sparkify.errors import SparkifyError, UsageError
from sparkify.reports.analyze import Analysis

PACKAGES = ("altair", "vl_convert", "jinja2")


def require_packages() -> None:
    """Raise UsageError unless what draws a report is installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"a report needs the package {', '.join(missing)}, which is not installed",
            hint="Install it with: pip install 'sparkify[report]'",
        )


def write_report(path: Path, engine: Engine, warehouse: str, analysis: Analysis) -> None:
    """Write what an analysis found, the history and the rejects of its warehouse as an HTML file.

    Args:
        path: the file; one that is there is replaced, whole or not at all.
        engine: the warehouse that was analyzed.
        warehouse: its URL, without a password.
        analysis: what was found.

    Raises:
        UsageError: a package is missing.
        SparkifyError: the file cannot be written.
    """
    require_packages()
    from sparkify.reports.html.page import page

    text = page(engine, warehouse, analysis)
    try:
        _replace(path, text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SparkifyError(
            f"cannot write the report to {path}: {reason}", hint="Name a file in a folder that can be written to."
        ) from error


def _replace(path: Path, text: str) -> None:
    """Write beside the file and move into its place, so that nobody finds half a report."""
    if path.is_dir():
        raise IsADirectoryError(None, "it is a directory")
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(beside, 0o666 & ~umask)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
