"""The configuration file: settings outside of tables, and profiles, which are tables.

A value may name variables of the environment: `${NAME}`, or `${NAME:-what stands for it if it is not set}`; `$${` is a
`${` that means itself. Paths are relative to the folder of the file.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from sparkify.config.places import placed
from sparkify.errors import UsageError

Layer = tuple[str, dict[str, object]]
"""Where values come from, as it is told to users, and the values by the names of the settings."""

PROFILE = "profile"
"""The key that names the profile that is used where no other is asked for."""

_VARIABLE = re.compile(r"\$(\$?)\{(\w+)(?::-([^}]*))?\}")


def layers_of(path: Path, profile: str, known: Collection[str], *, is_named: bool) -> list[Layer]:
    """The settings in a file, then those of the profile, if one is asked for, by its name or by the file itself.

    `known` are the names of settings. A file that is not there holds nothing, unless it `is_named`.

    Raises:
        UsageError: it cannot be read, holds an unknown key, or lacks the profile; or a variable is not set.
    """
    if not os.path.lexists(path):
        if is_named:
            raise UsageError(f"no such file: {path}", hint="Write one with: sparkify init")
        if profile:
            raise UsageError(f"there is no profile {profile}: there is no {path}", hint="Write it with: sparkify init")
        return []
    found = _read(path)
    asked = profile or found.pop(PROFILE, "")
    found.pop(PROFILE, None)
    profiles = {name: value for name, value in found.items() if isinstance(value, Mapping) and name not in known}
    settings = {name: value for name, value in found.items() if name not in profiles}
    refuse_unknown(settings, known, f"key {{}} in {path}")
    for name, values in profiles.items():
        refuse_unknown(values, known, f"key {{}} in [{name}] of {path}")
    layers = [(str(path), settings)]
    if asked:
        if asked not in profiles:
            raise _no_profile(str(asked), profiles, path)
        layers.append((f"{path} [{asked}]", dict(profiles[str(asked)])))
    return [(origin, placed(_expanded(values, origin), path.parent)) for origin, values in layers]


def refuse_unknown(names: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise UsageError for the first name that is none of those known; `{}` in `what` stands for it."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise UsageError(f"unknown {what.replace('{}', name)}", hint=hint)


def _read(path: Path) -> dict[str, object]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(None, "it is not a regular file")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read {path}: {reason}", hint="Put a file of settings there, or remove it.") from error
    except RecursionError as error:
        raise UsageError(f"cannot read {path}: it is nested too deeply", hint="Settings are not nested.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="It must be TOML; sparkify init writes one.") from error


def _no_profile(name: str, profiles: Iterable[str], path: Path) -> UsageError:
    there = ", ".join(profiles)
    near = difflib.get_close_matches(name, profiles, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]}? " if near else ""
    hint = f"{meant}Profiles: {there}." if there else f"Write its settings below a line [{name}]."
    return UsageError(f"there is no profile {name} in {path}", hint=hint)


def _expanded(values: Mapping[str, object], origin: str) -> dict[str, object]:
    return {name: _with_variables(value, name, origin) for name, value in values.items()}


def _with_variables(value: object, name: str, origin: str) -> object:
    """A value with those of the environment's variables in it."""
    if isinstance(value, Mapping):
        return {key: _with_variables(inner, f"{name}.{key}", origin) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_variables(inner, name, origin) for inner in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> str:
        escaped, variable, otherwise = match.groups()
        if escaped:
            return match[0][1:]
        text = os.environ.get(variable, otherwise)
        if text is None:
            raise UsageError(
                f"{name} in {origin} names the variable {variable}, which is not set",
                hint=f"Set it, or write ${{{variable}:-…}} with what stands for it.",
            )
        return text

    return _VARIABLE.sub(found, value)
