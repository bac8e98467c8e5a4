"""The settings that engines declare for themselves, as one class: the configuration takes them up from here."""

from __future__ import annotations

from sparkify.engines.redshift.settings import RedshiftSettings


class EngineSettings(RedshiftSettings):
    """The settings of every engine; they reach the engine in `Access.own`."""
