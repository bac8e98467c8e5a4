"""Texts as they may be shown: no control characters, no passwords."""

from __future__ import annotations

import re
from urllib.parse import unquote

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_SECRET_NAME = re.compile(r"pass(?!file)|pwd|secret|token|scram_\w+_key", re.IGNORECASE)


_PARAMETER = re.compile(r"(?<=[?&])([^=&]*)=[^&]*")


_SECRET_WORD = re.compile(r"(password\s*=).*", re.IGNORECASE | re.DOTALL)


def without_password(url: str) -> str:
    """A URL as it may be shown: passwords replaced by ***, wherever they stand."""
    if "://" not in url:
        url = _SECRET_WORD.sub(r"\1***", url)
    url = _PARAMETER.sub(_masked, url)
    head, at, tail = url.rpartition("@")
    scheme, separator, user = head.partition("://") if "://" in head else ("", "", head)
    if not at or ":" not in user:
        return url
    return f"{scheme}{separator}{user.split(':', 1)[0]}:***@{tail}"


def _masked(parameter: re.Match[str]) -> str:
    return f"{parameter[1]}=***" if _SECRET_NAME.search(unquote(parameter[1])) else parameter[0]


def seconds_of(text: str) -> float:
    """Seconds in a duration such as `10s`, `500ms`, `5m` or `1h`; without a unit they are seconds.

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"must be a duration such as 10s, 5m or 1h, not {text!r}")
    return float(found[1]) * _SECONDS[found[2] or "s"]


def printable(text: str) -> str:
    """A text in which control characters and the like are escapes, such as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
