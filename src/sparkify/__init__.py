"""Sparkify: a music-streaming company's JSON logs, as a star-schema warehouse.

>>> import sparkify
>>> with sparkify.connect("duckdb:///warehouse.duckdb") as warehouse:
...     summary = warehouse.etl(logs="data/log_data", songs="data/song_data")
...     rows = warehouse.query("SELECT level, COUNT(*) FROM users GROUP BY level").rows

Everything else is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparkify.version import __version__

if TYPE_CHECKING:
    from sparkify.api import Answer, Warehouse, compare, connect, follow

__all__ = ["Answer", "Warehouse", "__version__", "compare", "connect", "follow"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from sparkify import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
