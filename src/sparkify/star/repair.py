"""Repair of text that was encoded to UTF-8 more than once, such as `BjÃ\\x83Â¶rk`."""

from __future__ import annotations

import re

_SIGN = re.compile("[\u00c2\u00c3][\u0080-\u009f\u00a1-\u00bf]")
"""What the first byte of a two-byte character becomes, and what its second does. A no-break space is no sign by itself:
it may well follow a word in capitals that ends in Ã."""


def repaired(text: str) -> str:
    """The text as it was before it was encoded too often; any other text comes back as it is.

    A text is repaired if it shows the sign and all of it, each character taken as a byte, is UTF-8; and again for as
    long as that holds.
    """
    if not _SIGN.search(text):
        return text
    while not text.isascii():
        try:
            text = text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            break
    return text
