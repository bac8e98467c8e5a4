"""The settings that the star was built with, and the rules by which files were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sparkify.contract import CONTRACT_VERSION, READING_VERSION
from sparkify.engines.base import Engine

STAR_SETTINGS = ("contract_version", "unknown_songs", "repair_text")
"""The settings that the star depends on, by their names in `etl_settings`."""


class Change(NamedTuple):
    """A setting that the star was built with, and is another one now."""

    setting: str
    before: str
    now: str

    def __str__(self) -> str:
        """What changed, in words."""
        return f"{self.setting} changed from {self.before or 'nothing'} to {self.now or 'nothing'}"


LISTING_SETTINGS = ("include", "exclude")
"""Settings that say which files are read: if one changes, files come and go, and the star follows without a rebuild."""


def listing_settings(include: Sequence[str], exclude: Sequence[str]) -> dict[str, str]:
    """The settings that say which files are read."""
    return {"include": ", ".join(sorted(include)), "exclude": ", ".join(sorted(exclude))}


READING = "reading_version"
"""The setting that says by which rules the files were read."""


def reading_settings() -> dict[str, str]:
    """The rules that this version reads by."""
    return {READING: str(READING_VERSION)}


def were_read_otherwise(engine: Engine) -> bool:
    """Whether there are files that were read by other rules than those of this version."""
    stored: dict[str, str] = dict(engine.execute_named("settings/all"))
    if stored.get(READING) == str(READING_VERSION):
        return False
    return bool(engine.execute_named("manifest/any_file"))


def store_reading(engine: Engine) -> None:
    """Say that files are read by the rules of this version from here on."""
    engine.execute_named("settings/forget", [READING])
    engine.execute_named("settings/store", [READING, str(READING_VERSION)])


def star_settings(unknown_songs: str, repair_text: bool) -> dict[str, str]:
    """The settings that the star depends on."""
    values = (str(CONTRACT_VERSION), unknown_songs, "true" if repair_text else "false")
    return dict(zip(STAR_SETTINGS, values, strict=True))


def changed_settings(engine: Engine, settings: Mapping[str, str]) -> list[Change]:
    """The settings that differ from those that the star was built with; none if it was never built."""
    stored: dict[str, str] = dict(engine.execute_named("settings/all"))
    return [
        Change(name, stored[name], value)
        for name, value in settings.items()
        if name in stored and stored[name] != value
    ]


def store_settings(engine: Engine, settings: Mapping[str, str]) -> None:
    """Write down the settings that the star is built with."""
    engine.execute_named("settings/clear")
    for name, value in settings.items():
        engine.execute_named("settings/store", [name, value])


def missing_settings(engine: Engine) -> list[str]:
    """The settings that the warehouse should have stored with its star and has not; none if nothing was ever loaded."""
    if not engine.execute_named("manifest/any_file"):
        return []
    stored = {name for name, _ in engine.execute_named("settings/all")}
    return [name for name in STAR_SETTINGS if name not in stored]


def forget_star_settings(engine: Engine) -> None:
    """Say that the star is not built yet: the next run that does not find its settings builds it again."""
    for name in STAR_SETTINGS:
        engine.execute_named("settings/forget", [name])
