"""The report: one HTML file that asks nothing of a network.

Jinja escapes whatever comes from data; the page's Content-Security-Policy lets no script run but the two that are
written into it, and fetches nothing.
"""

from __future__ import annotations

import importlib.util

from sparkify.engines.base import Engine
from sparkify.errors import not_installed
from sparkify.reports.analyze import Analysis
from sparkify.storage.output_file import OutputFile

PACKAGES = ("altair", "vl_convert", "jinja2")


def require_packages() -> None:
    """Raise UsageError unless what draws a report is installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise not_installed("a report", missing, "report")


def write_report(output: OutputFile, engine: Engine, warehouse: str, analysis: Analysis, title: str = "") -> int:
    """Write what an analysis found, the history and the rejects of its warehouse as HTML; its size in bytes comes back.

    Args:
        output: where to write.
        engine: the warehouse that was analyzed.
        warehouse: its URL, without a password.
        analysis: what was found.
        title: the page's; the usual one if empty.

    Raises:
        UsageError: a package is missing.
        OutputError: the file cannot be written.
    """
    require_packages()
    from sparkify.reports.html.page import TITLE, page

    return output.write(page(engine, warehouse, analysis, title or TITLE))
