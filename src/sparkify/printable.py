"""Texts as they may be shown: what is not printable stands as an escape, and so does nothing."""

from __future__ import annotations


def printable(text: str) -> str:
    """A text in which control characters and the like are escapes, such as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
